import { gathered } from "../../base/bytes.ts";
import type { PendingUpload, Upload } from "../../catalog/upload-rows.ts";
import { statusOf } from "../../base/error-codes.ts";
import { BoxcarError } from "../../base/errors.ts";
import type { IndexedSegment } from "../../core/index.ts";
import type { HoldMemory, ObjectInfo, SignedRequest, Store } from "../../base/ports.ts";
import { HEAD_SIZE, kindOf, kindOfType } from "../files/file-kind.ts";
import { arrivedObject, checkSize } from "../arrived-object.ts";
import { indexStored } from "../index-stored.ts";
import { mediaOf, type Destination, type UploadParts } from "../files/receive-file.ts";

/** How long a signed request is valid, in seconds. */
const VALID_S = 3600;
/** How much longer a file that was sent by then may take to arrive and be confirmed, in milliseconds. */
const GRACE_MS = 3_600_000;

/** A file that a client is about to send to the store itself. */
export interface AnnouncedFile {
  /** Bytes, exactly. */
  readonly size: number;
  /** Media type; the bytes must turn out to be of it. */
  readonly contentType: string;
  readonly imageClassId: number;
}

/** Where a client may send a file. */
export interface DirectUpload {
  readonly key: string;
  readonly put: SignedRequest;
  /** A form that sends the file, where the store takes forms. */
  readonly form: SignedRequest | undefined;
}

/**
 * Lets a client send one file to the store itself. Nothing is to be had of it before `completeDirectFile`.
 * @throws BoxcarError `not_available` (501) when the store signs nothing, `unsupported_type` (415)
 */
export async function announceDirectFile(
  { catalog, areas: { store }, clock }: UploadParts,
  { size, contentType, imageClassId }: AnnouncedFile,
  { keyOf }: Destination,
): Promise<DirectUpload> {
  const presign = store?.presign;
  if (presign === undefined) {
    const message = "This server's store takes files only through the server. Use POST /api/chat/uploadAliyun.";
    throw new BoxcarError("not_available", message);
  }
  const kind = kindOfType(contentType);
  const key = keyOf(kind.ending);
  const put = await presign.put(key, { size, contentType: kind.contentType }, VALID_S);
  const form = await presign.form?.(key, { maxSize: size, contentType: kind.contentType }, VALID_S);
  await catalog.uploads.begin({
    ...{ area: "store", key, imageClassId, size, contentType: kind.contentType },
    ...{ createdMs: clock(), untilMs: put.expiresMs + GRACE_MS },
  });
  return { key, put, form };
}

/**
 * Takes over a file that a client has sent to the store: looks at what really lies there. Safe to repeat.
 * @throws BoxcarError `unknown_file` (404), `not_uploaded` (400); `size_mismatch` (400) and `unsupported_type` (415),
 *   after which the file is gone; and as the store, the catalog and `hold` do
 */
export async function completeDirectFile(parts: UploadParts, key: string, hold: HoldMemory): Promise<Upload> {
  const { catalog, areas } = parts;
  const { store } = areas;
  const known = await catalog.uploads.find("store", key);
  if (known !== undefined) return known;
  const pending = await catalog.uploads.pending("store", key);
  if (pending === undefined || pending.size === 0 || store === undefined) {
    const message = "No upload was announced under this path, or its time is over. Ask for a new one.";
    throw new BoxcarError("unknown_file", message);
  }
  const info = await arrivedObject(store, key, "file");
  try {
    await checkObject(store, info, pending);
  } catch (error) {
    // The row stays: until the signed request expires, the file may be sent again, and must not stay unseen then.
    if (error instanceof BoxcarError && ["size_mismatch", "unsupported_type"].includes(error.code))
      await store.delete(key);
    throw error;
  }
  const { etag, size } = info;
  const { id, contentType, imageClassId } = pending;
  const indexed = kindOfType(contentType).movie ? await indexOfMovie(parts, store, info, hold) : undefined;
  const stored = { id, contentType, size, etag, imageClassId, ...mediaOf(indexed) };
  try {
    await catalog.uploads.complete([stored]);
  } catch (error) {
    // The client and the store's callback may both come: the second finds it done.
    if (!(error instanceof BoxcarError && error.code === "upload_expired")) throw error;
  }
  const upload = await catalog.uploads.find("store", key);
  if (upload !== undefined) return upload;
  throw new BoxcarError("upload_expired", "The upload's time is over. Ask for a new one.");
}

async function checkObject(store: Store, info: ObjectInfo, pending: PendingUpload): Promise<void> {
  checkSize(info, pending.size);
  const { key, size, etag } = info;
  const length = Math.min(HEAD_SIZE, size);
  const head = await gathered(store.get(key, { offset: 0, length }, etag), length);
  const { contentType } = await kindOf(head, key);
  if (contentType === pending.contentType) return;
  const message = `The file in the store is ${contentType}, ${pending.contentType} was announced. Announce what it is.`;
  throw new BoxcarError("unsupported_type", message, { found: contentType });
}

/** The index of a movie by a few ranged reads; undefined when it cannot be indexed. */
async function indexOfMovie(
  { core }: UploadParts,
  store: Store,
  info: ObjectInfo,
  hold: HoldMemory,
): Promise<IndexedSegment | undefined> {
  try {
    return await indexStored(core, store, info, hold);
  } catch (error) {
    const isFault = error instanceof BoxcarError && statusOf(error) < 500 && error.code !== "too_many_uploads";
    if (isFault) return undefined;
    throw error;
  }
}
