import { sql, type Kysely } from "kysely";
import { RECORDER, segmentColumns, segmentOf, type SegmentRow } from "./rows.ts";
import type { Schema } from "./schema.ts";
import type { Segment } from "./types.ts";

/** Segments that were recorded here: neither uploaded nor imported. */
export class OwnRecordings {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** The oldest ones of streams that have more than so many bytes of them; protected ones left out. */
  async oldest(above: number, limit: number): Promise<Segment[]> {
    const bytes = sql`(select recorded_bytes from streams where streams.stream_path = segments.stream_path)`;
    const { rows } = await sql<SegmentRow>`select ${sql.join(segmentColumns.map((name) => sql.ref(name)))}
      from segments indexed by segments_recorded
      where state = 'ready' and owner = ${sql.lit(RECORDER)} and event_level is not 'high' and ${bytes} > ${above}
      order by start_ms limit ${limit}`.execute(this.#db);
    return rows.map(segmentOf);
  }

  /** Their bytes, of each stream with more than so many. */
  async bytes(above: number): Promise<Map<string, number>> {
    const rows = await this.#db
      .selectFrom("streams")
      .select(["stream_path", "recorded_bytes"])
      .where("recorded_bytes", ">", above)
      .execute();
    return new Map(rows.map((row) => [row.stream_path, row.recorded_bytes]));
  }

  /** How many streams have some, and the bytes of all. */
  async totals(): Promise<{ readonly streams: number; readonly bytes: number }> {
    const row = await this.#db
      .selectFrom("streams")
      .select((eb) => [eb.fn.countAll<number>().as("streams"), eb.fn.sum<number | null>("recorded_bytes").as("bytes")])
      .where("recorded_bytes", ">", 0)
      .executeTakeFirst();
    return { streams: row?.streams ?? 0, bytes: row?.bytes ?? 0 };
  }

  /** Bytes by stream of those that are among some segments. */
  async among(ids: Iterable<number>): Promise<Map<string, number>> {
    const { rows } = await sql<{ stream_path: string; bytes: number }>`
      select stream_path, sum(size) as bytes from segments
      where id in (select value from json_each(${JSON.stringify([...ids])})) and owner = ${sql.lit(RECORDER)}
      group by stream_path`.execute(this.#db);
    return new Map(rows.map((row) => [row.stream_path, row.bytes]));
  }
}
