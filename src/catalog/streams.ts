import type { Kysely } from "kysely";
import type { Schema } from "./schema.ts";
import type { StreamTotals } from "./types.ts";

/** Streams of one query: their paths may have 512 bytes each, and a server refuses answers of about 10 MB. */
const PAGE = 5000;

/** See `Catalog.streams`. */
export async function readStreams(db: Kysely<Schema>): Promise<StreamTotals[]> {
  const streams: StreamTotals[] = [];
  for (let after = ""; ;) {
    const rows = await db
      .selectFrom("streams")
      .select(["stream_path", "count", "start_ms", "end_ms", "bytes"])
      .where("stream_path", ">", after)
      .orderBy("stream_path")
      .limit(PAGE)
      .execute();
    for (const { stream_path: streamPath, count, start_ms: startMs, end_ms: endMs, bytes } of rows) {
      streams.push({ streamPath, count, startMs, endMs, bytes });
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return streams;
    after = last.stream_path;
  }
}
