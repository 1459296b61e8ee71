/** What a client has written to the store itself, by a signed request. */
import { BoxcarError } from "../base/errors.ts";
import type { ObjectInfo, Store } from "../base/ports.ts";
import type { Sent } from "./upload-size.ts";

/**
 * The object that a client was to write.
 * @param told.etag what the store told the client; undefined: not compared
 * @param told.id of the upload, for the refusal
 * @throws BoxcarError `not_uploaded` (400), `object_changed` (409)
 */
export async function arrivedObject(
  store: Store,
  key: string,
  sent: Sent,
  { etag, ...fields }: { readonly etag?: string | undefined; readonly id?: number } = {},
): Promise<ObjectInfo> {
  const info = await store.head(key);
  if (info === undefined) {
    const message = `The ${sent} has not arrived in the store. Send the request that was signed, then confirm.`;
    throw new BoxcarError("not_uploaded", message, fields);
  }
  if (etag === undefined || info.etag === etag) return info;
  const message =
    "The object in the store is not the one that is confirmed. Give the ETag that the store answered, or none.";
  throw new BoxcarError("object_changed", message, { expected: etag, found: info.etag });
}

/** @throws BoxcarError `size_mismatch` (400) when an object has not the bytes that were announced */
export function checkSize({ size }: ObjectInfo, announced: number): void {
  if (size === announced) return;
  const message = `The object has ${String(size)} bytes; ${String(announced)} were announced. Send the file that was announced, or begin a new upload.`;
  throw new BoxcarError("size_mismatch", message, { expected: announced, found: size });
}
