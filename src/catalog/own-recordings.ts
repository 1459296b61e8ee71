import { sql, type Kysely } from "kysely";
import type { Use } from "./room.ts";
import { RECORDER, segmentColumns, segmentOf, type SegmentRow } from "./rows.ts";
import type { Schema } from "./schema.ts";
import type { Segment } from "./types.ts";

/** Segments that were recorded here: neither uploaded nor imported. */
export class OwnRecordings {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** The oldest ones of some streams; protected ones left out. */
  async oldest(streamPaths: readonly string[], limit: number): Promise<Segment[]> {
    const { rows } = await sql<SegmentRow>`select ${sql.join(segmentColumns.map((name) => sql.ref(name)))}
      from segments indexed by segments_recorded
      where state = 'ready' and owner = ${sql.lit(RECORDER)} and event_level is not 'high'
        and +stream_path in (select value from json_each(${JSON.stringify(streamPaths)}))
      order by start_ms limit ${limit}`.execute(this.#db);
    return rows.map(segmentOf);
  }

  /** The bytes of all. */
  async bytes(): Promise<number> {
    const row = await this.#db
      .selectFrom("streams")
      .select((eb) => eb.fn.sum<number | null>("recorded_bytes").as("bytes"))
      .executeTakeFirst();
    return row?.bytes ?? 0;
  }

  /** The bytes of those that are among some segments, and of uploads among them, by stream. */
  async among(ids: Iterable<number>): Promise<Map<string, Use>> {
    const isOwn = sql`owner = ${sql.lit(RECORDER)}`;
    const { rows } = await sql<Use & { stream_path: string }>`
      select stream_path, sum(iif(${isOwn}, size, 0)) as recorded, sum(iif(${isOwn} or key like '@%', 0, size)) as uploaded
      from segments where id in (select value from json_each(${JSON.stringify([...ids])}))
      group by stream_path`.execute(this.#db);
    return new Map(rows.map(({ stream_path, recorded, uploaded }) => [stream_path, { recorded, uploaded }]));
  }
}
