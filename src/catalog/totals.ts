import { sql, type CompiledQuery, type Kysely, type RawBuilder } from "kysely";
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

/** `bucketOf` in SQL, where division cuts towards zero. */
const bucket = sql<number>`((start_ms - ((start_ms % ${sql.lit(BUCKET_MS)}) + ${sql.lit(BUCKET_MS)}) % ${sql.lit(BUCKET_MS)}) / ${sql.lit(BUCKET_MS)})`;

/** Statements of a batch whose rows nobody needs. */
export type Changes = readonly CompiledQuery[];

/** What the totals need to know of a segment. */
export interface Counted {
  readonly startMs: number;
  readonly endMs: number;
  readonly size: number;
}

/** Adds a segment to its stream's totals, unless its row is not pending. To stand before it becomes ready. */
export function countAdded(db: Kysely<Schema>, id: number, { startMs, endMs, size }: Counted): Changes {
  const pending = sql`from segments where id = ${id} and state = 'pending'`;
  return [
    sql`insert into streams (stream_path, count, bytes, start_ms, end_ms, longest_ms)
      select stream_path, 1, ${size}, ${startMs}, ${endMs}, ${endMs - startMs} ${pending}
      on conflict (stream_path) do update set
        count = count + 1,
        bytes = bytes + excluded.bytes,
        start_ms = min(start_ms, excluded.start_ms),
        end_ms = max(end_ms, excluded.end_ms),
        longest_ms = max(longest_ms, excluded.longest_ms)`.compile(db),
    changeCounts(db, sql`select stream_path, ${bucketOf(startMs)}, coalesce(event_level, ''), 1 ${pending}`),
  ];
}

/** Takes the ready segments that `doomed` (`from segments where …`) selects out of their stream's totals. */
export function countRemoved(db: Kysely<Schema>, streamPath: string, doomed: RawBuilder<unknown>): Changes {
  return [
    changeCounts(db, sql`select stream_path, ${bucket}, coalesce(event_level, ''), -1 ${doomed}`),
    dropEmptyCounts(db, streamPath),
    sql`update streams set
        count = count - (select count(*) ${doomed}),
        bytes = bytes - (select coalesce(sum(size), 0) ${doomed})
      where stream_path = ${streamPath}`.compile(db),
  ];
}

/** Brings a stream's first start and last end up to date after ready segments have left it. */
export function narrowTotals(db: Kysely<Schema>, streamPath: string): Changes {
  return [
    sql`delete from streams where stream_path = ${streamPath} and count = 0`.compile(db),
    // The segment that ends last starts at most one longest duration before the one that starts last.
    sql`update streams set
        start_ms = (select min(start_ms) from segments
          where state = 'ready' and stream_path = ${streamPath}),
        end_ms = (select max(end_ms) from segments
          where state = 'ready' and stream_path = ${streamPath} and start_ms >=
            (select max(start_ms) from segments where state = 'ready' and stream_path = ${streamPath}) - longest_ms)
      where stream_path = ${streamPath}`.compile(db),
  ];
}

/** Moves one ready segment to another event level. To stand before its row changes. */
export function countRated(db: Kysely<Schema>, id: number, to: EventLevel | null): Changes {
  const rated = sql`from segments where id = ${id} and state = 'ready'`;
  return [
    changeCounts(db, sql`select stream_path, ${bucket}, coalesce(event_level, ''), -1 ${rated}`),
    changeCounts(db, sql`select stream_path, ${bucket}, ${to ?? ""}, 1 ${rated}`),
    dropEmptyCounts(db, sql`(select stream_path ${rated})`),
  ];
}

/** @param changes selects stream path, bucket, event level and by how much the count changes */
function changeCounts(db: Kysely<Schema>, changes: RawBuilder<unknown>): CompiledQuery {
  return sql`insert into stream_counts (stream_path, bucket, event_level, count, version)
    select *, random() & ${sql.lit(Number.MAX_SAFE_INTEGER)} from (${changes}) where true
    on conflict (stream_path, bucket, event_level)
    do update set count = count + excluded.count, version = excluded.version`.compile(db);
}

function dropEmptyCounts(db: Kysely<Schema>, streamPath: string | RawBuilder<unknown>): CompiledQuery {
  return sql`delete from stream_counts where stream_path = ${streamPath} and count = 0`.compile(db);
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
