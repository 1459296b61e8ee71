import { sql, type Kysely } from "kysely";
import type { CatalogDatabase } from "./database.ts";
import type { Schema } from "./schema.ts";
import { removeIndex } from "./segment-indexes.ts";
import type { NewSegment, UnsettledSegment } from "./types.ts";

/** Moments before which something must have happened to count as over, milliseconds since 1970. */
export interface SettledBefore {
  /** When an upload was last heard of. */
  readonly pendingMs: number;
  /** When a segment was deleted. */
  readonly tombstoneMs: number;
}

/** What names an upload. */
export type UploadName = Pick<NewSegment, "streamPath" | "owner" | "idempotencyKey">;

/** An upload under way that has an idempotency key. */
export interface NamedUpload {
  readonly id: number;
  /** When it was last heard of, by the clock of its node. */
  readonly heardMs: number;
}

/** See `Catalog.unsettled`. */
export async function unsettledSegments(
  db: Kysely<Schema>,
  before: SettledBefore,
  afterId: number,
  limit: number,
): Promise<UnsettledSegment[]> {
  const rows = await db
    .selectFrom("segments")
    .select(["id", "key", "state"])
    .where("state", "<>", sql.lit("ready" as const))
    .where("id", ">", afterId)
    .where((eb) =>
      eb.or([
        eb("state", "=", "pending").and("state_ms", "<", before.pendingMs),
        eb("state", "=", "tombstone").and("state_ms", "<", before.tombstoneMs),
      ]),
    )
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.flatMap(({ id, key, state }) => (state === "ready" ? [] : [{ id, key, state }]));
}

/** See `Catalog.uploadNamed`. */
export async function uploadNamed(
  db: Kysely<Schema>,
  { streamPath, owner = "", idempotencyKey = "" }: UploadName,
): Promise<NamedUpload | undefined> {
  const row = await db
    .selectFrom("segments")
    .select(["id", "state_ms"])
    .where("stream_path", "=", streamPath)
    .where("owner", "=", owner)
    .where("idempotency_key", "=", idempotencyKey)
    .where("state", "=", "pending")
    .executeTakeFirst();
  return row && { id: row.id, heardMs: row.state_ms };
}

/** See `Catalog.expireSegment`. */
export async function expireSegment(
  db: CatalogDatabase,
  id: number,
  nowMs: number,
  heardMs: number | undefined,
): Promise<boolean> {
  const expire = db.primary
    .updateTable("segments")
    .set({ state: "tombstone", state_ms: nowMs, idempotency_key: null })
    .where("id", "=", id)
    .where("state", "=", "pending")
    .$if(heardMs !== undefined, (rows) => rows.where("state_ms", "=", heardMs ?? 0))
    .returning("id");
  const [rows] = await db.batch([expire.compile()]);
  return rows.length > 0;
}

/** See `Catalog.renewSegment`. */
export async function renewSegment(db: CatalogDatabase, id: number, nowMs: number): Promise<boolean> {
  const renew = db.primary
    .updateTable("segments")
    .set({ state_ms: nowMs })
    .where("id", "=", id)
    .where("state", "=", "pending")
    .returning("id");
  const [rows] = await db.batch([renew.compile()]);
  return rows.length > 0;
}

/** Removes the row and the index of a segment that is in the given state: see `Catalog.abandonSegment` and `Catalog.forgetSegment`. */
export async function removeSegment(db: CatalogDatabase, id: number, state: "pending" | "tombstone"): Promise<void> {
  const remove = db.primary.deleteFrom("segments").where("id", "=", id).where("state", "=", state);
  await db.batch([...removeIndex(db.primary, id, state), remove.compile()]);
}
