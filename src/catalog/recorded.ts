import { sql } from "kysely";
import { NOTHING_AROUND, reachesInto, type Around } from "../base/interval.ts";
import { Breather } from "../base/breather.ts";
import { BoxcarError } from "../base/errors.ts";
import type { Pace } from "../base/ports.ts";
import type { BesideRuns, HourRows } from "./hours.ts";
import {
  hourPages,
  versionOf,
  type Bucket,
  type HourParts,
  type RecordedPage,
  type RowsRange,
} from "./recorded-hours.ts";
import { BLOCK_MS, RowBlocks } from "./row-blocks.ts";
import { joined, packedColumns, segmentsOfJoined } from "./rows.ts";
import { BUCKET_MS, bucketOf, withinReach } from "./totals.ts";
import type { Segment } from "./types.ts";
import type { WideReads } from "./wide-reads.ts";

/** Fewer segments are read one by one sooner. */
const MANY = 120;
/** Buckets of one query: what is worked on in one turn. */
const BUCKETS_PAGE = 2000;

/** How rows are read. */
export interface RecordedBounds {
  /** Default: one of its own. */
  readonly pace?: Pace | undefined;
  /** Segments that a range may have; default: any number. */
  readonly mostSegments?: number | undefined;
  /** Give whole hours as such, where that is worth it, as far as they end by this moment, milliseconds. Default: none. */
  readonly hoursUntilMs?: number | undefined;
  /** Give those of which this is kept with it, and the segments of the others. Default: give all without it. */
  readonly beside?: BesideRuns | undefined;
  /** Give also segments that end up to so long before the range, or begin behind it: they are not counted. Default: none. */
  readonly around?: Around | undefined;
  /** Give hours as such, however few segments they have. Default: only where that is worth it. */
  readonly eachHour?: boolean | undefined;
}

type Bounds = Pick<RecordedBounds, "beside"> & {
  readonly [Name in Exclude<keyof RecordedBounds, "beside">]-?: NonNullable<RecordedBounds[Name]>;
};

/**
 * The ready segments of time ranges, for plans. Rows are kept between calls, together with the version of their bucket
 * of `stream_counts`, which every change of a ready segment makes another one: each call asks for the versions, one
 * short query, and reads only what has changed. So any number of processes may write.
 */
export class RecordedRows {
  readonly #wide: WideReads;
  readonly #hours: HourRows | undefined;
  readonly #blocks: RowBlocks;

  /**
   * @param budget bytes of rows that are kept; default 16 MiB
   * @param hours default: none are given
   */
  constructor(wide: WideReads, budget?: number, hours?: HourRows) {
    this.#wide = wide;
    this.#hours = hours;
    this.#blocks = new RowBlocks(budget);
  }

  /** Differs whenever the answer of `pages` may: the distinct versions of its pages, joined by commas. */
  async version(streamPath: string, startMs: number, endMs: number, around = NOTHING_AROUND): Promise<string> {
    const { buckets } = await this.#buckets(this.#wide, streamPath, { startMs, endMs, around }, new Breather());
    return buckets.map(versionOf).join();
  }

  /**
   * Ready segments that overlap [startMs, endMs), ordered by start, then id; a page may be empty.
   * @throws BoxcarError `range_too_large` (400), as far as the kept counts tell before a row is read, and as the pace does
   */
  async *pages(
    streamPath: string,
    startMs: number,
    endMs: number,
    {
      pace = new Breather(),
      mostSegments = Number.POSITIVE_INFINITY,
      hoursUntilMs = Number.NEGATIVE_INFINITY,
      beside,
      around = NOTHING_AROUND,
      eachHour = false,
    }: RecordedBounds = {},
  ): AsyncGenerator<RecordedPage, void, undefined> {
    const { atPrimary } = this.#wide;
    const range = { startMs, endMs };
    let found = 0;
    for (const wide of atPrimary === undefined ? [this.#wide] : [this.#wide, atPrimary]) {
      for await (const page of this.#pages(wide, streamPath, startMs, endMs, {
        pace,
        mostSegments,
        hoursUntilMs,
        beside,
        around,
        eachHour,
      })) {
        found += page.hour === undefined ? page.segments.filter((one) => reachesInto(one, range)).length : 1;
        if (found > mostSegments) throw tooLarge(mostSegments);
        yield page;
      }
      if (found > 0) return;
    }
  }

  async *#pages(
    wide: WideReads,
    streamPath: string,
    startMs: number,
    endMs: number,
    { pace, mostSegments, hoursUntilMs, beside, around, eachHour }: Bounds,
  ): AsyncGenerator<RecordedPage, void, undefined> {
    const range: RowsRange = { startMs, endMs, around };
    const { longestMs, untilMs, buckets } = await this.#buckets(wide, streamPath, range, pace);
    const blocks = buckets.map((bucket) => {
      const fromMs = startMs - around.beforeMs - longestMs;
      const first = Math.floor(Math.max(fromMs, bucket.number * BUCKET_MS) / BLOCK_MS);
      const end = Math.ceil(Math.min(endMs + around.behindMs, (bucket.number + 1) * BUCKET_MS) / BLOCK_MS);
      return { bucket, first, end, about: (bucket.count * (end - first) * BLOCK_MS) / BUCKET_MS };
    });
    const within = buckets.filter(({ number }) => number * BUCKET_MS >= startMs && (number + 1) * BUCKET_MS <= endMs);
    if (within.reduce((sum, { count }) => sum + count, 0) > mostSegments) throw tooLarge(mostSegments);
    const wanted = blocks.flatMap(({ bucket, first, end }) =>
      Array.from({ length: Math.max(0, end - first) }, (_, i) => ({ bucket, number: first + i })),
    );
    const about = blocks.reduce((sum, block) => sum + block.about, 0);
    const over = wanted.filter(
      ({ number }) => number >= 0 && (number + 1) * BLOCK_MS <= Math.min(hoursUntilMs, untilMs),
    );
    const [first, last] = [over[0]?.number ?? 0, over.at(-1)?.number ?? 0];
    const isWorthIt = this.#hours !== undefined && (eachHour || (last > first && about >= MANY)) && over.length > 0;
    const segmentsOf: HourParts["segmentsOf"] = (blocks, of) =>
      this.#blocks.segments(wide, streamPath, blocks, of, pace);
    if (this.#hours === undefined || !isWorthIt) {
      await pace.breathe(Math.floor(about));
      yield* segmentsOf(wanted, range);
      return;
    }
    const some: HourParts["some"] = (ids) => this.#some(wide, streamPath, ids);
    yield* segmentsOf(
      wanted.filter(({ number }) => number < first),
      range,
    );
    yield* hourPages({ hours: this.#hours, wide, streamPath, pace, beside, range, segmentsOf, some }, over);
    yield* segmentsOf(
      wanted.filter(({ number }) => number > last),
      range,
    );
  }

  /** Segments of one hour by their ids, in order, as far as they are ready. */
  async #some(wide: WideReads, streamPath: string, ids: readonly number[]): Promise<readonly Segment[]> {
    // Of an index by stream SQLite would take the order, and walk over all of its segments: the plus keeps it from that.
    const query = joined(sql`
      select ${packedColumns} as packed, summary from segments
      where id in (select value from json_each(${JSON.stringify(ids)})) and state = 'ready' and +stream_path = ${streamPath}
      order by start_ms, id`);
    return wide.read(
      async (db) => (await query.execute(db)).rows.flatMap((row) => segmentsOfJoined(streamPath, row)),
      (segments) => segments.length === ids.length,
    );
  }

  /** Buckets that may hold starts of segments of the range; empty ones have no row. And until when the stream is recorded. */
  async #buckets(
    wide: WideReads,
    streamPath: string,
    { startMs, endMs, around }: RowsRange,
    pace: Pace,
  ): Promise<{ longestMs: number; untilMs: number; buckets: Bucket[] }> {
    const buckets: Bucket[] = [];
    let [longestMs, untilMs] = [0, 0];
    if (endMs <= startMs) return { longestMs, untilMs, buckets };
    const [fromMs, toMs] = [startMs - around.beforeMs, endMs + around.behindMs];
    const first = bucketOf(fromMs);
    for (let after = Number.MIN_SAFE_INTEGER; ; await pace.breathe()) {
      const query = sql<{ bucket: number; version: string; count: number; longest_ms: number; end_ms: number }>`
        select bucket, json_group_array(json_array(event_level, version)) as version, sum(stream_counts.count) as count, longest_ms, end_ms
        from streams cross join stream_counts on stream_counts.stream_path = streams.stream_path
        where streams.stream_path = ${streamPath} and ${withinReach(fromMs)}
          and bucket > ${after} and bucket <= ${bucketOf(toMs - 1)}
        group by bucket having bucket >= ${first} or max(reach_ms) > ${fromMs} order by bucket limit ${BUCKETS_PAGE}`;
      const { rows } = await wide.read(
        (db) => query.execute(db),
        (found) => found.rows.length > 0,
      );
      longestMs = rows[0]?.longest_ms ?? longestMs;
      untilMs = rows[0]?.end_ms ?? untilMs;
      for (const { bucket: number, version, count } of rows) buckets.push({ number, version, count });
      const last = rows.at(-1);
      if (last === undefined || rows.length < BUCKETS_PAGE) break;
      after = last.bucket;
    }
    return {
      longestMs,
      untilMs,
      buckets: buckets.filter(({ number }) => (number + 1) * BUCKET_MS > fromMs - longestMs),
    };
  }
}

/** More than were to be. */
export function tooLarge(most: number): BoxcarError {
  const message = `The range has more than ${String(most)} segments, which is the most that one call takes. Ask for shorter ranges.`;
  return new BoxcarError("range_too_large", message, { mostSegments: most });
}
