import { sql, type Kysely } from "kysely";
import { segmentColumns, segmentOf } from "./rows.ts";
import type { Schema } from "./schema.ts";
import { countRemoved, longestOf } from "./totals.ts";
import type { Deletion, Segment, Selection } from "./types.ts";
import type { Writer } from "./writer.ts";

/** Rows one transaction deletes: long deletions must not keep uploads waiting. */
const BATCH = 500;

/** See `Catalog.tombstone`. */
export async function deleteSegments(
  db: Kysely<Schema>,
  writer: Writer,
  selection: Selection,
  nowMs: number,
): Promise<Deletion> {
  const deleted: Segment[] = [];
  const kept: Segment[] = [];
  for await (const ids of selectedIds(db, selection)) {
    await writer
      .run(async (trx) => {
        const rows = await trx
          .selectFrom("segments")
          .select(segmentColumns)
          .where("id", "in", ids)
          .where("stream_path", "=", selection.streamPath)
          .where("state", "=", "ready")
          .execute();
        const doomed = rows.filter((row) => row.event_level !== "high");
        if (doomed.length > 0) {
          await trx
            .updateTable("segments")
            .set({ state: "tombstone", state_ms: nowMs, idempotency_key: null })
            .where(
              "id",
              "in",
              doomed.map((row) => row.id),
            )
            .execute();
          await countRemoved(trx, selection.streamPath, doomed);
        }
        return rows;
      })
      .then((rows) => {
        for (const row of rows) (row.event_level === "high" ? kept : deleted).push(segmentOf(row));
      });
  }
  return { deleted, protected: kept };
}

async function* selectedIds(db: Kysely<Schema>, selection: Selection): AsyncGenerator<readonly number[]> {
  if ("ids" in selection) {
    const ids = [...new Set(selection.ids)];
    for (let first = 0; first < ids.length; first += BATCH) yield ids.slice(first, first + BATCH);
    return;
  }
  const { streamPath, startMs, endMs } = selection;
  if (endMs <= startMs) return;
  let after = { startMs: startMs - (await longestOf(db, streamPath)), id: 0 };
  for (;;) {
    const rows = await db
      .selectFrom("segments")
      .select(["id", "start_ms"])
      .where("state", "=", sql.lit("ready" as const))
      .where("stream_path", "=", streamPath)
      .where(sql<boolean>`(start_ms, id) > (${after.startMs}, ${after.id})`)
      .where("start_ms", "<", endMs)
      .where("end_ms", ">", startMs)
      .orderBy("start_ms")
      .orderBy("id")
      .limit(BATCH)
      .execute();
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map((row) => row.id);
    after = { startMs: last.start_ms, id: last.id };
  }
}
