import type { Around, Interval } from "../base/interval.ts";
import { BoxcarError } from "../base/errors.ts";
import { beginSegment, completeSegment } from "./add-segment.ts";
import { addSegments } from "./add-segments.ts";
import { lastOf, type CatalogDatabase } from "./database.ts";
import { deleteSegments } from "./delete-segments.ts";
import { Events } from "./events.ts";
import {
  configuredSegments,
  deletedBytes,
  expectedSegment,
  knownKeys,
  readyAfter,
  readySegment,
  segmentsByKey,
  wasDeleted,
} from "./find-segments.ts";
import { Folders } from "./folders.ts";
import { GrowingSegments } from "./growing.ts";
import { Leases, type Fence } from "./leases.ts";
import { HourRows } from "./hours.ts";
import { listSegments } from "./list-segments.ts";
import { overlapping } from "./overlapping.ts";
import { OwnRecordings } from "./own-recordings.ts";
import { Room } from "./room.ts";
import { RECORDER } from "./rows.ts";
import { hasNewestSchema } from "./migrate.ts";
import { Mounts } from "./mounts.ts";
import { RecordedRows, type RecordedBounds } from "./recorded.ts";
import type { RecordedPage } from "./recorded-hours.ts";
import { TusRows } from "./tus-rows.ts";
import { indexesOf } from "./segment-indexes.ts";
import { Sources } from "./sources.ts";
import { countStreams, readStreams, recordedAround, recordedTime, streamsAround } from "./streams.ts";
import { countRated } from "./totals.ts";
import type {
  AddedSegment,
  BegunSegment,
  Deletion,
  EventLevel,
  ExpectedSegment,
  ListQuery,
  LyingSegment,
  NewSegment,
  ReadySegment,
  Segment,
  SegmentPage,
  Selection,
  StreamsQuery,
  StreamTotals,
} from "./types.ts";
import { UnsettledSegments } from "./unsettled.ts";
import { UploadRows } from "./upload-rows.ts";
import { WebhookRows } from "./webhook-rows.ts";
import { WideReads } from "./wide-reads.ts";

/**
 * What is recorded: which segments exist, when they were recorded, where their bytes lie and how they are built.
 *
 * A segment is `pending` while its object is written, then `ready`, then a `tombstone` until its object is gone. Only
 * ready segments are ever answered. Any call may throw BoxcarError `catalog_unavailable` (503) or, when it writes,
 * `catalog_busy` (503) and `store_full` (507).
 *
 * Reads of time ranges, lists, totals and indexes may come from a replica and lag behind writes; a replica that has
 * nothing is never believed. All other reads see every write that was answered.
 */
export class Catalog {
  readonly #db: CatalogDatabase;
  readonly #wide: WideReads;
  readonly #recorded: RecordedRows;
  /** What is being recorded in this process. */
  readonly growing = new GrowingSegments();
  /** What was made of hours that are over. */
  readonly hours: HourRows;
  /** Segments that are not ready: uploads under way, and deletions. */
  readonly unsettled: UnsettledSegments;
  /** Uploaded files that are no segments. */
  readonly uploads: UploadRows;
  /** Uploads that arrive in pieces. */
  readonly tus: TusRows;
  /** Folders whose files are segments where they lie. */
  readonly mounts: Mounts;
  /** Where streams come from. */
  readonly sources: Sources;
  /** What happened on streams. */
  readonly events: Events;
  /** What was recorded here. */
  readonly ownRecordings: OwnRecordings;
  /** The room that streams take. */
  readonly room: Room;
  /** Work that one node at a time holds. */
  readonly leases: Leases;
  /** What is to be told to consumers. */
  readonly webhooks: WebhookRows;
  /** Identities of the folders that belong to the catalog. */
  readonly folders: Folders;

  /** @param db a database that `migrate` has brought to the newest schema; stays the caller's to close */
  constructor(db: CatalogDatabase) {
    this.#db = db;
    this.#wide = new WideReads(db);
    this.hours = new HourRows(db);
    this.unsettled = new UnsettledSegments(db);
    this.#recorded = new RecordedRows(this.#wide, undefined, this.hours);
    this.room = new Room(db.primary);
    this.uploads = new UploadRows(db, this.room);
    this.tus = new TusRows(db, this.room);
    this.mounts = new Mounts(db);
    this.folders = new Folders(db);
    this.sources = new Sources(db);
    this.events = new Events(db);
    this.ownRecordings = new OwnRecordings(db.primary);
    this.leases = new Leases(db);
    this.webhooks = new WebhookRows(db);
  }

  /**
   * Notes that an object is about to be written. A known idempotency key gives the segment it named first.
   * @throws BoxcarError `idempotency_in_progress` (409), `idempotency_mismatch` (422), `segment_exists` (409) when a live segment has the key,
   *   and as `Room.check` does unless it is recorded here
   */
  async beginSegment(segment: NewSegment): Promise<BegunSegment> {
    if (segment.owner !== RECORDER) this.room.check(segment.streamPath);
    return beginSegment(this.#db, segment);
  }

  /**
   * Makes a pending segment ready, with its index, in one transaction. Its object must be durable by now.
   * @param fence the lease it was recorded under
   * @throws BoxcarError `upload_expired` (409) when the segment is no longer pending: delete its object; `taken_over` (409) when it ends
   *   after another node took over the lease: it is a tombstone then
   */
  completeSegment(id: number, segment: ReadySegment, fence?: Fence): Promise<AddedSegment> {
    return completeSegment(this.#db, id, segment, fence);
  }

  /**
   * Makes segments ready whose objects lie there already, a transaction for many.
   * @param segments whose indexes have at most `PART_BYTES` each
   * @returns those that were added, by key; the catalog has the keys of the others, or their idempotency keys
   */
  addSegments(segments: readonly LyingSegment[]): Promise<Map<string, AddedSegment>> {
    return addSegments(this.#db, segments);
  }

  /** A ready segment by id. @param keepIndex given its index, unless that is a large one */
  segment(id: number, keepIndex?: (index: Uint8Array) => void): Promise<Segment | undefined> {
    return readySegment(this.#db.primary, { id }, keepIndex);
  }

  /** Whether a segment was there once: ids are given out in order, and never twice. */
  wasDeleted(id: number): Promise<boolean> {
    return wasDeleted(this.#db.primary, id);
  }

  /**
   * Ready segments of a stream whose first sample entries have a hash, newest first.
   * @param hash 8 bytes, as the summary has them, hexadecimal
   */
  configured(streamPath: string, hash: string, most: number): Promise<Segment[]> {
    return configuredSegments(this.#db.primary, streamPath, hash, most);
  }

  /** A pending segment whose object others write, by id. */
  expectedSegment(id: number): Promise<ExpectedSegment | undefined> {
    return expectedSegment(this.#db.primary, id);
  }

  /** A ready segment by the key of its object. */
  segmentByKey(key: string): Promise<Segment | undefined> {
    return readySegment(this.#db.primary, { key });
  }

  /** Ready segments by the keys of their objects. @param keys at most 1000 */
  segmentsByKey(keys: readonly string[]): Promise<Map<string, Segment>> {
    return segmentsByKey(this.#db.primary, keys);
  }

  /**
   * Ready segments that overlap [startMs, endMs), ordered by start, then id, in pages of at most 64. A page is read when
   * it is asked for.
   */
  overlapping(streamPath: string, startMs: number, endMs: number): AsyncIterable<readonly Segment[]> {
    return overlapping(this.#wide, streamPath, startMs, endMs);
  }

  /**
   * Ready segments that overlap [startMs, endMs), ordered by start, then id, for plans: rows are kept and only read again
   * where something has changed.
   * @throws BoxcarError `range_too_large` (400), and as the pace does
   */
  recorded(streamPath: string, startMs: number, endMs: number, bounds?: RecordedBounds): AsyncIterable<RecordedPage> {
    return this.#recorded.pages(streamPath, startMs, endMs, bounds);
  }

  /** The distinct versions of the pages that `recorded` would give now, joined by commas: equal means the same segments. */
  recordedVersion(streamPath: string, startMs: number, endMs: number, around?: Around): Promise<string> {
    return this.#recorded.version(streamPath, startMs, endMs, around);
  }

  /** The indexes of segments by id, also of deleted ones while their row exists; unknown ids are left out. */
  async indexesOf(ids: readonly number[]): Promise<Map<number, Uint8Array>> {
    // Those that a replica does not have yet are asked for once more, at the primary.
    const found = new Map<number, Uint8Array>();
    for (const id of ids) {
      const index = id < 0 ? this.growing.index(id) : undefined;
      if (index !== undefined) found.set(id, index);
    }
    if (found.size === ids.length) return found;
    const missing = (): number[] => ids.filter((id) => !found.has(id));
    await this.#wide.read(
      async (db) => {
        for (const [id, index] of await indexesOf(db, missing())) found.set(id, index);
      },
      () => missing().length === 0,
    );
    return found;
  }

  /** From the first start (inclusive) to the latest end (exclusive) of any ready segment of a stream; undefined when it has none. */
  recordedTime(streamPath: string): Promise<Interval | undefined> {
    return this.#wide.read(
      (db) => recordedTime(db, streamPath),
      (found) => found !== undefined,
    );
  }

  /** The latest end of any ready segment of a stream, exclusive; undefined when there is none. */
  async newestEnd(streamPath: string): Promise<number | undefined> {
    return (await this.recordedTime(streamPath))?.endMs;
  }

  /**
   * When the ready segment of a stream ends that started last before a moment, and when the first one starts from then on.
   * @param startMs milliseconds since 1970
   */
  recordedAround(streamPath: string, startMs: number): ReturnType<typeof recordedAround> {
    return this.#wide.read(
      (db) => recordedAround(db, streamPath, startMs),
      ({ beforeMs, afterMs }) => beforeMs !== undefined || afterMs !== undefined,
    );
  }

  /** Streams whose paths come next to one in their order, as far as they match one of the patterns: up to 64 on either side. */
  streamsAround(streamPath: string, within: StreamsQuery["within"]): Promise<string[]> {
    return this.#wide.read(
      (db) => streamsAround(db, streamPath, within),
      (streams) => streams.length > 0,
    );
  }

  /** One page of ready segments, newest start first. */
  list(query: ListQuery): Promise<SegmentPage> {
    return this.#wide.read(
      (db) => listSegments(db, query),
      (page) => page.total > 0,
    );
  }

  /** Streams with ready segments, ordered by path. @param query default: all of them */
  streams(query: StreamsQuery = {}): Promise<StreamTotals[]> {
    return this.#wide.read(
      (db) => readStreams(db, query),
      (streams) => streams.length > 0,
    );
  }

  /** How many streams with ready segments there are. @param within patterns one of which each matches; default: all */
  countStreams(within?: StreamsQuery["within"]): Promise<number> {
    return this.#wide.read(
      (db) => countStreams(db, within),
      (found) => found > 0,
    );
  }

  /** Whether the catalog can be read, has the newest schema, and keeps what is written. @throws BoxcarError `catalog_unavailable` (503) */
  async ping(): Promise<void> {
    this.#db.checkFile?.();
    const isNewest = await this.#wide.read(hasNewestSchema, (newest) => newest);
    if (isNewest) return;
    throw new BoxcarError("catalog_unavailable", "The catalog has not been migrated to the newest schema.");
  }

  /**
   * Rates a ready segment; null takes the rating back.
   * @returns whether there is such a segment
   */
  async rateSegment(id: number, eventLevel: EventLevel | null): Promise<boolean> {
    const { primary } = this.#db;
    const rate = primary
      .updateTable("segments")
      .set({ event_level: eventLevel })
      .where("id", "=", id)
      .where("state", "=", "ready")
      .returning("id");
    const results = await this.#db.batch([...countRated(primary, id, eventLevel), rate.compile()]);
    return lastOf(results).length > 0;
  }

  /** Deletes the selected segments except protected ones: they are gone at once, their objects after a grace. */
  tombstone(selection: Selection, nowMs: number): Promise<Deletion> {
    return deleteSegments(this.#db, selection, nowMs);
  }

  /** Ready segments of all streams by id. @param afterId only ids above this one */
  readyAfter(afterId: number, limit: number): Promise<Segment[]> {
    return readyAfter(this.#db.primary, afterId, limit);
  }

  /** Says that the object of a ready segment has another entity tag than `etag`, since it was copied. */
  async retagSegment(id: number, etag: string, now: string): Promise<void> {
    const { primary } = this.#db;
    const retag = primary.updateTable("segments").set({ etag: now }).where("id", "=", id);
    await this.#db.batch([retag.where("etag", "=", etag).where("state", "=", "ready").compile()]);
  }

  /** Bytes of deleted segments whose objects may still be there. */
  deletedBytes(): Promise<number> {
    return deletedBytes(this.#db.primary);
  }

  /** Those of the given keys that any row names, whatever its state. @param keys at most 1000 */
  knownKeys(keys: readonly string[]): Promise<Set<string>> {
    return knownKeys(this.#db.primary, keys);
  }
}
