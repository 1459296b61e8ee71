import { sql, type Kysely } from "kysely";
import { BoxcarError } from "../base/errors.ts";
import { formatTime, isDate } from "../base/time.ts";
import type { CatalogDatabase } from "./database.ts";
import { endMsOf, startMsOf } from "./derive-start.ts";
import { segmentColumns, segmentOf, twinOfRow, type SegmentRow } from "./rows.ts";
import type { Schema } from "./schema.ts";
import { giveUpFenced, type Fence } from "./leases.ts";
import { derivedStart, followerOf, settleStarts } from "./inexact-starts.ts";
import { storeFirst, storeRest } from "./segment-indexes.ts";
import { countAdded } from "./totals.ts";
import type { AddedSegment, BegunSegment, NewSegment, ReadySegment, Segment } from "./types.ts";

/** When to ask again for what an upload under way will answer, in seconds. */
const RETRY_S = 5;

/** See `Catalog.beginSegment`. */
export async function beginSegment(db: CatalogDatabase, segment: NewSegment): Promise<BegunSegment> {
  const { streamPath, key, owner = "", idempotencyKey, nowMs, expected } = segment;
  await db.checkRoom?.();
  const insert = db.primary
    .insertInto("segments")
    .values({
      stream_path: streamPath,
      state: "pending",
      state_ms: expected?.untilMs ?? nowMs,
      key,
      size: expected?.size ?? 0,
      owner,
      idempotency_key: idempotencyKey ?? null,
      created_ms: nowMs,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning("id")
    .compile();
  const [[row]] = await db.batch([insert]);
  if (row !== undefined) return { id: row.id, existing: undefined };
  const named = idempotencyKey === undefined ? undefined : await namedBy(db.primary, segment);
  if (named?.state === "ready") return { id: named.id, existing: checkedSame(named, segment) };
  if (named !== undefined && idempotencyKey !== undefined) {
    const message = `An upload to ${streamPath} with this Idempotency-Key is still running. Wait for its end, then repeat.`;
    const fields = { streamPath, idempotencyKey, retryAfterSeconds: RETRY_S };
    throw new BoxcarError("idempotency_in_progress", message, fields);
  }
  const message = `The catalog already has a segment with the key ${key}.`;
  throw new BoxcarError("segment_exists", message, { key });
}

/**
 * The segment of an earlier request, unless this one says that it is of another.
 * @throws BoxcarError `idempotency_mismatch` (422)
 */
function checkedSame(named: SegmentRow & { readonly stated_ms: number | null }, segment: NewSegment): Segment {
  const { asked = {} } = segment;
  const existing = segmentOf(named);
  const { size } = existing;
  const startMs = named.stated_ms ?? existing.startMs;
  if ((asked.startMs ?? startMs) === startMs && (asked.size ?? size) === size) return existing;
  throw idempotencyMismatch(existing, startMs);
}

/** The refusal of a request whose idempotency key named `existing`, uploaded as starting at `startMs`. */
export function idempotencyMismatch(existing: Segment, startMs = existing.startMs): BoxcarError {
  const { id, streamPath, size } = existing;
  const start = formatTime(startMs);
  const message = `This Idempotency-Key named a segment of ${streamPath} that starts at ${start} and has ${size} bytes: nothing of this request was taken. Send another segment with a key of its own.`;
  return new BoxcarError("idempotency_mismatch", message, { id, start, size });
}

/** The segment an earlier request of this owner with this idempotency key made. */
function namedBy(db: Kysely<Schema>, { streamPath, owner = "", idempotencyKey = "" }: NewSegment) {
  return db
    .selectFrom("segments")
    .select([...segmentColumns, "state", "stated_ms"])
    .where("stream_path", "=", streamPath)
    .where("owner", "=", owner)
    .where("idempotency_key", "=", idempotencyKey)
    .executeTakeFirst();
}

/** Starts and ends of segments whose start is not exact, milliseconds: those from the year 2254 on are exact. */
const LATEST_INEXACT_MS = 9_000_000_000_000;

/** See `Catalog.completeSegment`. */
export async function completeSegment(
  db: CatalogDatabase,
  id: number,
  segment: ReadySegment,
  fence?: Fence,
): Promise<AddedSegment> {
  const { startMs, index } = segment;
  const precisionMs = checkedPrecision(segment);
  for (const query of storeRest(db.primary, id, index)) await db.batch([query]);
  const times =
    precisionMs > 0 ? await inexactTimes(db, id, segment, precisionMs) : { start_ms: startMs, end_ms: segment.endMs };
  const { row, twin, leads } = await becomeReady(db, id, segment, times, fence);
  if (precisionMs === 0 && !leads) return { ...segmentOf(row), twin };
  await settleStarts(db, row.stream_path, { ms: startMs, id });
  const settled = await db.primary
    .selectFrom("segments")
    .select(segmentColumns)
    .where("id", "=", id)
    .executeTakeFirst();
  return { ...segmentOf(settled ?? row), twin };
}

/** A segment that has become ready. */
interface BecomeReady {
  readonly row: SegmentRow;
  readonly twin: number | undefined;
  /** Whether a segment with an inexact start follows it. */
  readonly leads: boolean;
}

/**
 * Makes a pending row ready in one transaction, with the first part of its index and the totals that count it.
 * @throws BoxcarError as `completeSegment` does
 */
async function becomeReady(
  db: CatalogDatabase,
  id: number,
  segment: ReadySegment,
  times: Pick<SegmentRow, "start_ms" | "end_ms">,
  fence: Fence | undefined,
): Promise<BecomeReady> {
  const { primary } = db;
  const ready = primary
    .updateTable("segments")
    .set({
      state: "ready",
      ...times,
      format: segment.format,
      codecs: segment.codecs,
      size: segment.size,
      etag: segment.etag,
      summary: segment.summary,
      groups: segment.groups ?? null,
      warned: segment.warned === undefined ? null : segment.warned ? 1 : 0,
      index_size: segment.index.byteLength,
    })
    .where("id", "=", id)
    .where("state", "=", "pending")
    .returning(segmentColumns)
    .compile();
  const counted = sql`select stream_path, ${times.start_ms} as start_ms, ${times.end_ms} as end_ms,
      ${segment.size} as size, event_level, owner from segments where id = ${id} and state = 'pending'`;
  const results: readonly unknown[][] = await db.batch([
    ...(fence === undefined ? [] : [giveUpFenced(primary, id, fence, times.end_ms)]),
    storeFirst(primary, id, segment.index),
    ...countAdded(primary, counted),
    followerOf(primary, id, segment),
    ready,
    primary.selectFrom("segments").select(twinOfRow.as("twin")).where("id", "=", id).compile(),
  ]);
  const [followers, rows, twins] = results.slice(-3) as [unknown[], SegmentRow[], { twin: number | null }[]];
  const [taken] = fence === undefined ? [] : (results[0] as { taken_ms: number }[]);
  if (taken !== undefined) throw takenOver(id, taken.taken_ms);
  const [row] = rows;
  if (row === undefined) {
    const message = "The upload took so long that it was given up. Upload the segment again.";
    throw new BoxcarError("upload_expired", message, { id });
  }
  return { row, twin: twins[0]?.twin ?? undefined, leads: followers.length > 0 };
}

/**
 * How far a start may be off, milliseconds; 0: it is exact.
 * @throws RangeError when the segment does not last from one whole millisecond to a later one
 */
export function checkedPrecision({ startMs, endMs, precisionMs = 0 }: ReadySegment): number {
  const isSpan = [startMs, endMs].every((ms) => Number.isSafeInteger(ms) && isDate(ms)) && endMs > startMs;
  if (!isSpan) {
    throw new RangeError(`A segment lasts from one whole millisecond to a later one, not from ${startMs} to ${endMs}`);
  }
  // Microseconds beyond 53 bits, from 2255 on, cannot be kept: such a start is taken as it is stated.
  return Math.max(Math.abs(startMs), Math.abs(endMs)) < LATEST_INEXACT_MS ? precisionMs : 0;
}

/** How long a segment lasts, microseconds. */
export function durationUsOf({ startMs, endMs, durationMs }: ReadySegment): number {
  return Math.round((durationMs ?? endMs - startMs) * 1000);
}

/** The refusal of a segment that reaches beyond the moment at which another node took over its stream. */
function takenOver(id: number, takenMs: number): BoxcarError {
  const message = `Another node has recorded the stream since ${formatTime(takenMs)}. What was recorded here of later moments is set aside.`;
  return new BoxcarError("taken_over", message, { id, takenMs });
}

async function inexactTimes(db: CatalogDatabase, id: number, segment: ReadySegment, precisionMs: number) {
  const { startMs: statedMs, summary } = segment;
  const row = await db.primary.selectFrom("segments").select("stream_path").where("id", "=", id).executeTakeFirst();
  const us = await derivedStart(db.primary, row?.stream_path ?? "", id, { statedMs, precisionMs, summary });
  const durationUs = durationUsOf(segment);
  return {
    start_ms: startMsOf(us),
    end_ms: endMsOf(us, durationUs),
    ...{ stated_ms: statedMs, precision_ms: precisionMs, start_us: us, duration_us: durationUs },
  };
}
