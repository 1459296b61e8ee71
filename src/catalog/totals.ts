import { sql, type Kysely, type Transaction } from "kysely";
import type { Schema } from "./schema.ts";
import type { EventLevel } from "./types.ts";

/**
 * Width of a bucket of `stream_counts`. Four hours keep both the buckets of a long recording and the segments of one
 * bucket to some hundreds, so that counting any range touches little.
 */
export const BUCKET_MS = 4 * 3600 * 1000;

/** The bucket a start time falls in. */
export function bucketOf(startMs: number): number {
  return Math.floor(startMs / BUCKET_MS);
}

/** What the totals need to know of a segment. */
export interface Counted {
  readonly start_ms: number;
  readonly end_ms: number;
  readonly size: number;
  readonly event_level: EventLevel | null;
}

/** Adds a segment that became ready to its stream's totals. */
export async function countAdded(trx: Transaction<Schema>, streamPath: string, segment: Counted): Promise<void> {
  const { start_ms, end_ms } = segment;
  await sql`insert into streams (stream_path, count, bytes, start_ms, end_ms, longest_ms)
    values (${streamPath}, 1, ${segment.size}, ${start_ms}, ${end_ms}, ${end_ms - start_ms})
    on conflict (stream_path) do update set
      count = count + 1,
      bytes = bytes + excluded.bytes,
      start_ms = min(start_ms, excluded.start_ms),
      end_ms = max(end_ms, excluded.end_ms),
      longest_ms = max(longest_ms, excluded.longest_ms)`.execute(trx);
  await changeCount(trx, streamPath, bucketOf(start_ms), segment.event_level, 1);
}

/** Takes segments that are no longer ready out of their stream's totals. Their rows must already have left `ready`. */
export async function countRemoved(
  trx: Transaction<Schema>,
  streamPath: string,
  segments: readonly Counted[],
): Promise<void> {
  if (segments.length === 0) return;
  const removed = new Map<string, { bucket: number; level: EventLevel | null; count: number }>();
  let bytes = 0;
  for (const segment of segments) {
    bytes += segment.size;
    const bucket = bucketOf(segment.start_ms);
    const name = `${bucket} ${segment.event_level ?? ""}`;
    const entry = removed.get(name) ?? { bucket, level: segment.event_level, count: 0 };
    entry.count++;
    removed.set(name, entry);
  }
  for (const { bucket, level, count } of removed.values()) await changeCount(trx, streamPath, bucket, level, -count);
  await sql`update streams set count = count - ${segments.length}, bytes = bytes - ${bytes}
    where stream_path = ${streamPath}`.execute(trx);
  await sql`delete from streams where stream_path = ${streamPath} and count = 0`.execute(trx);
  // The segment that ends last starts at most one longest duration before the one that starts last.
  await sql`update streams set
      start_ms = (select min(start_ms) from segments
        where state = 'ready' and stream_path = ${streamPath}),
      end_ms = (select max(end_ms) from segments
        where state = 'ready' and stream_path = ${streamPath} and start_ms >=
          (select max(start_ms) from segments where state = 'ready' and stream_path = ${streamPath}) - longest_ms)
    where stream_path = ${streamPath}`.execute(trx);
}

/** Moves one segment between event levels. */
export async function countRated(
  trx: Transaction<Schema>,
  streamPath: string,
  startMs: number,
  from: EventLevel | null,
  to: EventLevel | null,
): Promise<void> {
  await changeCount(trx, streamPath, bucketOf(startMs), from, -1);
  await changeCount(trx, streamPath, bucketOf(startMs), to, 1);
}

async function changeCount(
  trx: Transaction<Schema>,
  streamPath: string,
  bucket: number,
  level: EventLevel | null,
  change: number,
): Promise<void> {
  await sql`insert into stream_counts (stream_path, bucket, event_level, count, version)
    values (${streamPath}, ${bucket}, ${level ?? ""}, ${change}, random() & ${sql.lit(Number.MAX_SAFE_INTEGER)})
    on conflict (stream_path, bucket, event_level)
    do update set count = count + excluded.count, version = excluded.version`.execute(trx);
  if (change < 0) {
    await sql`delete from stream_counts where stream_path = ${streamPath} and bucket = ${bucket}
      and event_level = ${level ?? ""} and count = 0`.execute(trx);
  }
}

/** The longest segment a stream has held, in milliseconds; 0 when it holds none. */
export async function longestOf(db: Kysely<Schema>, streamPath: string): Promise<number> {
  const row = await db
    .selectFrom("streams")
    .select("longest_ms")
    .where("stream_path", "=", streamPath)
    .executeTakeFirst();
  return row?.longest_ms ?? 0;
}
