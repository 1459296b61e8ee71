import { sql } from "kysely";
import type { Interval } from "../base/interval.ts";
import { DAY_MS } from "../base/units.ts";
import { CLOCK_SKEW_MS } from "./clock-skew.ts";
import type { CatalogDatabase } from "./database.ts";
import { pagesOf } from "./pages.ts";
import type { EventTable } from "./schema.ts";
import type { EventLevel } from "./types.ts";

/** Something that happened on a stream. Times are whole milliseconds since 1970. */
export interface StreamEvent {
  readonly id: number;
  readonly streamPath: string;
  /** As whoever told of it names it; empty: not at all. */
  readonly eventId: string;
  readonly name: string;
  readonly description: string;
  readonly level: EventLevel;
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
  readonly createdMs: number;
}

export interface EventQuery {
  readonly streamPath: string;
  /** Only events that end after this moment. Default: all. */
  readonly startMs?: number | undefined;
  /** Only events that start before this moment. Default: all. */
  readonly endMs?: number | undefined;
  readonly level?: EventLevel | undefined;
  readonly limit: number;
  readonly offset?: number;
}

/** How long an event is kept of whose time nothing is recorded: what waits in a spool is rated by it yet. Milliseconds. */
const KEPT_MS = 7 * DAY_MS;
/** Events that are looked at in one turn. */
const PAGE = 1000;
/** Events of one stream that may end within a day. */
const MOST_A_DAY = 10_000;

/** The events of a catalog. */
export class Events {
  readonly #db: CatalogDatabase;
  /** Up to which id `forget` has gone. */
  #lookedAt = 0;

  constructor(db: CatalogDatabase) {
    this.#db = db;
  }

  async add(event: Omit<StreamEvent, "id">): Promise<StreamEvent> {
    const { streamPath, eventId, name, description, level, startMs, endMs, createdMs } = event;
    const insert = this.#db.primary
      .insertInto("events")
      .values({
        ...{ stream_path: streamPath, event_id: eventId, name, description, level },
        ...{ start_ms: startMs, end_ms: endMs, created_ms: createdMs },
      })
      .returning("id")
      .compile();
    const [[row]] = await this.#db.batch([insert]);
    return { ...event, id: row?.id ?? 0 };
  }

  /** Whether a stream has as many events of the last day as it may. */
  async areTooMany(streamPath: string, nowMs: number): Promise<boolean> {
    const recent = this.#db.primary
      .selectFrom("events")
      .select("id")
      .where("stream_path", "=", streamPath)
      .where("end_ms", ">", nowMs - DAY_MS)
      .where("created_ms", "<=", nowMs + CLOCK_SKEW_MS)
      .offset(MOST_A_DAY - 1)
      .limit(1);
    return (await recent.execute()).length > 0;
  }

  /**
   * Forgets events that are long over and of whose time nothing is recorded any more. Looks at a page of them, the oldest first, and goes on
   * there when it is called again.
   * @returns how many were forgotten
   */
  async forget(nowMs: number): Promise<number> {
    const { primary } = this.#db;
    const page = sql`(select * from events where id > ${this.#lookedAt} order by id limit ${PAGE})`;
    const last = sql<{ id: number | null }>`select max(id) as id from ${page}`;
    const recorded = sql`select 1 from segments where state = 'ready' and segments.stream_path = event.stream_path
      and segments.start_ms >= event.start_ms - coalesce(streams.longest_ms, 0)
      and segments.start_ms < event.end_ms and segments.end_ms > event.start_ms`;
    const over = sql`select event.id from ${page} as event left join streams on streams.stream_path = event.stream_path
      where event.end_ms < ${nowMs - KEPT_MS} and not exists (${recorded})`;
    const remove = sql`delete from events where id in (${over}) returning id`;
    const [[found], removed] = await this.#db.batch([last.compile(primary), remove.compile(primary)]);
    this.#lookedAt = found?.id ?? 0;
    return removed.length;
  }

  /** Ends events of a stream that would go on beyond a moment. @param eventId only those of this name @returns their ids */
  async end(streamPath: string, atMs: number, eventId?: string): Promise<number[]> {
    const end = this.#db.primary
      .updateTable("events")
      .set({ end_ms: sql`max(${atMs}, start_ms + 1)` })
      .where("stream_path", "=", streamPath)
      .where("end_ms", ">", atMs)
      .$if(eventId !== undefined, (rows) => rows.where("event_id", "=", eventId ?? ""))
      .returning("id")
      .compile();
    const [rows] = await this.#db.batch([end]);
    return rows.map(({ id }) => id);
  }

  /**
   * From when, and until when, events of a stream go on that have begun and not ended, by stream. One that a clock noted which was ahead
   * would go on until that time: it has not begun.
   */
  async goingOn(nowMs: number, streamPath?: string): Promise<ReadonlyMap<string, Interval>> {
    const rows = await this.#db.primary
      .selectFrom("events")
      .select(({ fn }) => ["stream_path", fn.min("start_ms").as("start_ms"), fn.max("end_ms").as("end_ms")])
      .where("end_ms", ">", nowMs)
      .where("created_ms", "<=", nowMs + CLOCK_SKEW_MS)
      .$if(streamPath !== undefined, (events) => events.where("stream_path", "=", streamPath ?? ""))
      // As an expression: to group by an index that begins with the stream SQLite would go through all events there are.
      .groupBy(sql`+stream_path`)
      .execute();
    return new Map(rows.map((row) => [row.stream_path, { startMs: row.start_ms, endMs: row.end_ms }]));
  }

  /** The highest level of the events that reach into each of some times of streams, in their order; null: there are none. */
  async levels(times: readonly (Interval & { readonly streamPath: string })[]): Promise<(EventLevel | null)[]> {
    const given = JSON.stringify(times.map(({ streamPath, startMs, endMs }) => [streamPath, startMs, endMs]));
    // As texts, high comes before low.
    const query = sql<{ level: EventLevel | null }>`select (select min(level) from events
      where stream_path = value ->> 0 and end_ms > value ->> 1 and start_ms < value ->> 2) as level
      from json_each(${given}) order by key`;
    const { rows } = await query.execute(this.#db.primary);
    return rows.map(({ level }) => level);
  }

  async get(id: number): Promise<StreamEvent | undefined> {
    const row = await this.#db.primary.selectFrom("events").selectAll().where("id", "=", id).executeTakeFirst();
    return row && eventOf(row);
  }

  /** Events, newest first. */
  async list(query: EventQuery): Promise<StreamEvent[]> {
    return (await this.#found(query).selectAll().execute()).map(eventOf);
  }

  /** The same some at a time: their texts are long. */
  async *pages(query: EventQuery): AsyncGenerator<StreamEvent[]> {
    yield* this.ofIds((await this.#found(query).select("id").execute()).map(({ id }) => id));
  }

  /** The events of some ids, in their order, some at a time. */
  async *ofIds(ids: readonly number[]): AsyncGenerator<StreamEvent[]> {
    for (const some of pagesOf(ids)) {
      const rows = await this.#db.primary.selectFrom("events").selectAll().where("id", "in", some).execute();
      const events = new Map(rows.map((row) => [row.id, eventOf(row)]));
      yield some.flatMap((id) => events.get(id) ?? []);
    }
  }

  #found({ streamPath, startMs, endMs, level, limit, offset = 0 }: EventQuery) {
    return this.#db.primary
      .selectFrom("events")
      .where("stream_path", "=", streamPath)
      .$if(startMs !== undefined, (events) => events.where("end_ms", ">", startMs ?? 0))
      .$if(endMs !== undefined, (events) => events.where("start_ms", "<", endMs ?? 0))
      .$if(level !== undefined, (events) => events.where("level", "=", level ?? "low"))
      .orderBy("start_ms", "desc")
      .orderBy("id", "desc")
      .limit(limit)
      .offset(offset);
  }
}

function eventOf(row: Omit<EventTable, "id"> & { readonly id: number }): StreamEvent {
  return {
    ...{ id: row.id, streamPath: row.stream_path, eventId: row.event_id, name: row.name },
    ...{ description: row.description, level: row.level },
    ...{ startMs: row.start_ms, endMs: row.end_ms, createdMs: row.created_ms },
  };
}
