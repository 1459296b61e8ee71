import { sql, type CompiledQuery, type Kysely, type RawBuilder } from "kysely";
import { RECORDER } from "./rows.ts";
import type { Schema } from "./schema.ts";
import type { EventLevel } from "./types.ts";

/**
 * Width of a bucket of `stream_counts`. Four hours keep both the buckets of a long recording and the segments of one
 * bucket to some hundreds, so that counting any range touches little.
 */
export const BUCKET_MS = 4 * 3600 * 1000;

/** Bytes of those of several segments that were recorded here. */
const recorded = sql<number>`coalesce(sum(size) filter (where owner = ${sql.lit(RECORDER)}), 0)`;

/** Before all times, and safe to compare in SQL. */
export const EARLIEST_MS = -Number.MAX_SAFE_INTEGER;

/** The bucket a start time falls in. */
export function bucketOf(startMs: number): number {
  return Math.floor(startMs / BUCKET_MS);
}

/** `bucketOf` in SQL, where division cuts towards zero. */
const bucket = sql<number>`((start_ms - ((start_ms % ${sql.lit(BUCKET_MS)}) + ${sql.lit(BUCKET_MS)}) % ${sql.lit(BUCKET_MS)}) / ${sql.lit(BUCKET_MS)})`;

/** Statements of a batch whose rows nobody needs. */
export type Changes = readonly CompiledQuery[];

/**
 * Adds segments to the totals of their streams. To stand before they become ready.
 * @param added selects `stream_path`, `start_ms`, `end_ms`, `size`, `event_level` and `owner` of each
 */
export function countAdded(db: Kysely<Schema>, added: RawBuilder<unknown>): Changes {
  return [
    sql`insert into streams (stream_path, count, bytes, start_ms, end_ms, longest_ms, recorded_bytes)
      select stream_path, count(*), sum(size), min(start_ms), max(end_ms), max(end_ms - start_ms), ${recorded}
      from (${added}) where true group by stream_path
      on conflict (stream_path) do update set
        count = count + excluded.count,
        bytes = bytes + excluded.bytes,
        start_ms = min(start_ms, excluded.start_ms),
        end_ms = max(end_ms, excluded.end_ms),
        longest_ms = max(longest_ms, excluded.longest_ms),
        recorded_bytes = recorded_bytes + excluded.recorded_bytes`.compile(db),
    changeCounts(
      db,
      sql`select stream_path, ${bucket}, coalesce(event_level, ''), count(*), max(end_ms) from (${added}) group by 1, 2, 3`,
    ),
  ];
}

/** Takes the ready segments that `doomed` (`from segments where …`) selects out of their stream's totals. */
export function countRemoved(db: Kysely<Schema>, streamPath: string, doomed: RawBuilder<unknown>): Changes {
  return [
    changeCounts(
      db,
      sql`select stream_path, ${bucket}, coalesce(event_level, ''), -1, ${sql.lit(EARLIEST_MS)} ${doomed}`,
    ),
    dropEmptyCounts(db, streamPath),
    sql`update streams set
        count = count - (select count(*) ${doomed}),
        bytes = bytes - (select coalesce(sum(size), 0) ${doomed}),
        recorded_bytes = recorded_bytes - (select ${recorded} ${doomed})
      where stream_path = ${streamPath}`.compile(db),
  ];
}

/**
 * Brings a stream's first start and last end up to date after ready segments have left it, and how far those reach that
 * start beside them.
 * @param left selects those that have left (`from segments where …`), and may select others
 */
export function narrowTotals(db: Kysely<Schema>, streamPath: string, left: RawBuilder<unknown>): Changes {
  return [
    sql`update stream_counts set
        reach_ms = coalesce((select max(end_ms) from segments
          where state = 'ready' and segments.stream_path = ${streamPath}
            and start_ms >= bucket * ${sql.lit(BUCKET_MS)} and start_ms < (bucket + 1) * ${sql.lit(BUCKET_MS)}),
          ${sql.lit(EARLIEST_MS)})
      where stream_path = ${streamPath} and bucket in (select ${bucket} ${left})`.compile(db),
    dropEmptyCounts(db, streamPath),
    sql`delete from streams where stream_path = ${streamPath} and count = 0`.compile(db),
    sql`update streams set
        start_ms = (select min(start_ms) from segments
          where state = 'ready' and stream_path = ${streamPath}),
        end_ms = (select max(reach_ms) from stream_counts where stream_path = ${streamPath})
      where stream_path = ${streamPath}`.compile(db),
  ];
}

/** Moves one ready segment to another event level. To stand before its row changes. */
export function countRated(db: Kysely<Schema>, id: number, to: EventLevel | null): Changes {
  const rated = sql`from segments where id = ${id} and state = 'ready'`;
  return [
    changeCounts(
      db,
      sql`select stream_path, ${bucket}, coalesce(event_level, ''), -1, ${sql.lit(EARLIEST_MS)} ${rated}`,
    ),
    changeCounts(db, sql`select stream_path, ${bucket}, ${to ?? ""}, 1, end_ms ${rated}`),
    dropEmptyCounts(db, sql`(select stream_path ${rated})`),
  ];
}

/**
 * Counts a ready segment that moves in time. To stand before its row changes.
 * @param moved selects it (`from segments where …`)
 */
export function countMoved(
  db: Kysely<Schema>,
  moved: RawBuilder<unknown>,
  to: { readonly bucket: number; readonly endMs: number },
): Changes {
  return [
    changeCounts(
      db,
      sql`select stream_path, ${bucket}, coalesce(event_level, ''), -1, ${sql.lit(EARLIEST_MS)} ${moved}`,
    ),
    changeCounts(db, sql`select stream_path, ${to.bucket}, coalesce(event_level, ''), 1, ${to.endMs} ${moved}`),
  ];
}

/** @param changes selects stream path, bucket, event level, by how much the count changes, and an end of those counted */
function changeCounts(db: Kysely<Schema>, changes: RawBuilder<unknown>): CompiledQuery {
  return sql`insert into stream_counts (stream_path, bucket, event_level, count, reach_ms, version)
    select *, random() & ${sql.lit(Number.MAX_SAFE_INTEGER)} from (${changes}) where true
    on conflict (stream_path, bucket, event_level)
    do update set count = count + excluded.count, reach_ms = max(reach_ms, excluded.reach_ms),
      version = excluded.version`.compile(db);
}

function dropEmptyCounts(db: Kysely<Schema>, streamPath: string | RawBuilder<unknown>): CompiledQuery {
  return sql`delete from stream_counts where stream_path = ${streamPath} and count = 0`.compile(db);
}

/** A stretch of start times, milliseconds, end exclusive. */
export interface StartWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Where the ready segments start that overlap [startMs, endMs), in order: in the buckets of the range, and in earlier ones
 * that hold a segment which reaches into it. So a single long one does not make every range read what lies between.
 */
export async function startWindows(
  db: Kysely<Schema>,
  streamPath: string,
  startMs: number,
  endMs: number,
): Promise<StartWindow[]> {
  const first = bucketOf(startMs);
  const earlier = await sql<{ bucket: number }>`
    select distinct bucket from streams cross join stream_counts on stream_counts.stream_path = streams.stream_path
    where streams.stream_path = ${streamPath} and ${withinReach(startMs)} and reach_ms > ${startMs} and bucket < ${first}
    order by bucket`.execute(db);
  const leads = earlier.rows.map(({ bucket: number }) => ({
    fromMs: number * BUCKET_MS,
    toMs: (number + 1) * BUCKET_MS,
  }));
  return [...leads, { fromMs: first * BUCKET_MS, toMs: endMs }];
}

/**
 * Whether a row of `stream_counts`, beside that of its stream, may count segments that end after a moment: how long the
 * longest one is bounds the rows that are looked at.
 */
export function withinReach(startMs: number): RawBuilder<boolean> {
  // Without its `- 1` the division, which cuts towards 0, would leave out a bucket before 1970.
  return sql<boolean>`bucket >= (${startMs} - longest_ms) / ${sql.lit(BUCKET_MS)} - 1`;
}
