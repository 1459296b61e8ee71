import { sql } from "kysely";
import { bringTimesBack } from "./clock-skew.ts";
import type { CatalogDatabase } from "./database.ts";
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

/** Segments between two states: `pending` until an upload is over, a `tombstone` until the object is gone. */
export class UnsettledSegments {
  readonly #db: CatalogDatabase;

  constructor(db: CatalogDatabase) {
    this.#db = db;
  }

  /**
   * A page of them, by id: uploads begun and deletions made before the given moments.
   * @param afterId only ids above this one
   */
  async page(before: SettledBefore, afterId: number, limit: number): Promise<UnsettledSegment[]> {
    const rows = await this.#db.primary
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

  /** The upload under way that an idempotency key names. */
  async named({ streamPath, owner = "", idempotencyKey = "" }: UploadName): Promise<NamedUpload | undefined> {
    const row = await this.#db.primary
      .selectFrom("segments")
      .select(["id", "state_ms"])
      .where("stream_path", "=", streamPath)
      .where("owner", "=", owner)
      .where("idempotency_key", "=", idempotencyKey)
      .where("state", "=", "pending")
      .executeTakeFirst();
    return row && { id: row.id, heardMs: row.state_ms };
  }

  /**
   * Turns a pending segment into a tombstone, so that it can no longer become ready. False when it is not pending.
   * @param heardMs only while it was last heard of then
   */
  async expire(id: number, nowMs: number, heardMs?: number): Promise<boolean> {
    const expire = this.#db.primary
      .updateTable("segments")
      .set({ state: "tombstone", state_ms: nowMs, idempotency_key: null })
      .where("id", "=", id)
      .where("state", "=", "pending")
      .$if(heardMs !== undefined, (rows) => rows.where("state_ms", "=", heardMs ?? 0))
      .returning("id");
    const [rows] = await this.#db.batch([expire.compile()]);
    return rows.length > 0;
  }

  /**
   * Says that a pending segment's upload is still under way: from every upload, more often than pending segments are
   * given up.
   * @returns false when it is no longer pending
   */
  async renew(id: number, nowMs: number): Promise<boolean> {
    const renew = this.#db.primary
      .updateTable("segments")
      .set({ state_ms: nowMs })
      .where("id", "=", id)
      .where("state", "=", "pending")
      .returning("id");
    const [rows] = await this.#db.batch([renew.compile()]);
    return rows.length > 0;
  }

  /** Removes a pending segment and its index. Any other is left alone. Its object must already be gone. */
  abandon(id: number): Promise<void> {
    return this.#remove(id, "pending");
  }

  /** Removes a tombstone and its index. Its object must already be gone. */
  forget(id: number): Promise<void> {
    return this.#remove(id, "tombstone");
  }

  /** See `bringTimesBack`. */
  bringTimesBack(nowMs: number): Promise<void> {
    return bringTimesBack(this.#db, nowMs);
  }

  async #remove(id: number, state: "pending" | "tombstone"): Promise<void> {
    const { primary } = this.#db;
    const remove = primary.deleteFrom("segments").where("id", "=", id).where("state", "=", state);
    await this.#db.batch([...removeIndex(primary, id, state), remove.compile()]);
  }
}
