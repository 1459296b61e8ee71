import { batches } from "../base/batches.ts";
import { sql, type CompiledQuery, type Kysely } from "kysely";
import { bytesOf } from "./rows.ts";
import type { Schema } from "./schema.ts";

/**
 * Bytes of one stored part of an index. A libSQL server takes no value of more than about 5 MB, and every call must
 * end within its time limit, so that a long segment's index is written and read in several calls.
 */
export const PART_BYTES = 1024 * 1024;
/** A page of indexes holds little more than this, one part at most: sqld refuses answers of about 10 MB. */
const PAGE_BYTES = 2 * PART_BYTES;
/** Indexes one query looks up. */
const PAGE = 64;

/** The index of a row of `segments`, null where it has more than one part. */
export const indexInRow = sql`(select data from segment_indexes where segment_id = segments.id and index_size <= ${sql.lit(PART_BYTES)})`;

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
  for (const page of batches(ids, PAGE)) {
    let wanted = page;
    while (wanted.length > 0) {
      const rows = await readPage(db, wanted);
      for (const { id, size, data } of rows) {
        const part = bytesOf(data);
        const index = size > part.length ? await readRest(db, id, part, size) : part;
        if (index !== undefined) found.set(id, index);
      }
      wanted = rows.length === 0 ? [] : wanted.filter((id) => !rows.some((row) => row.id === id));
    }
  }
  return found;
}

/** The first parts of some of the indexes, and whole sizes: as many as one answer may hold, at least one if there is any. */
async function readPage(
  db: Kysely<Schema>,
  ids: readonly number[],
): Promise<readonly { id: number; size: number; data: ArrayBuffer | Uint8Array }[]> {
  const part = sql`min(index_size, ${sql.lit(PART_BYTES)})`;
  const query = sql<{ id: number; size: number; data: ArrayBuffer | Uint8Array }>`
    select id, size, data
    from (select id, index_size as size, sum(${part}) over (order by id) - ${part} as before
      from segments where id in (${sql.join(ids)}))
    join segment_indexes on segment_id = id
    where before < ${sql.lit(PAGE_BYTES)}`;
  return (await query.execute(db)).rows;
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
