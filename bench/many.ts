/** Streams of many segments, made of the rows of a few imported ones: what a catalog costs does not need their media. */
import { join } from "node:path";
import { createClient } from "@libsql/client";
import { BUCKET_MS } from "../src/catalog/totals.ts";
import { importRecordings, linkRecordings, STREAM_START } from "./material.ts";

/** A stream that is made. */
export interface ManySegments {
  readonly streamPath: string;
  /** Files that are used in turn, and how long each lasts. */
  readonly files: readonly string[];
  readonly seconds: number;
  readonly count: number;
}

/**
 * Makes a data folder with a stream in it: the first files are imported by `program`, as users do, and their rows repeated
 * behind one another. Only the first segments have objects.
 */
export async function manySegments(program: string, data: string, stream: ManySegments): Promise<void> {
  const { streamPath, files, seconds, count } = stream;
  const recordings = join(data, "recordings");
  await linkRecordings(join(recordings, streamPath), files, seconds, files.length);
  await importRecordings(program, recordings, { BOXCAR_DATA: data });
  const db = createClient({ url: `file:${join(data, "catalog.db")}` });
  const columnsOf = async (table: string): Promise<string[]> =>
    (await db.execute(`select name from pragma_table_info('${table}')`)).rows.map(({ name }) => name as string);
  const periodMs = files.length * seconds * 1000;
  const shifted: Readonly<Record<string, string>> = {
    id: `id + turn * ${files.length}`,
    ...{ key: "key || '-' || turn", idempotency_key: "null" },
    ...{ start_ms: `start_ms + turn * ${periodMs}`, end_ms: `end_ms + turn * ${periodMs}` },
    ...{ stated_ms: `stated_ms + turn * ${periodMs}`, start_us: `start_us + turn * ${periodMs} * 1000` },
  };
  const counted: Readonly<Record<string, string>> = {
    ...{ bucket: `start_ms / ${BUCKET_MS}`, event_level: "''", count: "count(*)" },
    ...{ reach_ms: "max(end_ms)", version: "random() & 9007199254740991" },
  };
  // An earlier build knows fewer of them.
  const columns = await columnsOf("segments");
  const counts = await columnsOf("stream_counts");
  const first = `(select min(id) from segments where stream_path = '${streamPath}')`;
  const turns = `with recursive turns (turn) as (select 1 union all select turn + 1 from turns where turn < ${Math.ceil(count / files.length) - 1})`;
  const start = STREAM_START;
  await db.executeMultiple(`
    begin;
    ${turns} insert into segments (${columns.join()})
      select ${columns.map((name) => shifted[name] ?? name).join()}
      from turns cross join segments where stream_path = '${streamPath}';
    ${turns} insert into segment_indexes (segment_id, data)
      select segment_id + turn * ${files.length}, data from turns cross join segment_indexes
      where segment_id >= ${first} and segment_id < ${first} + ${files.length};
    delete from streams where stream_path = '${streamPath}';
    insert into streams (stream_path, count, bytes, start_ms, end_ms, longest_ms)
      select stream_path, count(*), sum(size), min(start_ms), max(end_ms), max(end_ms - start_ms)
      from segments where stream_path = '${streamPath}' group by stream_path;
    delete from stream_counts where stream_path = '${streamPath}';
    insert into stream_counts (${counts.join()}) select ${counts.map((name) => counted[name] ?? name).join()}
      from segments where stream_path = '${streamPath}' and start_ms >= ${start} group by 1, 2;
    commit;`);
  // Else the log of a month is written into the database once this connection is collected, while the server starts.
  await db.execute("pragma wal_checkpoint(truncate)");
  db.close();
}
