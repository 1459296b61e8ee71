import { sql, type Kysely, type SelectQueryBuilder } from "kysely";
import { Breather } from "../base/breather.ts";
import { segmentColumns, segmentOf } from "./rows.ts";
import type { Schema } from "./schema.ts";
import { startWindows } from "./totals.ts";
import type { Segment } from "./types.ts";
import type { WideReads } from "./wide-reads.ts";

const PAGE = 64;

/** Where the row that was read last starts, and its id. */
export interface AfterRow {
  readonly startMs: number;
  readonly id: number;
}

/**
 * The ready segments of a stream behind a row, ordered by start, then id, that start before `toMs` and end after `startMs`:
 * of a window as `startWindows` gives it.
 */
export function readyFrom(
  db: Kysely<Schema>,
  streamPath: string,
  { startMs, toMs, after }: { readonly startMs: number; readonly toMs: number; readonly after: AfterRow },
): SelectQueryBuilder<Schema, "segments", object> {
  return db
    .selectFrom("segments")
    .where("state", "=", sql.lit("ready" as const))
    .where("stream_path", "=", streamPath)
    .where(sql<boolean>`(start_ms, id) > (${after.startMs}, ${after.id})`)
    .where("start_ms", "<", toMs)
    .where("end_ms", ">", startMs)
    .orderBy("start_ms")
    .orderBy("id");
}

/** See `Catalog.overlapping`. */
export async function* overlapping(
  wide: WideReads,
  streamPath: string,
  startMs: number,
  endMs: number,
): AsyncGenerator<readonly Segment[], void, undefined> {
  if (endMs <= startMs) return;
  let found = 0;
  for await (const page of pagesOf(wide, streamPath, startMs, endMs)) {
    found += page.length;
    yield page;
  }
  const { atPrimary } = wide;
  if (found === 0 && atPrimary !== undefined) yield* pagesOf(atPrimary, streamPath, startMs, endMs);
}

async function* pagesOf(
  wide: WideReads,
  streamPath: string,
  startMs: number,
  endMs: number,
): AsyncGenerator<readonly Segment[], void, undefined> {
  const breather = new Breather();
  const isFound = (): boolean => true;
  const windows = await wide.read((db) => startWindows(db, streamPath, startMs, endMs), isFound);
  for (const { fromMs, toMs } of windows) {
    let after = { startMs: fromMs, id: 0 };
    for (;;) {
      const rows = await wide.read(
        (db) => readyFrom(db, streamPath, { startMs, toMs, after }).select(segmentColumns).limit(PAGE).execute(),
        isFound,
      );
      const last = rows.at(-1);
      if (last === undefined) break;
      yield rows.map(segmentOf);
      if (rows.length < PAGE) break;
      after = { startMs: last.start_ms, id: last.id };
      await breather.breathe();
    }
  }
}
