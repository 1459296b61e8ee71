import { sql, type Kysely } from "kysely";
import { segmentColumns, segmentOf } from "./rows.ts";
import type { Schema } from "./schema.ts";
import type { ListQuery, SegmentPage } from "./types.ts";
export async function listSegments(db: Kysely<Schema>, query: ListQuery): Promise<SegmentPage> {
  let rows = db
    .selectFrom("segments")
    .where("state", "=", sql.lit("ready" as const))
    .where("stream_path", "=", query.streamPath);
  if (query.endMs !== undefined) rows = rows.where("start_ms", "<", query.endMs);
  if (query.startMs !== undefined) rows = rows.where("end_ms", ">", query.startMs);
  if (query.eventLevel !== undefined) rows = rows.where("event_level", "=", query.eventLevel);
  const total = await rows.select(sql<number>`count(*)`.as("n")).executeTakeFirstOrThrow();
  const page = await rows
    .select(segmentColumns)
    .orderBy("start_ms", "desc")
    .orderBy("segments.id", "desc")
    .limit(query.pageSize)
    .offset((query.pageNum - 1) * query.pageSize)
    .execute();
  return { total: total.n, segments: page.map(segmentOf) };
}
