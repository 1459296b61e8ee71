import { BoxcarError } from "../errors.ts";
import type { ByteSpan } from "../platform.ts";
import { badKey } from "./key.ts";

/** The error code of a failed file operation, for example `ENOENT`. */
export function errnoOf(cause: unknown): unknown {
  return cause instanceof Error && "code" in cause ? cause.code : undefined;
}

/** Whether a file operation failed because there is nothing under the path. */
export function isAbsent(cause: unknown): boolean {
  const code = errnoOf(cause);
  return code === "ENOENT" || code === "ENOTDIR";
}

/** What a failed file operation on an object means to the users of a store. */
export function storeError(key: string, cause: unknown): BoxcarError {
  if (cause instanceof BoxcarError) return cause;
  switch (errnoOf(cause)) {
    case "ENOSPC":
    case "EDQUOT":
      return new BoxcarError(
        "store_full",
        507,
        `There is no space left to store ${key}. Free some space and try again.`,
        { key },
        cause,
      );
    case "EEXIST":
    case "ENOTDIR":
      return objectExists(key, cause);
    case "ENAMETOOLONG":
      return badKey(key, "has a part that is too long for the file system", cause);
    case "ELOOP":
      return badKey(key, "leads through symbolic links in a circle", cause);
    default: {
      const reason = cause instanceof Error ? cause.message : String(cause);
      return new BoxcarError("store_failed", 503, `The store failed on ${key}: ${reason}`, { key }, cause);
    }
  }
}

/** The key, or a start of it that would have to be a folder, is taken. */
export function objectExists(key: string, cause?: unknown): BoxcarError {
  const message = `Something is already stored under ${key} or the start of it. Objects are never overwritten: use another key.`;
  return new BoxcarError("object_exists", 409, message, { key }, cause);
}

/** No object under the key. */
export function objectMissing(key: string): BoxcarError {
  return new BoxcarError("object_missing", 404, `The stored object ${key} does not exist.`, { key });
}

/** The object under the key is not the one that was indexed. */
export function objectChanged(key: string, expected: string, found: string): BoxcarError {
  const message = `The stored object ${key} is not the one that was indexed. Restore it, or delete its segment.`;
  return new BoxcarError("object_changed", 409, message, { key, expected, found });
}

/** The object ends before the span does. */
export function objectShort(key: string, span: ByteSpan): BoxcarError {
  const message = `The stored object ${key} ends before byte ${span.offset + span.length}, which was indexed.`;
  return new BoxcarError("object_short", 502, message, { key, offset: span.offset, length: span.length });
}
