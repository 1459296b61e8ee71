import { sql, type CompiledQuery, type RawBuilder, type Selectable, type SqlBool } from "kysely";
import { BoxcarError } from "../base/errors.ts";
import type { CatalogDatabase } from "./database.ts";
import type { Room } from "./room.ts";
import { bytesOf } from "./rows.ts";
import type { UploadTable } from "./schema.ts";

/** Where an uploaded file lies: in the store, or in the folder of public files on this machine's disk. */
export type UploadArea = "store" | "public";

/** What an uploaded video is made of. */
export interface UploadMedia {
  /** Pixels as presented, 0 without video. */
  readonly width: number;
  readonly height: number;
  /** Seconds. */
  readonly duration: number;
  /** RFC 6381, comma separated, in track order. */
  readonly codecs: string;
}

/** One uploaded file. */
export interface Upload {
  /** Never given out twice. */
  readonly id: number;
  readonly area: UploadArea;
  /** Where the bytes lie in their area. */
  readonly key: string;
  /** Media type, found in the bytes. */
  readonly contentType: string;
  /** Bytes. */
  readonly size: number;
  /** The stored object's ETag, without quotes. */
  readonly etag: string;
  /** The front end's own number for a group of files. */
  readonly imageClassId: number;
  readonly media: UploadMedia | undefined;
  readonly createdMs: number;
}

/** A file that is about to be written. `size` is 0 unless its sender has announced it. */
export type NewUpload = Pick<Upload, "area" | "key" | "contentType" | "size" | "imageClassId" | "createdMs"> & {
  /** When it may be given up unless it is finished or extended by then. Milliseconds since 1970. */
  readonly untilMs: number;
};

/** What makes a pending upload a stored one. */
export type StoredUpload = Pick<Upload, "id" | "contentType" | "size" | "etag" | "imageClassId" | "media"> & {
  /** Segment index of an MP4. */
  readonly index: Uint8Array | undefined;
};

/** A change that stands or falls with making uploads stored. */
export interface UploadClaim {
  /** Runs first, in the same transaction. */
  readonly change: CompiledQuery;
  /** Whether it did what it should. */
  readonly holds: RawBuilder<SqlBool>;
}

/** An upload that is neither stored nor given up. */
export type PendingUpload = Pick<Upload, "id" | "key" | "contentType" | "size" | "imageClassId">;

/** An upload that was given up, or deleted, and whose object may still exist. */
export type UnsettledUpload = Pick<Upload, "id" | "area" | "key">;

const columns = ["id", "area", "key", "content_type", "size", "etag", "image_class_id", "media", "created_ms"] as const;

/** An index of more bytes is not kept: a database server takes no larger value. That is some hours of video. */
const MAX_INDEX = 1 << 20;

/**
 * Uploaded files. One is `pending` while its object is written, then `stored`, and a `tombstone` once it is given up,
 * until its object is gone. Only stored ones are ever answered. Calls throw as `Catalog`'s do.
 */
export class UploadRows {
  readonly #db: CatalogDatabase;
  readonly #room: Room;

  constructor(db: CatalogDatabase, room: Room) {
    this.#db = db;
    this.#room = room;
  }

  /** Notes that an object is about to be written. @returns the id */
  async begin({ area, key, contentType, size, imageClassId, createdMs, untilMs }: NewUpload): Promise<number> {
    if (area === "store") this.#room.check();
    await this.#db.checkRoom?.();
    const insert = this.#db.primary
      .insertInto("uploads")
      .values({
        ...{ area, key, state: "pending", content_type: contentType, size },
        ...{ image_class_id: imageClassId, created_ms: createdMs, until_ms: untilMs },
      })
      .returning("id");
    const [[row]] = await this.#db.batch([insert.compile()]);
    if (row === undefined) throw new Error("a new upload was given no id");
    return row.id;
  }

  /** Keeps pending uploads from being given up before `untilMs`. */
  async extend(ids: readonly number[], untilMs: number): Promise<void> {
    const extend = this.#db.primary
      .updateTable("uploads")
      .set({ until_ms: untilMs })
      .where("id", "in", ids)
      .where("state", "=", "pending");
    await this.#db.batch([extend.compile()]);
  }

  /**
   * Makes pending uploads stored, in one transaction. Their objects must be durable by now.
   * @returns them, in the order given
   * @throws BoxcarError `upload_expired` (409) when one is no longer pending, or the claim fails: expire the others
   */
  async complete(uploads: readonly StoredUpload[], claim?: UploadClaim): Promise<Upload[]> {
    const indexes = uploads.flatMap(({ id, index }) =>
      index === undefined || index.length > MAX_INDEX
        ? []
        : [
            sql`insert into upload_indexes (upload_id, data)
              select id, ${index} from uploads where id = ${id} and state = 'pending'`.compile(this.#db.primary),
          ],
    );
    const changes = uploads.map(({ id, contentType, size, etag, imageClassId, media }) =>
      this.#db.primary
        .updateTable("uploads")
        .set({
          state: "stored",
          content_type: contentType,
          size,
          etag,
          image_class_id: imageClassId,
          media: media === undefined ? null : JSON.stringify(media),
        })
        .where("id", "=", id)
        .where("state", "=", "pending")
        .where(claim?.holds ?? sql<SqlBool>`true`)
        .returning(columns)
        .compile(),
    );
    const before = [...(claim === undefined ? [] : [claim.change]), ...indexes];
    const results = await this.#db.batch([...before, ...changes]);
    const stored = results.slice(before.length).flatMap((rows) => (rows as UploadRow[]).map(uploadOf));
    if (stored.length === uploads.length) return stored;
    const message = "The upload took so long that it was given up. Upload the file again.";
    throw new BoxcarError("upload_expired", message);
  }

  /** A stored upload by its key. */
  find(area: UploadArea, key: string): Promise<Upload | undefined> {
    return this.#byKey(area, key, "stored");
  }

  /** Stored uploads by id. @param afterId only ids above this one */
  async storedAfter(afterId: number, limit: number): Promise<Upload[]> {
    const rows = await this.#db.primary
      .selectFrom("uploads")
      .select(columns)
      .where("id", ">", afterId)
      .where("state", "=", "stored")
      .orderBy("id")
      .limit(limit)
      .execute();
    return rows.map(uploadOf);
  }

  /** Says that the object of a stored upload has another entity tag than `etag`, since it was copied. */
  async retag(id: number, etag: string, now: string): Promise<void> {
    const retag = this.#db.primary.updateTable("uploads").set({ etag: now }).where("id", "=", id);
    await this.#db.batch([retag.where("etag", "=", etag).where("state", "=", "stored").compile()]);
  }

  /** A pending upload by its key. */
  pending(area: UploadArea, key: string): Promise<PendingUpload | undefined> {
    return this.#byKey(area, key, "pending");
  }

  async #byKey(area: UploadArea, key: string, state: "pending" | "stored"): Promise<Upload | undefined> {
    const row = await this.#db.primary
      .selectFrom("uploads")
      .select(columns)
      .where("key", "=", key)
      .where("area", "=", area)
      .where("state", "=", state)
      .executeTakeFirst();
    return row && uploadOf(row);
  }

  /** The segment index of a stored MP4; undefined when it has none, or an uncommonly large one. */
  async indexOf(id: number): Promise<Uint8Array | undefined> {
    const row = await this.#db.primary
      .selectFrom("upload_indexes")
      .select("data")
      .where("upload_id", "=", id)
      .executeTakeFirst();
    return row && bytesOf(row.data);
  }

  /** Takes an upload back, so that it can no longer become stored, and is not answered any more. */
  async expire(id: number): Promise<void> {
    const expire = this.#db.primary.updateTable("uploads").set({ state: "tombstone" }).where("id", "=", id);
    await this.#db.batch([expire.compile()]);
  }

  /**
   * Gives up a pending upload whose time is over.
   * @returns whether it is a tombstone now
   */
  async giveUp(id: number, nowMs: number): Promise<boolean> {
    const giveUp = this.#db.primary
      .updateTable("uploads")
      .set({ state: "tombstone" })
      .where("id", "=", id)
      .where("state", "=", "pending")
      .where("until_ms", "<", nowMs);
    const read = this.#db.primary.selectFrom("uploads").select("state").where("id", "=", id);
    const [, [row]] = await this.#db.batch([giveUp.compile(), read.compile()]);
    return row?.state === "tombstone";
  }

  /** Uploads that were given up, or should be, by id. @param afterId only ids above this one */
  async unsettled(nowMs: number, afterId: number, limit: number): Promise<UnsettledUpload[]> {
    return this.#db.primary
      .selectFrom("uploads")
      .select(["id", "area", "key"])
      .where("state", "<>", "stored")
      .where("id", ">", afterId)
      .where((eb) => eb.or([eb("state", "=", "tombstone"), eb("until_ms", "<", nowMs)]))
      .orderBy("id")
      .limit(limit)
      .execute();
  }

  /** Removes a tombstone. Its object must already be gone. */
  async forget(id: number): Promise<void> {
    const doomed = sql`(select id from uploads where id = ${id} and state = 'tombstone')`;
    await this.#db.batch([
      sql`delete from upload_indexes where upload_id = ${doomed}`.compile(this.#db.primary),
      this.#db.primary.deleteFrom("uploads").where("id", "=", id).where("state", "=", "tombstone").compile(),
    ]);
  }
}

type UploadRow = Pick<Selectable<UploadTable>, (typeof columns)[number]>;

function uploadOf(row: UploadRow): Upload {
  return {
    id: row.id,
    area: row.area,
    key: row.key,
    contentType: row.content_type,
    size: row.size,
    etag: row.etag,
    imageClassId: row.image_class_id,
    media: row.media === null ? undefined : (JSON.parse(row.media) as UploadMedia),
    createdMs: row.created_ms,
  };
}
