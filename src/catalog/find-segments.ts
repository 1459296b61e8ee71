import { sql, type Kysely } from "kysely";
import { bytesOfHex } from "../base/bytes.ts";
import { bytesOf, packedColumns, segmentColumns, segmentOf, segmentOfPacked } from "./rows.ts";
import type { Schema } from "./schema.ts";
import { indexInRow } from "./segment-indexes.ts";
import type { ExpectedSegment, Segment } from "./types.ts";

/** Single segments, by what names them. */

const ready = sql.lit("ready" as const);

/** See `Catalog.segment` and `Catalog.segmentByKey`. */
export async function readySegment(
  db: Kysely<Schema>,
  name: { readonly id: number } | { readonly key: string },
  keepIndex?: (index: Uint8Array) => void,
): Promise<Segment | undefined> {
  const isNamed = "id" in name ? sql`id = ${name.id}` : sql`key = ${name.key}`;
  const index = keepIndex === undefined ? sql`null` : indexInRow;
  const { rows } = await sql<{ stream_path: string; packed: string; summary: ArrayBuffer; data: ArrayBuffer | null }>`
    select stream_path, ${packedColumns} as packed, summary, ${index} as data
    from segments where ${isNamed} and state = 'ready'`.execute(db);
  const [row] = rows;
  if (row !== undefined && row.data !== null) keepIndex?.(bytesOf(row.data));
  return row && segmentOfPacked(row.stream_path, row.packed, row.summary);
}

/** See `Catalog.segmentsByKey`. */
export async function segmentsByKey(db: Kysely<Schema>, keys: readonly string[]): Promise<Map<string, Segment>> {
  const rows = await db
    .selectFrom("segments")
    .select(segmentColumns)
    .where("key", "in", keys)
    .where("state", "=", ready)
    .execute();
  return new Map(rows.map((row) => [row.key, segmentOf(row)]));
}

/** See `Catalog.expectedSegment`. */
export async function expectedSegment(db: Kysely<Schema>, id: number): Promise<ExpectedSegment | undefined> {
  const row = await db
    .selectFrom("segments")
    .select(["id", "stream_path", "owner", "key", "size"])
    .where("id", "=", id)
    .where("state", "=", "pending")
    .where("size", ">", 0)
    .executeTakeFirst();
  return row && { id: row.id, streamPath: row.stream_path, owner: row.owner, key: row.key, size: row.size };
}

/** See `Catalog.wasDeleted`. */
export async function wasDeleted(db: Kysely<Schema>, id: number): Promise<boolean> {
  const { rows } = await sql<{ state: string | null; seq: number }>`
    select seq, (select state from segments where id = ${id}) as state
    from sqlite_sequence where name = 'segments'`.execute(db);
  const [row] = rows;
  return row !== undefined && id > 0 && id <= row.seq && (row.state === null || row.state === "tombstone");
}

/** See `Catalog.configured`. */
export async function configuredSegments(
  db: Kysely<Schema>,
  streamPath: string,
  hash: string,
  most: number,
): Promise<Segment[]> {
  const rows = await db
    .selectFrom("segments")
    .select(segmentColumns)
    .where("stream_path", "=", streamPath)
    .where("state", "=", ready)
    .where(sql<boolean>`substr(summary, 201, 8) = ${bytesOfHex(hash)}`)
    .orderBy("start_ms", "desc")
    .limit(most)
    .execute();
  return rows.map(segmentOf);
}

/** See `Catalog.readyAfter`. */
export async function readyAfter(db: Kysely<Schema>, afterId: number, limit: number): Promise<Segment[]> {
  const rows = await db
    .selectFrom("segments")
    .select(segmentColumns)
    .where("id", ">", afterId)
    // `+` keeps SQLite from preferring the index on streams, which would sort the whole table.
    .where(sql<string>`+state`, "=", ready)
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(segmentOf);
}

/** See `Catalog.deletedBytes`. */
export async function deletedBytes(db: Kysely<Schema>): Promise<number> {
  const row = await db
    .selectFrom("segments")
    .select((eb) => eb.fn.sum<number | null>("size").as("bytes"))
    .where("state", "=", "tombstone")
    // Else the index of unsettled segments is not taken.
    .where("state", "<>", ready)
    .executeTakeFirst();
  return row?.bytes ?? 0;
}

/** See `Catalog.knownKeys`. */
export async function knownKeys(db: Kysely<Schema>, keys: readonly string[]): Promise<Set<string>> {
  const rows = await db.selectFrom("segments").select("key").where("key", "in", keys).execute();
  return new Set(rows.map((row) => row.key));
}
