import { sql, type Kysely } from "kysely";
import { batches } from "../base/batches.ts";
import type { CatalogDatabase } from "./database.ts";
import { readyFrom } from "./overlapping.ts";
import { segmentColumns, segmentOf, type SegmentRow } from "./rows.ts";
import type { Schema } from "./schema.ts";
import { countRemoved, narrowTotals, startWindows } from "./totals.ts";
import type { Deletion, Segment, Selection } from "./types.ts";

/** Rows one batch deletes: long deletions must not keep uploads waiting. */
const BATCH = 500;
/** Segments that a deletion tells of, of those that went and of those that stayed: a year of a stream has millions. */
export const MOST_TOLD = 5000;

/** See `Catalog.tombstone`. */
export async function deleteSegments(db: CatalogDatabase, selection: Selection, nowMs: number): Promise<Deletion> {
  const { streamPath } = selection;
  const deleted: Segment[] = [];
  const kept: Segment[] = [];
  let total = 0;
  for await (const ids of selectedIds(db.primary, selection)) {
    const selected = sql`from segments where id in (${sql.join(ids)}) and stream_path = ${streamPath} and state = 'ready'`;
    const doomed = sql`${selected} and event_level is not 'high'`;
    const [rows] = await db.batch([
      sql<SegmentRow>`select ${sql.join(segmentColumns.map((name) => sql.ref(name)))} ${selected}
        order by start_ms, id`.compile(db.primary),
      ...countRemoved(db.primary, streamPath, doomed),
      sql`update segments set state = 'tombstone', state_ms = ${nowMs}, idempotency_key = null
        where id in (select id ${doomed})`.compile(db.primary),
      ...narrowTotals(db.primary, streamPath, sql`from segments where id in (${sql.join(ids)})`),
    ]);
    for (const row of rows) {
      const isKept = row.event_level === "high";
      if (!isKept) total++;
      const told = isKept ? kept : deleted;
      if (told.length < MOST_TOLD) told.push(segmentOf(row));
    }
  }
  return { deleted, total, protected: kept };
}

async function* selectedIds(db: Kysely<Schema>, selection: Selection): AsyncGenerator<readonly number[]> {
  if ("ids" in selection) {
    const ids = [...new Set(selection.ids)];
    yield* batches(ids, BATCH);
    return;
  }
  const { streamPath, startMs, endMs, match } = selection;
  if (endMs <= startMs) return;
  for (const { fromMs, toMs } of await startWindows(db, streamPath, startMs, endMs)) {
    let after = { startMs: fromMs, id: 0 };
    for (;;) {
      const rows = await readyFrom(db, streamPath, { startMs, toMs, after })
        .select(["id", "start_ms"])
        .$if(match === "contained", (all) => all.where("start_ms", ">=", startMs).where("end_ms", "<=", endMs))
        .limit(BATCH)
        .execute();
      const last = rows.at(-1);
      if (last === undefined) break;
      yield rows.map((row) => row.id);
      after = { startMs: last.start_ms, id: last.id };
    }
  }
}
