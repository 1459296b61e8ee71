import { statusOf } from "../../base/error-codes.ts";
import { BoxcarError } from "../../base/errors.ts";
import type { HoldMemory, Presign, SignedRequest } from "../../base/ports.ts";
import { timesOf, type AskedStart } from "./segment-start.ts";
import { arrivedObject, checkSize } from "../arrived-object.ts";
import { indexStored } from "../index-stored.ts";
import { complete, repeatOf, segmentKey, type Ingested, type IngestParts } from "./segment-upload.ts";

/** A segment that the client will write to the store itself. */
export interface DirectSegment {
  readonly streamPath: string;
  /** Who may confirm it, as `NewSegment.owner`. */
  readonly owner: string;
  /** Bytes of the file. */
  readonly size: number;
  /** How long the client may take, in seconds. */
  readonly seconds: number;
}

/** Permission for one direct upload. */
export interface BegunDirectSegment {
  /** Names the segment when it is confirmed. */
  readonly id: number;
  /** What the client sends to the store. */
  readonly request: SignedRequest;
}

/**
 * Lets a client write a segment to the store without its bytes passing here. The segment is pending until it is
 * confirmed; one that never is gets reconciled away once the permission has expired.
 */
export async function beginDirectSegment(
  { catalog, clock, randomId, keyLayout = "path" }: Pick<IngestParts, "catalog" | "clock" | "randomId" | "keyLayout">,
  presign: Presign,
  { streamPath, owner, size, seconds }: DirectSegment,
): Promise<BegunDirectSegment> {
  const nowMs = clock();
  const key = segmentKey(keyLayout, streamPath, nowMs, randomId());
  const request = await presign.put(key, { size, contentType: "video/mp4" }, seconds);
  const expected = { size, untilMs: request.expiresMs };
  const { id } = await catalog.beginSegment({ streamPath, key, owner, nowMs, expected });
  return { id, request };
}

/**
 * Takes in a segment that a client has written to the store: compares its size, indexes it by ranged reads and makes it
 * ready. Confirming again gives the same segment. A file that is no segment is removed; one that was only confirmed with a
 * wrong start or ETag is not. The upload stays begun in each case: as long as what was signed is valid, a file can be sent.
 * @param etag what the store told the client; undefined: not compared
 * @throws BoxcarError `unknown_id` (404), `not_uploaded` (400), `size_mismatch` (400), `object_changed` (409),
 *   and as `spanOf` (400, 422), the indexer (422), the store and the catalog do
 */
export async function confirmDirectSegment(
  parts: IngestParts,
  asked: AskedStart & {
    readonly streamPath: string;
    /** Who asks: only who began an upload confirms it. */
    readonly owner: string;
    readonly id: number;
    readonly etag?: string | undefined;
    /** Told how much memory it needs for the metadata. */
    readonly hold?: HoldMemory | undefined;
  },
): Promise<Ingested> {
  const { catalog, core, store } = parts;
  const { streamPath, owner, id, etag } = asked;
  const expected = await catalog.expectedSegment(id);
  if (expected?.streamPath !== streamPath || !["", owner].includes(expected.owner)) return confirmed(parts, asked);
  const { key, size } = expected;
  const info = await arrivedObject(store, key, "segment", { etag, id });
  try {
    checkSize(info, size);
    const indexed = await indexStored(core, store, info, asked.hold);
    const times = timesOf(asked, indexed, parts.clock());
    return await complete(parts, id, { indexed, times }, info);
  } catch (error) {
    if (!(error instanceof BoxcarError)) throw error;
    // Another request has confirmed it meanwhile, or else its time is over.
    if (error.code === "upload_expired") return confirmed(parts, asked);
    // The row stays, so that what is sent later by the same permission is reconciled away once that has expired.
    if (isFaultOfFile(error)) await store.delete(key).catch(() => undefined);
    throw error;
  }
}

/** The answer to a repeated confirmation. */
async function confirmed(
  { catalog }: IngestParts,
  asked: AskedStart & { readonly streamPath: string; readonly id: number },
): Promise<Ingested> {
  const { streamPath, id } = asked;
  const segment = await catalog.segment(id);
  if (segment?.streamPath === streamPath) return repeatOf(segment, asked);
  const message = `${streamPath} has no upload ${String(id)}: it was never begun, has expired, or was refused. Begin a new one.`;
  throw new BoxcarError("unknown_id", message, { id });
}

/** Whether confirming again can never succeed. Another start, or ETag, can be given. */
function isFaultOfFile(refusal: BoxcarError): boolean {
  const { code } = refusal;
  return code === "size_mismatch" || (statusOf(refusal) === 422 && code !== "time_out_of_bounds");
}
