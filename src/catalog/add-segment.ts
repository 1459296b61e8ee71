import { sql, type Transaction } from "kysely";
import { BoxcarError } from "../errors.ts";
import { segmentColumns, segmentOf } from "./rows.ts";
import type { Schema } from "./schema.ts";
import { countAdded } from "./totals.ts";
import type { BegunSegment, NewSegment, ReadySegment, Segment } from "./types.ts";

/** See `Catalog.beginSegment`. */
export async function beginSegment(trx: Transaction<Schema>, segment: NewSegment): Promise<BegunSegment> {
  const existing = await firstAnswer(trx, segment);
  if (existing !== undefined) return { id: existing.id, existing };
  await refuseKnownKey(trx, segment.key);
  const row = await trx
    .insertInto("segments")
    .values({
      stream_path: segment.streamPath,
      state: "pending",
      state_ms: segment.nowMs,
      key: segment.key,
      idempotency_key: segment.idempotencyKey ?? null,
      created_ms: segment.nowMs,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  return { id: row.id, existing: undefined };
}

/** See `Catalog.completeSegment`. */
export async function completeSegment(trx: Transaction<Schema>, id: number, segment: ReadySegment): Promise<Segment> {
  const { startMs, endMs } = segment;
  if (!Number.isSafeInteger(startMs) || !Number.isSafeInteger(endMs) || endMs <= startMs) {
    throw new RangeError(`A segment lasts from one whole millisecond to a later one, not from ${startMs} to ${endMs}`);
  }
  const row = await trx
    .updateTable("segments")
    .set({
      state: "ready",
      start_ms: startMs,
      end_ms: endMs,
      format: segment.format,
      codecs: segment.codecs,
      size: segment.size,
      etag: segment.etag,
      summary: segment.summary,
      index_size: segment.index.byteLength,
    })
    .where("id", "=", id)
    .where("state", "=", "pending")
    .returning(segmentColumns)
    .executeTakeFirst();
  if (row === undefined) {
    const message = "The upload took so long that it was given up. Upload the segment again.";
    throw new BoxcarError("upload_expired", 409, message, { id });
  }
  await trx.insertInto("segment_indexes").values({ segment_id: id, data: segment.index }).execute();
  await countAdded(trx, row.stream_path, row);
  return segmentOf(row);
}

/** The finished segment an earlier request with this idempotency key made. */
async function firstAnswer(trx: Transaction<Schema>, segment: NewSegment): Promise<Segment | undefined> {
  const { streamPath, idempotencyKey } = segment;
  if (idempotencyKey === undefined) return undefined;
  const row = await trx
    .selectFrom("segments")
    .select([...segmentColumns, "state"])
    .where("stream_path", "=", streamPath)
    .where("idempotency_key", "=", idempotencyKey)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  if (row.state === "ready") return segmentOf(row);
  const message = `An upload to ${streamPath} with this Idempotency-Key is still running. Wait for its end, then repeat.`;
  throw new BoxcarError("idempotency_in_progress", 409, message, { streamPath, idempotencyKey });
}

async function refuseKnownKey(trx: Transaction<Schema>, key: string): Promise<void> {
  const row = await trx
    .selectFrom("segments")
    .select("id")
    .where("key", "=", key)
    .where("state", "<>", sql.lit("tombstone" as const))
    .executeTakeFirst();
  if (row === undefined) return;
  throw new BoxcarError("segment_exists", 409, `The catalog already has a segment with the key ${key}.`, {
    key,
    id: row.id,
  });
}
