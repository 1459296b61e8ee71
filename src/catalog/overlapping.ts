import { sql, type Kysely } from "kysely";
import { Breather } from "./breather.ts";
import { bytesOf, segmentColumns, segmentOf } from "./rows.ts";
import type { Schema } from "./schema.ts";
import { longestOf } from "./totals.ts";
import type { SegmentWithIndex } from "./types.ts";

const PAGE = 64;
/** A page of indexes holds no more than this, except for a single larger one: sqld refuses answers of about 10 MB. */
const PAGE_BYTES = 4 * 1024 * 1024;

/** See `Catalog.overlapping`. */
export async function* overlapping(
  db: Kysely<Schema>,
  streamPath: string,
  startMs: number,
  endMs: number,
  withIndex: boolean,
): AsyncGenerator<readonly SegmentWithIndex[], void, undefined> {
  if (endMs <= startMs) return;
  const breather = new Breather();
  const longestMs = await longestOf(db, streamPath);
  let after = { startMs: startMs - longestMs, id: 0 };
  for (;;) {
    const rows = await db
      .selectFrom("segments")
      .select([...segmentColumns, "index_size"])
      .where("state", "=", sql.lit("ready" as const))
      .where("stream_path", "=", streamPath)
      .where(sql<boolean>`(start_ms, id) > (${after.startMs}, ${after.id})`)
      .where("start_ms", "<", endMs)
      .where("end_ms", ">", startMs)
      .orderBy("start_ms")
      .orderBy("id")
      .limit(PAGE)
      .execute();
    const page = withIndex ? rows.slice(0, fitting(rows.map((row) => row.index_size))) : rows;
    const last = page.at(-1);
    if (last === undefined) return;
    const segments = page.map(segmentOf);
    if (withIndex) {
      const indexes = await readIndexes(
        db,
        segments.map((segment) => segment.id),
      );
      // A row without its index cannot be: both are written in one transaction and removed in one.
      yield segments.flatMap((segment) => {
        const index = indexes.get(segment.id);
        return index === undefined ? [] : [{ ...segment, index }];
      });
    } else {
      yield segments;
    }
    if (page.length === rows.length && rows.length < PAGE) return;
    after = { startMs: last.start_ms, id: last.id };
    await breather.breathe();
  }
}

/** See `Catalog.indexesOf`. */
export async function indexesOf(db: Kysely<Schema>, ids: readonly number[]): Promise<Map<number, Uint8Array>> {
  const found = new Map<number, Uint8Array>();
  for (let first = 0; first < ids.length;) {
    const rows = await db
      .selectFrom("segments")
      .select(["id", "index_size"])
      .where("id", "in", ids.slice(first, first + PAGE))
      .execute();
    const sizes = new Map(rows.map((row) => [row.id, row.index_size]));
    const batch = ids.slice(first, first + PAGE);
    const some = batch.slice(0, fitting(batch.map((id) => sizes.get(id) ?? 0)));
    for (const [id, index] of await readIndexes(db, some)) found.set(id, index);
    first += some.length;
  }
  return found;
}

/** How many of the first sizes fit into one page; at least one. */
function fitting(sizes: readonly number[]): number {
  let sum = 0;
  const end = sizes.findIndex((size, i) => (sum += size) > PAGE_BYTES && i > 0);
  return end < 0 ? sizes.length : end;
}

async function readIndexes(db: Kysely<Schema>, ids: readonly number[]): Promise<Map<number, Uint8Array>> {
  const rows = await db
    .selectFrom("segment_indexes")
    .select(["segment_id", "data"])
    .where("segment_id", "in", ids)
    .execute();
  return new Map(rows.map((row) => [row.segment_id, bytesOf(row.data)]));
}
