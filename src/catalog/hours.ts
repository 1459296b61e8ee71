import { sql } from "kysely";
import { HOUR_MS } from "../base/units.ts";
import type { CatalogDatabase } from "./database.ts";
import { bytesOf } from "./rows.ts";
import { BUCKET_MS } from "./totals.ts";
import type { WideReads } from "./wide-reads.ts";

/** Hours of one query, some MB: a server refuses answers of about 10. With the pieces of more than some they are larger. */
const PAGE = 256;
const PAGE_WITH_MORE = 48;
const SOME = 8;

/** What is kept beside the outlines of an hour's runs, and their columns, and read only where it is wanted: what pieces take of it, or media segments. */
export type BesideRuns = "pieces" | "groups";

/** What is kept of the ready segments of a stream that start in one hour. */
export interface HourRow {
  /** Hours since 1970. */
  readonly hour: number;
  /** Another one after every change of such a segment. */
  readonly version: number;
  /** What `HourRows.keep` was given since; null: nothing. */
  readonly runs: Uint8Array | null;
  /** The columns that `HourRows.keep` was given beside them, where any were wanted; null: nothing. */
  readonly columns: Uint8Array | null;
  /** The pieces and groups that it was given, where they were wanted; null: nothing. */
  readonly pieces: Uint8Array | null;
  readonly groups: Uint8Array | null;
  /** That of its bucket of `stream_counts`, as `RecordedRows` has it, in the same moment. */
  readonly bucketVersion: string;
}

type Blobs = "runs" | "columns" | BesideRuns;

/** What becomes kept of an hour. */
export interface MadeHour extends Pick<HourRow, "hour" | "version"> {
  readonly runs: Uint8Array;
  readonly columns: Uint8Array | null;
  /** What goes with it that is read only where it is wanted; null: nothing. */
  readonly pieces: Uint8Array | null;
  readonly groups: Uint8Array | null;
}

/**
 * Hours of streams: a row for each in which a ready segment starts. Triggers of the database make and change the rows, and
 * drop what was kept, in the transaction that changes a segment, whoever does.
 */
export class HourRows {
  readonly #db: CatalogDatabase;

  constructor(db: CatalogDatabase) {
    this.#db = db;
  }

  /**
   * The hours [first, end) of a stream in order, those without a ready segment left out. None of before 1970.
   * @param piecesOf those of which `pieces` is wanted
   * @param withGroups whether `groups` is
   */
  async *read(
    wide: WideReads,
    streamPath: string,
    {
      first,
      end,
      piecesOf,
      withGroups,
    }: {
      readonly first: number;
      readonly end: number;
      readonly piecesOf: readonly number[];
      readonly withGroups: boolean;
    },
  ): AsyncGenerator<HourRow> {
    const page = piecesOf.length > SOME || withGroups ? PAGE_WITH_MORE : PAGE;
    const wanted = JSON.stringify(piecesOf);
    const isWanted = sql`hour in (select value from json_each(${wanted}))`;
    const [columns, groups] = withGroups
      ? [sql.ref("columns"), sql.ref("groups")]
      : [sql`case when ${isWanted} then columns end`, sql.lit(null)];
    const hours = BUCKET_MS / HOUR_MS;
    for (let after = Math.max(first, 0) - 1; ;) {
      const query = sql<Omit<HourRow, Blobs> & Record<Blobs, ArrayBuffer | null>>`
        select hour, version, runs, ${columns} as columns, case when ${isWanted} then pieces end as pieces, ${groups} as groups, (select json_group_array(json_array(event_level, version)) from stream_counts
          where stream_path = hours.stream_path and bucket = hours.hour / ${sql.lit(hours)}) as "bucketVersion"
        from hours where stream_path = ${streamPath} and hour > ${after} and hour < ${end} order by hour limit ${page}`;
      const { rows } = await wide.read(
        (db) => query.execute(db),
        () => true,
      );
      for (const row of rows)
        yield {
          ...row,
          runs: row.runs && bytesOf(row.runs),
          columns: row.columns && bytesOf(row.columns),
          pieces: row.pieces && bytesOf(row.pieces),
          groups: row.groups && bytesOf(row.groups),
        };
      const last = rows.at(-1);
      if (last === undefined || rows.length < page) return;
      after = last.hour;
    }
  }

  /** The columns of an hour's runs; null when nothing is kept of them, or something else by now. */
  async columns(
    wide: WideReads,
    streamPath: string,
    { hour, version }: Pick<HourRow, "hour" | "version">,
  ): Promise<Uint8Array | null> {
    const query = sql<Record<"columns", ArrayBuffer | null>>`select columns from hours
      where stream_path = ${streamPath} and hour = ${hour} and version = ${version}`;
    const { rows } = await wide.read(
      (db) => query.execute(db),
      (found) => found.rows.length > 0,
    );
    const columns = rows[0]?.columns ?? null;
    return columns && bytesOf(columns);
  }

  /** Hours that are over and of which nothing is kept, newest first. */
  async missing(limit: number): Promise<{ streamPath: string; hour: number }[]> {
    const query = sql<{ streamPath: string; hour: number }>`
      select hours.stream_path as "streamPath", hour from hours join streams on streams.stream_path = hours.stream_path
      where runs is null and hour >= 0 and (hour + 1) * ${sql.lit(HOUR_MS)} <= end_ms order by hour desc limit ${limit}`;
    return (await query.execute(this.#db.primary)).rows;
  }

  /** Keeps what was made of hours, but for those that have changed since. */
  async keep(streamPath: string, made: readonly MadeHour[]): Promise<void> {
    const { primary, batch } = this.#db;
    const statements = made.map(({ hour, version, runs, columns, pieces, groups }) =>
      sql`update hours set runs = ${runs}, columns = ${columns}, pieces = ${pieces}, groups = ${groups}
        where stream_path = ${streamPath} and hour = ${hour} and version = ${version}`.compile(primary),
    );
    await batch(statements);
  }
}
