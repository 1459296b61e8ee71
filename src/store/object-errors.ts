import { BoxcarError } from "../base/errors.ts";
import type { ByteSpan } from "../base/ports.ts";

/** What goes wrong with objects, in the same words for every driver. */

/** The store, or the way to it, does not do what it should. `reason` is a sentence's end without its full stop. */
export function storeFailed(key: string, reason: string, cause?: unknown): BoxcarError {
  return new BoxcarError("store_failed", `The store failed on ${key}: ${reason}`, { key }, cause);
}

/** There is no room for the object. */
export function storeFull(key: string, cause?: unknown): BoxcarError {
  const message = `There is no space left to store ${key}. Free some space and try again.`;
  return new BoxcarError("store_full", message, { key }, cause);
}

/** The store cannot hold an object of so many bytes. */
export function objectTooLarge(key: string, maxBytes: number): BoxcarError {
  const message = `${key} would be larger than the ${maxBytes} bytes that one stored object may have. Store shorter parts.`;
  return new BoxcarError("object_too_large", message, { key, maxBytes });
}

/** The body is not of the size that was announced. @param found bytes that came so far */
export function sizeMismatch(key: string, expected: number, found: number): BoxcarError {
  const fault = found > expected ? "is longer" : `ended after ${found}`;
  const message = `The body of ${key} was announced with ${expected} bytes and ${fault}. Send it again.`;
  return new BoxcarError("size_mismatch", message, { expected, found });
}

/** The key, or a start of it that would have to be a folder, is taken. */
export function objectExists(key: string, cause?: unknown): BoxcarError {
  const message = `Something is already stored under ${key} or the start of it. Objects are never overwritten: use another key.`;
  return new BoxcarError("object_exists", message, { key }, cause);
}

/** What lies under the key is none of the store's. `fault` completes "The path of the stored object … ". */
export function objectMisplaced(key: string, fault: string, cause?: unknown): BoxcarError {
  const message = `The path of the stored object ${key} ${fault}. Put the file back into the store's folder.`;
  return new BoxcarError("object_misplaced", message, { key }, cause);
}

/** No object under the key. */
export function objectMissing(key: string, cause?: unknown): BoxcarError {
  const message = `The stored object ${key} does not exist. Restore it, or delete its segment.`;
  return new BoxcarError("object_missing", message, { key }, cause);
}

/** The object under the key is not the one that was indexed. */
export function objectChanged(key: string, expected: string, found: string, cause?: unknown): BoxcarError {
  const message = `The stored object ${key} is not the one that was indexed. Restore it, or delete its segment. Where objects were copied by other means, run boxcar adopt.`;
  return new BoxcarError("object_changed", message, { key, expected, found }, cause);
}

/** The object ends before the span does. */
export function objectShort(key: string, span: ByteSpan, cause?: unknown): BoxcarError {
  const message = `The stored object ${key} ends before byte ${span.offset + span.length}, which was indexed.`;
  return new BoxcarError("object_short", message, { key, offset: span.offset, length: span.length }, cause);
}

/** The store has written other bytes than it was sent; they are removed. */
export function checksumMismatch(key: string, sent: string, written: string): BoxcarError {
  const message = `The store wrote ${key} with other bytes than it was sent: their CRC-64 differs. Nothing is kept of it; send it again.`;
  return new BoxcarError("checksum_mismatch", message, { key, sent, written });
}
