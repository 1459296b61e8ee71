import { sql } from "kysely";
import { Breather } from "./breather.ts";
import { segmentColumns, segmentOf } from "./rows.ts";
import { longestOf } from "./totals.ts";
import type { Segment } from "./types.ts";
import type { WideReads } from "./wide-reads.ts";

const PAGE = 64;

/** See `Catalog.overlapping`. */
export async function* overlapping(
  wide: WideReads,
  streamPath: string,
  startMs: number,
  endMs: number,
): AsyncGenerator<readonly Segment[], void, undefined> {
  if (endMs <= startMs) return;
  const breather = new Breather();
  let after: { readonly startMs: number; readonly id: number } | undefined;
  for (;;) {
    const rows = await wide.read(
      async (db) => {
        const { startMs: afterMs, id } = after ?? { startMs: startMs - (await longestOf(db, streamPath)), id: 0 };
        return db
          .selectFrom("segments")
          .select(segmentColumns)
          .where("state", "=", sql.lit("ready" as const))
          .where("stream_path", "=", streamPath)
          .where(sql<boolean>`(start_ms, id) > (${afterMs}, ${id})`)
          .where("start_ms", "<", endMs)
          .where("end_ms", ">", startMs)
          .orderBy("start_ms")
          .orderBy("id")
          .limit(PAGE)
          .execute();
      },
      // A later page may be empty: then the one before was the last.
      (found) => found.length > 0 || after !== undefined,
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map(segmentOf);
    if (rows.length < PAGE) return;
    after = { startMs: last.start_ms, id: last.id };
    await breather.breathe();
  }
}
