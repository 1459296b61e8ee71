import { sql, type Kysely } from "kysely";
import { beginSegment, completeSegment } from "./add-segment.ts";
import { deleteSegments } from "./delete-segments.ts";
import { listSegments } from "./list-segments.ts";
import { indexesOf, overlapping } from "./overlapping.ts";
import { RecordedRows, type RecordedPage } from "./recorded.ts";
import { segmentColumns, segmentOf } from "./rows.ts";
import type { Schema } from "./schema.ts";
import { countRated } from "./totals.ts";
import type {
  BegunSegment,
  Deletion,
  EventLevel,
  ListQuery,
  NewSegment,
  Place,
  ReadySegment,
  Segment,
  SegmentPage,
  SegmentWithIndex,
  Selection,
  StreamTotals,
  UnsettledSegment,
} from "./types.ts";
import { Writer } from "./writer.ts";

const ready = sql.lit("ready" as const);

/**
 * What is recorded: which segments exist, when they were recorded, where their bytes lie and how they are built.
 *
 * A segment is `pending` while its object is written, then `ready`, then a `tombstone` until its object is gone. Only
 * ready segments are ever answered. Any call may throw BoxcarError `catalog_busy` (503) or, when it writes,
 * `store_full` (507).
 */
export class Catalog {
  readonly #db: Kysely<Schema>;
  readonly #writer: Writer;
  readonly #recorded: RecordedRows;
  /** Segments begun here that are neither ready nor given up. */
  readonly #begun = new Set<number>();

  /** @param db a database that `migrate` has brought to the newest schema; stays the caller's to destroy */
  constructor(db: Kysely<Schema>) {
    this.#db = db;
    this.#writer = new Writer(db);
    this.#recorded = new RecordedRows(db);
  }

  /**
   * Notes that an object is about to be written. A known idempotency key gives the segment it named first.
   * @throws BoxcarError `idempotency_in_progress` (409), `segment_exists` (409) when a live segment has the key
   */
  async beginSegment(segment: NewSegment): Promise<BegunSegment> {
    const begun = await this.#writer.run((trx) => beginSegment(trx, segment));
    if (begun.existing === undefined) this.#begun.add(begun.id);
    return begun;
  }

  /**
   * Makes a pending segment ready, with its index, in one transaction. Its object must be durable by now.
   * @throws BoxcarError `upload_expired` (409) when the segment is no longer pending: delete its object
   */
  async completeSegment(id: number, segment: ReadySegment): Promise<Segment> {
    const completed = await this.#writer.run((trx) => completeSegment(trx, id, segment));
    this.#begun.delete(id);
    return completed;
  }

  /** Removes a pending segment. Any other is left alone. Its object must already be gone. */
  async abandonSegment(id: number): Promise<void> {
    this.#begun.delete(id);
    await this.#writer.run((trx) =>
      trx.deleteFrom("segments").where("id", "=", id).where("state", "=", "pending").execute(),
    );
  }

  /** A ready segment by id. */
  async segment(id: number): Promise<Segment | undefined> {
    const row = await this.#db
      .selectFrom("segments")
      .select(segmentColumns)
      .where("id", "=", id)
      .where("state", "=", ready)
      .executeTakeFirst();
    return row && segmentOf(row);
  }

  /** A ready segment by the key of its object. */
  async segmentByKey(key: string): Promise<Segment | undefined> {
    const row = await this.#db
      .selectFrom("segments")
      .select(segmentColumns)
      .where("key", "=", key)
      .where("state", "=", ready)
      .executeTakeFirst();
    return row && segmentOf(row);
  }

  /**
   * Ready segments that overlap [startMs, endMs), ordered by start, then id, in pages of at most 64 (fewer where their
   * indexes are large). A page is read when it is asked for.
   */
  overlapping(
    streamPath: string,
    startMs: number,
    endMs: number,
    options: { readonly withIndex?: boolean } = {},
  ): AsyncIterable<readonly SegmentWithIndex[]> {
    return overlapping(this.#db, streamPath, startMs, endMs, options.withIndex ?? false);
  }

  /**
   * Ready segments that overlap [startMs, endMs), ordered by start, then id, for plans: rows are kept and only read again
   * where something has changed.
   */
  recorded(streamPath: string, startMs: number, endMs: number): AsyncIterable<RecordedPage> {
    return this.#recorded.pages(streamPath, startMs, endMs);
  }

  /** The distinct versions of the pages that `recorded` would give now, joined by commas: equal means the same segments. */
  recordedVersion(streamPath: string, startMs: number, endMs: number): Promise<string> {
    return this.#recorded.version(streamPath, startMs, endMs);
  }

  /** The indexes of segments by id, also of deleted ones while their row exists; unknown ids are left out. */
  indexesOf(ids: readonly number[]): Promise<Map<number, Uint8Array>> {
    return indexesOf(this.#db, ids);
  }

  /** The latest end of any ready segment of a stream, exclusive; undefined when there is none. */
  async newestEnd(streamPath: string): Promise<number | undefined> {
    const row = await this.#db
      .selectFrom("streams")
      .select("end_ms")
      .where("stream_path", "=", streamPath)
      .executeTakeFirst();
    return row?.end_ms;
  }

  /** One page of ready segments, newest start first. */
  list(query: ListQuery): Promise<SegmentPage> {
    return listSegments(this.#db, query);
  }

  /** Every stream with ready segments, ordered by path. */
  async streams(): Promise<StreamTotals[]> {
    const rows = await this.#db.selectFrom("streams").selectAll().orderBy("stream_path").execute();
    return rows.map((row) => ({
      streamPath: row.stream_path,
      count: row.count,
      startMs: row.start_ms,
      endMs: row.end_ms,
      bytes: row.bytes,
    }));
  }

  /**
   * Rates a ready segment; null takes the rating back.
   * @returns whether there is such a segment
   */
  rateSegment(id: number, eventLevel: EventLevel | null): Promise<boolean> {
    return this.#writer.run(async (trx) => {
      const row = await trx
        .selectFrom("segments")
        .select(["stream_path", "start_ms", "event_level"])
        .where("id", "=", id)
        .where("state", "=", ready)
        .executeTakeFirst();
      if (row === undefined) return false;
      await trx.updateTable("segments").set({ event_level: eventLevel }).where("id", "=", id).execute();
      await countRated(trx, row.stream_path, row.start_ms, row.event_level, eventLevel);
      return true;
    });
  }

  /** Deletes the selected segments except protected ones: they are gone at once, their objects after a grace. */
  tombstone(selection: Selection, nowMs: number): Promise<Deletion> {
    return deleteSegments(this.#db, this.#writer, selection, nowMs);
  }

  /**
   * Segments between two states, by id: uploads begun and deletions made before the given moments.
   * @param afterId only ids above this one
   */
  async unsettled(
    before: { readonly pendingMs: number; readonly tombstoneMs: number },
    afterId: number,
    limit: number,
  ): Promise<UnsettledSegment[]> {
    const rows = await this.#db
      .selectFrom("segments")
      .select(["id", "key", "state"])
      .where("state", "<>", ready)
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

  /** Whether this catalog began the segment and its upload has neither been completed nor given up. */
  isUploading(id: number): boolean {
    return this.#begun.has(id);
  }

  /** Turns a pending segment into a tombstone, so that it can no longer become ready. False when it is not pending. */
  expireSegment(id: number, nowMs: number): Promise<boolean> {
    this.#begun.delete(id);
    return this.#writer.run(async (trx) => {
      const row = await trx
        .updateTable("segments")
        .set({ state: "tombstone", state_ms: nowMs, idempotency_key: null })
        .where("id", "=", id)
        .where("state", "=", "pending")
        .returning("id")
        .executeTakeFirst();
      return row !== undefined;
    });
  }

  /** Removes a tombstone and its index. Its object must already be gone. */
  async forgetSegment(id: number): Promise<void> {
    await this.#writer.run(async (trx) => {
      const row = await trx
        .selectFrom("segments")
        .select("id")
        .where("id", "=", id)
        .where("state", "=", "tombstone")
        .executeTakeFirst();
      if (row === undefined) return;
      await trx.deleteFrom("segment_indexes").where("segment_id", "=", id).execute();
      await trx.deleteFrom("segments").where("id", "=", id).execute();
    });
  }

  /** Ready segments of all streams by id. @param afterId only ids above this one */
  async readyAfter(afterId: number, limit: number): Promise<Segment[]> {
    const rows = await this.#db
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

  /** Those of the given keys that any row names, whatever its state. @param keys at most 1000 */
  async knownKeys(keys: readonly string[]): Promise<Set<string>> {
    const rows = await this.#db.selectFrom("segments").select("key").where("key", "in", keys).execute();
    return new Set(rows.map((row) => row.key));
  }

  /** The number of a folder whose files are segments where they lie; it is given one when it has none. */
  place(path: string): Promise<number> {
    return this.#writer.run(async (trx) => {
      const known = await trx.selectFrom("places").select("id").where("path", "=", path).executeTakeFirst();
      if (known !== undefined) return known.id;
      const row = await trx.insertInto("places").values({ path }).returning("id").executeTakeFirstOrThrow();
      return row.id;
    });
  }

  /** All folders `place` has numbered. */
  places(): Promise<Place[]> {
    return this.#db.selectFrom("places").select(["id", "path"]).orderBy("id").execute();
  }
}
