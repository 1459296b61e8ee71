import { sql, type Kysely, type RawBuilder } from "kysely";
import { Breather } from "../base/breather.ts";
import { bytesOf, listedColumns, listedSegments } from "./rows.ts";
import type { Schema } from "./schema.ts";
import { globOf, isOfAllStreams, withinPatterns } from "./streams.ts";
import { BUCKET_MS, bucketOf, EARLIEST_MS } from "./totals.ts";
import type { ListedSegment, ListQuery, SegmentPage } from "./types.ts";

/** The start times, from inclusive and to exclusive, that hold a page, which comes after `skip` newer segments. */
interface Window {
  readonly fromMs: number;
  readonly toMs: number;
  readonly skip: number;
}

/** Behind all times, and safe to compare in SQL. */
const FOREVER_MS = Number.MAX_SAFE_INTEGER;

/**
 * See `Catalog.list`. Neither the total nor a late page walks over all segments: both are found by the counts kept per
 * stream and bucket of time, so that only segments in the buckets at the ends of the range and of the page are read.
 *
 * The segments of a range are its *body*, which starts inside of it, and its *lead*, which starts before it and reaches
 * into it. Newest first, the body comes before the lead.
 */
export async function listSegments(db: Kysely<Schema>, query: ListQuery): Promise<SegmentPage> {
  const { startMs, endMs, pageNum, pageSize } = query;
  if (startMs !== undefined && endMs !== undefined && endMs <= startMs) return { total: 0, segments: [] };
  const listing = new Listing(db, query);
  const breather = new Breather();
  const late = endMs === undefined ? 0 : await listing.count(endMs, (bucketOf(endMs) + 1) * BUCKET_MS);
  const early = startMs === undefined ? 0 : await listing.count(bucketOf(startMs) * BUCKET_MS, startMs);
  const body = (await listing.countBuckets()) - late - early;
  await breather.breathe();
  const offset = query.skip ?? (pageNum - 1) * pageSize;
  if (query.match === "contained") {
    const total = body - (endMs === undefined ? 0 : await listing.countLead(endMs, startMs));
    return { total, segments: offset >= total ? [] : await listing.readContained(offset) };
  }
  const lead = startMs === undefined ? 0 : await listing.countLead(startMs);
  const total = body + lead;
  if (offset >= total) return { total, segments: [] };
  await breather.breathe();
  const window = offset < body ? await listing.window(offset, late) : undefined;
  await breather.breathe();
  const segments = window === undefined ? [] : await listing.read(window);
  const missing = pageSize - segments.length;
  if (startMs === undefined || missing === 0 || lead === 0) return { total, segments };
  const rest = await listing.readLead(startMs, Math.max(0, offset - body), missing);
  return { total, segments: [...segments, ...rest] };
}

class Listing {
  readonly #db: Kysely<Schema>;
  readonly #query: ListQuery;
  /** Condition on `stream_path`. */
  readonly #scope: RawBuilder<boolean>;
  /** Whether it holds for all. */
  readonly #isOfAll: boolean;

  constructor(db: Kysely<Schema>, query: ListQuery) {
    this.#db = db;
    this.#query = query;
    const path = query.streamPath;
    const allowed = withinPatterns(query.within);
    // Of all streams no set is made first: with 100,000 of them that takes longer than all the rest.
    this.#isOfAll = path === "*" && isOfAllStreams(query.within);
    this.#scope = this.#isOfAll
      ? sql`true`
      : path.includes("*")
        ? sql`stream_path in (select stream_path from streams where stream_path glob ${globOf(path)} and ${allowed})`
        : sql`stream_path = ${path} and ${allowed}`;
  }

  /** Counts segments that start in [fromMs, toMs). */
  async count(fromMs: number, toMs: number): Promise<number> {
    const row = await this.#rows(fromMs, toMs)
      .select((eb) => eb.fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    return row.count;
  }

  /** Counts segments that start before a moment, but not before another, and end after it. */
  async countLead(beforeMs: number, fromMs = EARLIEST_MS): Promise<number> {
    const count = sql<{ count: number }>`select count(*) as count ${this.#lead(beforeMs)} and start_ms >= ${fromMs}`;
    const { rows } = await count.execute(this.#db);
    return rows[0]?.count ?? 0;
  }

  /** Counts segments in all buckets the range touches, the outer ones in full. */
  async countBuckets(): Promise<number> {
    const row = await this.#buckets()
      .select((eb) => eb.fn.sum<number | null>("count").as("count"))
      .executeTakeFirstOrThrow();
    return row.count ?? 0;
  }

  /**
   * Finds where the page lies that starts in the body.
   * @param late segments of the last bucket that start after the range
   */
  async window(offset: number, late: number): Promise<Window> {
    const { startMs, endMs, pageSize } = this.#query;
    const end = late + offset + pageSize;
    const earliestMs = startMs ?? EARLIEST_MS;
    const counts = this.#buckets()
      .select([
        "bucket",
        sql<number>`sum(count)`.as("count"),
        sql<number>`sum(sum(count)) over (order by bucket desc)`.as("upto"),
      ])
      .groupBy("bucket");
    const buckets = await this.#db
      .selectFrom(counts.as("counts"))
      .selectAll()
      .where("upto", ">", late + offset)
      .where(sql<number>`upto - count`, "<", end)
      .orderBy("bucket", "desc")
      .execute();
    const newest = buckets[0];
    const oldest = buckets.at(-1);
    if (newest === undefined || oldest === undefined) return { fromMs: earliestMs, toMs: FOREVER_MS, skip: 0 };
    const isFull = oldest.upto >= end && (startMs === undefined || oldest.bucket > bucketOf(startMs));
    return {
      fromMs: isFull ? oldest.bucket * BUCKET_MS : earliestMs,
      toMs: Math.min((newest.bucket + 1) * BUCKET_MS, endMs ?? FOREVER_MS),
      skip: late + offset - Math.max(late, newest.upto - newest.count),
    };
  }

  /** Reads what a page has of a window. @param endsByMs only segments that end by then; default: all */
  read({ fromMs, toMs, skip }: Window, endsByMs?: number): Promise<ListedSegment[]> {
    const found = this.#rows(fromMs, toMs)
      .$if(endsByMs !== undefined, (rows) => rows.where("end_ms", "<=", endsByMs ?? 0))
      .select(listedColumns.as("listed"))
      .orderBy("start_ms", "desc")
      .orderBy("id", "desc")
      .limit(this.#query.pageSize)
      .offset(skip);
    return this.#listed(sql`${found}`);
  }

  /** Reads a page of the segments that lie in the range as a whole. */
  readContained(skip: number): Promise<ListedSegment[]> {
    const { startMs = EARLIEST_MS, endMs = FOREVER_MS } = this.#query;
    return this.read({ fromMs: startMs, toMs: endMs, skip }, endMs);
  }

  /** Reads some of the lead. */
  readLead(startMs: number, skip: number, limit: number): Promise<ListedSegment[]> {
    return this.#listed(sql`select ${listedColumns} as listed ${this.#lead(startMs)}
      order by start_ms desc, id desc limit ${limit} offset ${skip}`);
  }

  /** @param rows a query for `listedColumns`, in order, as `listed` */
  async #listed(rows: RawBuilder<unknown>): Promise<ListedSegment[]> {
    const joined = sql<{ all: string | null }>`select group_concat(listed) as "all" from (${rows})`;
    const [row] = (await joined.execute(this.#db)).rows;
    return listedSegments(row?.all ?? "", (ids) => this.#summaries(ids));
  }

  async #summaries(ids: readonly number[]): Promise<Map<number, Uint8Array>> {
    const rows = await this.#db.selectFrom("segments").select(["id", "summary"]).where("id", "in", ids).execute();
    return new Map(rows.map(({ id, summary }) => [id, bytesOf(summary)]));
  }

  /** The ready segments asked for that start before a moment and end after it: looked for where some reach beyond it. */
  #lead(startMs: number): RawBuilder<unknown> {
    const { eventLevel } = this.#query;
    const rated = eventLevel === undefined ? sql`` : sql` and segments.event_level = ${eventLevel}`;
    return sql`from (select distinct stream_path, bucket from stream_counts
        where ${this.#scope} and bucket <= ${bucketOf(startMs)} and reach_ms > ${startMs}) as counts
      cross join segments on segments.state = 'ready' and segments.stream_path = counts.stream_path
        and start_ms >= counts.bucket * ${sql.lit(BUCKET_MS)}
        and start_ms < min((counts.bucket + 1) * ${sql.lit(BUCKET_MS)}, ${startMs})
        and end_ms > ${startMs}${rated}`;
  }

  /** The ready segments asked for that start in [fromMs, toMs). */
  #rows(fromMs: number, toMs: number) {
    const { eventLevel } = this.#query;
    // Else SQLite walks over the segments of all streams, since they are in order of these.
    const recorded = sql<boolean>`stream_path in (select stream_path from stream_counts
      where bucket >= ${bucketOf(fromMs)} and bucket <= ${bucketOf(toMs)})`;
    return this.#db
      .selectFrom("segments")
      .where("state", "=", sql.lit("ready" as const))
      .where(this.#isOfAll ? recorded : this.#scope)
      .where("start_ms", ">=", fromMs)
      .where("start_ms", "<", toMs)
      .$if(eventLevel !== undefined, (rows) => rows.where("event_level", "=", eventLevel ?? null));
  }

  /** The counts of the buckets the range touches. */
  #buckets() {
    const { startMs, endMs, eventLevel } = this.#query;
    return this.#db
      .selectFrom("stream_counts")
      .where(this.#scope)
      .where("bucket", ">=", startMs === undefined ? EARLIEST_MS : bucketOf(startMs))
      .where("bucket", "<=", endMs === undefined ? FOREVER_MS : bucketOf(endMs))
      .$if(eventLevel !== undefined, (counts) => counts.where("event_level", "=", eventLevel ?? ""));
  }
}
