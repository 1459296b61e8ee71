import { CUT_PRECISION_MS } from "../../catalog/derive-start.ts";
import { idempotencyMismatch } from "../../catalog/add-segment.ts";
import type { Catalog } from "../../catalog/catalog.ts";
import type { AddedSegment, Segment } from "../../catalog/types.ts";
import { BoxcarError } from "../../base/errors.ts";
import { goesOnAmidGroup, notedGroups, StreamIndexer, type Core, type IndexedSegment } from "../../core/index.ts";
import type { Clock, ObjectInfo, Store } from "../../base/ports.ts";
import { timesOf, type AskedStart, type SegmentTimes, type StartSource } from "./segment-start.ts";
import { begunBody } from "../../base/started.ts";
import { formatTime } from "../../base/time.ts";
import type { SegmentSpan } from "./checked-span.ts";
import { indexStored } from "../index-stored.ts";
import { beginNamed, KEYED_RENEW_MS, keepLease } from "../lease.ts";
import { passInto, type PassingBody } from "../passing.ts";

/** What taking in segments needs. */
export interface IngestParts {
  readonly catalog: Catalog;
  readonly store: Store;
  readonly core: Core;
  readonly clock: Clock;
  /** A fresh name each time: letters, digits and dashes, at least 64 bits of chance; it begins with four hexadecimal digits. */
  readonly randomId: () => string;
  /** Of the keys that are written. Default: `path`. */
  readonly keyLayout?: KeyLayout | undefined;
}

/** Bytes of a body that have come before the catalog is told: who sends one now and then writes nothing to it. */
const BEGUN = 1024;

/** One segment on its way in: the MP4 file. */
export interface IncomingSegment extends AskedStart, Omit<PassingBody, "sent"> {
  readonly streamPath: string;
  /** Who uploads, as `NewSegment.owner`. */
  readonly owner?: string | undefined;
  /** A second segment of the same stream and owner with the same key is not taken; the first one is the answer. */
  readonly idempotencyKey?: string | undefined;
}

/** The outcome of taking in a segment. */
export interface Ingested {
  readonly segment: Segment;
  /** What was repaired or simplified while indexing, and why the start may be wrong. */
  readonly warnings: readonly string[];
  /** Where the start was taken from; absent when the segment was there already and nothing was asked for. */
  readonly startSource?: StartSource | undefined;
  /** True when the idempotency key was known: nothing was written. */
  readonly repeated: boolean;
}

/**
 * Takes in one segment in one pass: the bytes go to the store while the indexer reads along. The catalog learns of it
 * last; when anything fails, neither a row nor an object stays.
 * @throws BoxcarError `too_large` (413), `idempotency_in_progress` (409), `idempotency_mismatch` (422), and as `spanOf` (400, 422), the indexer (422),
 *   the store (503, 507) and the catalog do
 */
export async function ingestSegment(parts: IngestParts, incoming: IncomingSegment): Promise<Ingested> {
  const { catalog, store, core, clock, randomId, keyLayout = "path" } = parts;
  const { streamPath, owner, idempotencyKey } = incoming;
  const nowMs = clock();
  const key = segmentKey(keyLayout, streamPath, incoming.startMs ?? nowMs, randomId());
  const asked = { startMs: incoming.startMs, size: incoming.size };
  // A key is taken at once: whoever repeats it is to be told.
  const body = await begunBody(incoming.body, idempotencyKey === undefined ? BEGUN : 0);
  const begin = beginNamed(catalog, { streamPath, key, owner, nowMs, idempotencyKey, asked }, clock);
  const begun = await begin.catch(async (error: unknown) => {
    await body.close();
    throw error;
  });
  if (begun.existing !== undefined) {
    if (incoming.size === undefined) await checkLength(begun.existing, body);
    return repeatOf(begun.existing, incoming);
  }
  const { id } = begun;
  const everyMs = idempotencyKey === undefined ? undefined : KEYED_RENEW_MS;
  const endLease = keepLease(() => catalog.unsettled.renew(id, clock()), everyMs);
  try {
    const indexer = new StreamIndexer(core, { hold: incoming.hold });
    const { info, read } = await passInto(
      store,
      key,
      { ...incoming, body, sent: "segment" },
      {
        push: (chunk) => indexer.push(chunk),
        end: async () => {
          const indexed = await indexer.endAside();
          return { indexed, times: timesOf(incoming, indexed, nowMs) };
        },
      },
    );
    return await complete(parts, id, read, info);
  } catch (error) {
    await undo(parts, id, key, error);
    throw error;
  } finally {
    endLease();
  }
}

/**
 * Adds a segment that already lies in the store, indexed by a few ranged reads and never copied.
 * @throws BoxcarError `object_missing` (404), and as `timesOf`, the indexer, the store and the catalog do
 */
export async function registerInPlace(
  parts: Omit<IngestParts, "randomId">,
  lying: AskedStart & Pick<IncomingSegment, "streamPath" | "idempotencyKey"> & { readonly key: string },
): Promise<Ingested> {
  const { catalog, store, core, clock } = parts;
  const { streamPath, key, idempotencyKey } = lying;
  const info = await store.head(key);
  if (info === undefined) throw new BoxcarError("object_missing", `The store has no object ${key}.`, { key });
  const indexed = await indexStored(core, store, info);
  const times = timesOf(lying, indexed, clock());
  const asked = { startMs: lying.startMs, size: info.size };
  const begun = await beginNamed(catalog, { streamPath, key, nowMs: clock(), idempotencyKey, asked }, clock);
  if (begun.existing !== undefined) return repeatOf(begun.existing, lying);
  try {
    return await complete(parts, begun.id, { indexed, times }, info);
  } catch (error) {
    await catalog.unsettled.abandon(begun.id);
    throw error;
  }
}

/** What a segment's file holds, and when it was recorded. */
interface ReadSegment {
  readonly indexed: IndexedSegment;
  readonly times: SegmentTimes;
}

/** How keys of segments begin: with the stream path, or with four hexadecimal digits of chance. */
export type KeyLayout = "path" | "hash";

/**
 * A fresh key for the object of a segment: `segments/live/cam1/2026-01-31/1769853600000-….mp4`. By `hash`, digits that spread
 * evenly come first (`segments/3fa1/live/…`), since buckets split the load by the starts of keys, and those of a recorder grow with time.
 */
export function segmentKey(layout: KeyLayout, streamPath: string, startMs: number, random: string): string {
  const name = `${streamPath}/${formatTime(startMs).slice(0, 10)}/${String(startMs)}-${random}.mp4`;
  return layout === "path" ? `segments/${name}` : `segments/${random.slice(0, 4)}/${name}`;
}

/**
 * Compares a body of unknown length with the segment that its idempotency key named.
 * @throws BoxcarError `idempotency_mismatch` (422)
 */
async function checkLength(existing: Segment, body: AsyncIterable<Uint8Array>): Promise<void> {
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > existing.size) break;
  }
  if (size !== existing.size) throw idempotencyMismatch(existing);
}

/** The outcome of taking in a segment that is there already. */
export function repeatOf(segment: Segment, { startMs }: AskedStart): Ingested {
  return { segment, warnings: [], startSource: startMs === undefined ? undefined : "request", repeated: true };
}

/** Makes a segment ready whose object, of the content that `info` tells of, has been read. */
export async function complete(
  { catalog, core }: Pick<IngestParts, "catalog" | "core">,
  id: number,
  { indexed, times }: ReadSegment,
  info: ObjectInfo,
): Promise<Ingested> {
  const segment = await catalog.completeSegment(id, readySegment(core, indexed, times, info));
  const warnings = [...indexed.description.warnings, ...times.warnings, ...twinWarning(segment)];
  return { segment, warnings, startSource: times.source, repeated: false };
}

/** Says that a segment seems to be recorded twice now; it may be another one all the same. */
export function twinWarning({ twin }: AddedSegment): string[] {
  if (twin === undefined) return [];
  return [`segment ${twin} starts at the same moment and is as large: this seems to be the same recording once more`];
}

/** What the catalog keeps of an indexed object. */
export function readySegment(
  core: Core,
  { index, summary, description }: IndexedSegment,
  { startMs, endMs, precisionMs }: SegmentSpan & Partial<Pick<SegmentTimes, "precisionMs">>,
  { size, etag }: { readonly size: number; readonly etag: string },
): Parameters<Catalog["completeSegment"]>[1] {
  const { format, codecs, durationMs, warnings } = description;
  return {
    startMs,
    endMs,
    precisionMs: goesOnAmidGroup(summary) ? Math.max(precisionMs ?? 0, CUT_PRECISION_MS) : precisionMs,
    durationMs,
    format,
    codecs,
    size,
    etag,
    summary,
    index,
    groups: notedGroups(core, index),
    warned: warnings.length > 0,
  };
}

/** Takes back what a failed segment left. The reconciler does what fails here; the first error stays the answer. */
export async function undo(
  { catalog, store, clock }: IngestParts,
  id: number,
  key: string,
  error: unknown,
): Promise<void> {
  // Its answer must not wait for a second call that goes unanswered.
  if (error instanceof BoxcarError && error.code === "catalog_unavailable") return;
  try {
    const wasPending = await catalog.unsettled.expire(id, clock());
    // The commit went through and only its answer was lost: the segment is there to stay.
    if (!wasPending && (await catalog.segment(id)) !== undefined) return;
    await store.delete(key);
    await catalog.unsettled.forget(id);
  } catch {
    // The tombstone, or the pending row, stays for the reconciler.
  }
}
