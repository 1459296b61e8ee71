import { sql, type CompiledQuery, type Kysely } from "kysely";
import { bytesOf } from "./rows.ts";
import type { Schema } from "./schema.ts";

/**
 * Bytes of one stored part of an index. A libSQL server takes no value of more than about 5 MB, and every call must
 * end within its time limit, so that a long segment's index is written and read in several calls.
 */
export const PART_BYTES = 1024 * 1024;
/** A page of indexes holds no more than this, except for a single larger one: sqld refuses answers of about 10 MB. */
const PAGE_BYTES = 2 * PART_BYTES;
/** Indexes one query looks up. */
const PAGE = 64;

/** Statements that store what an index has beyond its first part, each fit for a call of its own. */
export function storeRest(db: Kysely<Schema>, id: number, index: Uint8Array): CompiledQuery[] {
  const queries: CompiledQuery[] = [];
  for (let part = 1; part * PART_BYTES < index.length; part++) {
    const data = index.subarray(part * PART_BYTES, (part + 1) * PART_BYTES);
    queries.push(
      sql`insert into segment_index_parts (segment_id, part, data)
        select id, ${part}, ${data} from segments where id = ${id} and state = 'pending'
        on conflict (segment_id, part) do update set data = excluded.data`.compile(db),
    );
  }
  return queries;
}

/** Stores the first part of a pending segment's index. */
export function storeFirst(db: Kysely<Schema>, id: number, index: Uint8Array): CompiledQuery {
  return sql`insert into segment_indexes (segment_id, data)
    select id, ${index.subarray(0, PART_BYTES)} from segments where id = ${id} and state = 'pending'`.compile(db);
}

/** Removes the index of a segment that is in the given state. */
export function removeIndex(db: Kysely<Schema>, id: number, state: "pending" | "tombstone"): readonly CompiledQuery[] {
  const doomed = sql`(select id from segments where id = ${id} and state = ${state})`;
  return [
    sql`delete from segment_indexes where segment_id = ${doomed}`.compile(db),
    sql`delete from segment_index_parts where segment_id = ${doomed}`.compile(db),
  ];
}

/** See `Catalog.indexesOf`. */
export async function indexesOf(db: Kysely<Schema>, ids: readonly number[]): Promise<Map<number, Uint8Array>> {
  const found = new Map<number, Uint8Array>();
  for (let first = 0; first < ids.length;) {
    const batch = ids.slice(first, first + PAGE);
    const rows = await db.selectFrom("segments").select(["id", "index_size"]).where("id", "in", batch).execute();
    const sizes = new Map(rows.map((row) => [row.id, row.index_size]));
    const some = batch.slice(0, fitting(batch.map((id) => sizes.get(id) ?? 0)));
    for (const [id, index] of await readIndexes(db, some, sizes)) found.set(id, index);
    first += some.length;
  }
  return found;
}

/** How many of the first index sizes fit into one page; at least one. */
function fitting(sizes: readonly number[]): number {
  let sum = 0;
  const end = sizes.findIndex((size, i) => (sum += size) > PAGE_BYTES && i > 0);
  return end < 0 ? sizes.length : end;
}

/** The indexes of one page of segments; one that was deleted meanwhile is left out. @param sizes `index_size` by id */
async function readIndexes(
  db: Kysely<Schema>,
  ids: readonly number[],
  sizes: ReadonlyMap<number, number>,
): Promise<Map<number, Uint8Array>> {
  const rows = await db
    .selectFrom("segment_indexes")
    .select(["segment_id", "data"])
    .where("segment_id", "in", ids)
    .execute();
  const indexes = new Map<number, Uint8Array>();
  for (const { segment_id: id, data } of rows) {
    const first = bytesOf(data);
    const size = sizes.get(id) ?? first.length;
    const index = size > first.length ? await readRest(db, id, first, size) : first;
    if (index !== undefined) indexes.set(id, index);
  }
  return indexes;
}

async function readRest(
  db: Kysely<Schema>,
  id: number,
  first: Uint8Array,
  size: number,
): Promise<Uint8Array | undefined> {
  const index = new Uint8Array(size);
  index.set(first);
  let filled = first.length;
  for (let part = 1; filled < size; part++) {
    const row = await db
      .selectFrom("segment_index_parts")
      .select("data")
      .where("segment_id", "=", id)
      .where("part", "=", part)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const data = bytesOf(row.data);
    index.set(data, filled);
    filled += data.length;
  }
  return index;
}
