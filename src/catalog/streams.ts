import { sql, type Kysely, type RawBuilder, type Selectable } from "kysely";
import type { Interval } from "../base/interval.ts";
import { Breather } from "../base/breather.ts";
import type { Schema, StreamTable } from "./schema.ts";
import type { StreamsQuery, StreamTotals } from "./types.ts";

/** Streams of one query: what is worked on in one turn. */
const PAGE = 1000;

/** See `Catalog.streams`. */
export async function readStreams(
  db: Kysely<Schema>,
  { within, pageNum = 1, pageSize = Number.MAX_SAFE_INTEGER }: StreamsQuery,
): Promise<StreamTotals[]> {
  const streams: StreamTotals[] = [];
  for await (const rows of streamPages(db, within, { skip: (pageNum - 1) * pageSize, most: pageSize }))
    for (const { stream_path: streamPath, count, start_ms: startMs, end_ms: endMs, bytes } of rows)
      streams.push({ streamPath, count, startMs, endMs, bytes });
  return streams;
}

/**
 * Streams by their paths, so many at a time as are read in one turn.
 * @param page how many are left out first, and how many there are at most. Default: all
 */
export async function* streamPages(
  db: Kysely<Schema>,
  within?: StreamsQuery["within"],
  { skip, most } = { skip: 0, most: Number.MAX_SAFE_INTEGER },
): AsyncGenerator<Selectable<StreamTable>[]> {
  const breather = new Breather();
  let [after, offset, left] = ["", skip, most];
  for (;;) {
    await breather.breathe();
    const limit = Math.min(PAGE, left);
    const rows = await db
      .selectFrom("streams")
      .selectAll()
      .where("stream_path", ">", after)
      .where(withinPatterns(within))
      .orderBy("stream_path")
      .limit(limit)
      .offset(offset)
      .execute();
    yield rows;
    left -= rows.length;
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit || left <= 0) return;
    [after, offset] = [last.stream_path, 0];
  }
}

/** See `Catalog.countStreams`. */
export async function countStreams(db: Kysely<Schema>, within: StreamsQuery["within"]): Promise<number> {
  const counted = db.selectFrom("streams").select((eb) => eb.fn.countAll<number>().as("streams"));
  return (await counted.where(withinPatterns(within)).executeTakeFirst())?.streams ?? 0;
}

/** Whether one of the patterns matches every stream. @param patterns default: all streams */
export function isOfAllStreams(patterns: readonly string[] | undefined): boolean {
  return patterns?.includes("*") !== false;
}

/** Condition on `stream_path`: that it matches one of the patterns, whose `*` stands for any characters. */
export function withinPatterns(patterns: readonly string[] | undefined): RawBuilder<boolean> {
  if (patterns === undefined || isOfAllStreams(patterns)) return sql<boolean>`true`;
  // One value, however many patterns there are: SQLite bounds the depth of expressions.
  const globs = JSON.stringify(patterns.map(globOf));
  return sql<boolean>`exists (select 1 from json_each(${globs}) where stream_path glob value)`;
}

/** A pattern of streams as SQLite's `glob` takes it. */
export function globOf(pattern: string): string {
  return pattern.replace(/[[?]/g, "[$&]");
}

/** See `Catalog.recordedTime`. */
export async function recordedTime(db: Kysely<Schema>, streamPath: string): Promise<Interval | undefined> {
  const row = await db
    .selectFrom("streams")
    .select(["start_ms", "end_ms"])
    .where("stream_path", "=", streamPath)
    .executeTakeFirst();
  return row && { startMs: row.start_ms, endMs: row.end_ms };
}

/** Streams on either side that are looked at. */
const MOST_AROUND = 64;

/** See `Catalog.streamsAround`. */
export async function streamsAround(
  db: Kysely<Schema>,
  streamPath: string,
  within: StreamsQuery["within"],
): Promise<string[]> {
  const names = db.selectFrom("streams").select("stream_path").limit(MOST_AROUND);
  const behind = names.where("stream_path", ">", streamPath).orderBy("stream_path");
  const before = names.where("stream_path", "<", streamPath).orderBy("stream_path", "desc");
  const allowed = (side: typeof behind) =>
    db.selectFrom(side.as("near")).select("stream_path").where(withinPatterns(within));
  const rows = [...(await allowed(before).execute()), ...(await allowed(behind).execute())];
  return rows.map((row) => row.stream_path).sort();
}

/** See `Catalog.recordedAround`. */
export async function recordedAround(
  db: Kysely<Schema>,
  streamPath: string,
  startMs: number,
): Promise<{ readonly beforeMs: number | undefined; readonly afterMs: number | undefined }> {
  const ready = db
    .selectFrom("segments")
    .select(["start_ms", "end_ms"])
    .where("state", "=", sql.lit("ready" as const))
    .where("stream_path", "=", streamPath)
    .limit(1);
  const before = await ready
    .where("start_ms", "<", startMs)
    .orderBy("start_ms", "desc")
    .orderBy("id", "desc")
    .execute();
  const after = await ready.where("start_ms", ">=", startMs).orderBy("start_ms").orderBy("id").execute();
  return { beforeMs: before[0]?.end_ms, afterMs: after[0]?.start_ms };
}
