import { sql, type Selectable, type SqlBool } from "kysely";
import type { CatalogDatabase } from "./database.ts";
import type { Room } from "./room.ts";
import type { TusUploadTable } from "./schema.ts";
import type { UploadClaim } from "./upload-rows.ts";

/** The segment that an upload becomes: its stream, and what was said of its start, as `AskedStart` has it. */
export interface AnnouncedSegment {
  readonly streamPath: string;
  readonly startMs?: number | undefined;
  readonly precisionMs?: number | undefined;
  readonly zone?: string | undefined;
  readonly defaultZone?: string | undefined;
  readonly maxDurationMs?: number | undefined;
}

/** An upload that arrives in pieces. */
export interface TusUpload {
  readonly id: string;
  /** Who began it; nobody else finds it. */
  readonly owner: string;
  /** Bytes of the whole file. */
  readonly length: number;
  /** How many of them are kept. */
  readonly received: number;
  /** In how many pieces these came. */
  readonly pieces: number;
  /** The sender's name for the file. */
  readonly fileName: string;
  readonly imageClassId: number;
  /** When it is over: given up, or forgotten once it is finished. Milliseconds since 1970. */
  readonly untilMs: number;
  /** Key of the finished file; undefined before. */
  readonly fileKey: string | undefined;
  /** The segment that it becomes; undefined: it becomes a file. */
  readonly announced: AnnouncedSegment | undefined;
  /** Of the finished segment; undefined before. */
  readonly segmentId: number | undefined;
}

/** A stored piece of a resumable upload. */
export interface TusPiece {
  readonly offset: number;
  readonly size: number;
  readonly key: string;
  readonly etag: string;
}

/** The moment of a change, and until when it keeps the upload from being over. Milliseconds since 1970. */
export interface Extension {
  readonly nowMs: number;
  readonly untilMs: number;
}

/** Uploads that arrive in pieces, and their pieces. Calls throw as `Catalog`'s do. */
export class TusRows {
  readonly #db: CatalogDatabase;
  readonly #room: Room;

  constructor(db: CatalogDatabase, room: Room) {
    this.#db = db;
    this.#room = room;
  }

  /** Notes a new upload. */
  async create({ id, owner, length, fileName, imageClassId, untilMs, announced }: TusUpload): Promise<void> {
    this.#room.check(announced?.streamPath);
    await this.#db.checkRoom?.();
    const insert = this.#db.primary.insertInto("resumable_uploads").values({
      ...{ id, owner, total: length, file_name: fileName },
      ...{ image_class_id: imageClassId, until_ms: untilMs },
      segment: announced === undefined ? null : JSON.stringify(announced),
    });
    await this.#db.batch([insert.compile()]);
  }

  /** An upload that is not over. */
  async find(id: string, nowMs: number): Promise<TusUpload | undefined> {
    const row = await this.#db.primary
      .selectFrom("resumable_uploads")
      .selectAll()
      .where("id", "=", id)
      .where("until_ms", ">", nowMs)
      .executeTakeFirst();
    return row && uploadOf(row);
  }

  /** The pieces of an upload in their order. */
  pieces(id: string): Promise<TusPiece[]> {
    return this.#db.primary
      .selectFrom("resumable_pieces")
      .select(["offset", "size", "key", "etag"])
      .where("upload_id", "=", id)
      .orderBy("offset")
      .execute();
  }

  /**
   * Adds a piece whose object is durable.
   * @returns false when the upload does not end where the piece begins, or is over: the piece is nobody's
   */
  async append(id: string, { offset, size, key, etag }: TusPiece, { nowMs, untilMs }: Extension): Promise<boolean> {
    const { primary } = this.#db;
    const add = sql`insert into resumable_pieces (upload_id, "offset", size, key, etag)
      select id, ${offset}, ${size}, ${key}, ${etag} from resumable_uploads
      where id = ${id} and received = ${offset} and until_ms > ${nowMs}`;
    const advance = this.#advance(id, { offset, size }, { nowMs, untilMs });
    const [, rows] = await this.#db.batch([add.compile(primary), advance.compile()]);
    return rows.length > 0;
  }

  /**
   * Finishes an upload together with its file: the last `size` bytes count as received when the pending file `key` becomes
   * stored, and it does so only if they were still missing.
   */
  finishing(id: string, last: Pick<TusPiece, "offset" | "size">, key: string, extension: Extension): UploadClaim {
    const isPending = sql<SqlBool>`exists (select 1 from uploads
      where key = ${key} and area = 'store' and state = 'pending')`;
    return {
      change: this.#advance(id, last, extension).set({ file_key: key }).where(isPending).compile(),
      holds: sql<SqlBool>`exists (select 1 from resumable_uploads where id = ${id} and file_key = ${key})`,
    };
  }

  /**
   * Finishes an upload whose segment is ready: its last bytes count as received.
   * @returns false when they did already, or the upload is over
   */
  async finishSegment(
    id: string,
    last: Pick<TusPiece, "offset" | "size">,
    segmentId: number,
    extension: Extension,
  ): Promise<boolean> {
    const finish = this.#advance(id, last, extension).set({ segment_id: segmentId });
    const [rows] = await this.#db.batch([finish.compile()]);
    return rows.length > 0;
  }

  #advance(id: string, { offset, size }: Pick<TusPiece, "offset" | "size">, { nowMs, untilMs }: Extension) {
    return this.#db.primary
      .updateTable("resumable_uploads")
      .set({ received: offset + size, pieces: sql`pieces + 1`, until_ms: untilMs })
      .where("id", "=", id)
      .where("received", "=", offset)
      .where("until_ms", ">", nowMs)
      .returning("id");
  }

  /** Ends an upload: it is not found any more, and takes no more pieces. */
  async expire(id: string, nowMs: number): Promise<void> {
    const expire = this.#db.primary
      .updateTable("resumable_uploads")
      .set({ until_ms: nowMs })
      .where("id", "=", id)
      .where("until_ms", ">", nowMs);
    await this.#db.batch([expire.compile()]);
  }

  /** Ids of uploads that were over by a moment, in order. @param afterId only ids above this one */
  async over(byMs: number, afterId: string, limit: number): Promise<string[]> {
    const rows = await this.#db.primary
      .selectFrom("resumable_uploads")
      .select("id")
      .where("until_ms", "<=", byMs)
      .where("id", ">", afterId)
      .orderBy("id")
      .limit(limit)
      .execute();
    return rows.map(({ id }) => id);
  }

  /** Removes an upload that was over by a moment. Its pieces must already be gone. */
  async forget(id: string, byMs: number): Promise<void> {
    const { primary } = this.#db;
    const doomed = sql`(select id from resumable_uploads where id = ${id} and until_ms <= ${byMs})`;
    await this.#db.batch([
      sql`delete from resumable_pieces where upload_id = ${doomed}`.compile(primary),
      primary.deleteFrom("resumable_uploads").where("id", "=", id).where("until_ms", "<=", byMs).compile(),
    ]);
  }
}

function uploadOf(row: Selectable<TusUploadTable>): TusUpload {
  return {
    id: row.id,
    owner: row.owner,
    length: row.total,
    received: row.received,
    pieces: row.pieces,
    fileName: row.file_name,
    imageClassId: row.image_class_id,
    untilMs: row.until_ms,
    fileKey: row.file_key ?? undefined,
    announced: row.segment === null ? undefined : (JSON.parse(row.segment) as AnnouncedSegment),
    segmentId: row.segment_id ?? undefined,
  };
}
