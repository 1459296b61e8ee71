import type { Catalog } from "../catalog/catalog.ts";
import type { Segment } from "../catalog/types.ts";
import { batches } from "../base/batches.ts";
import { firstPart } from "../base/stream-path.ts";
import { EARLIEST_MS } from "../base/time.ts";
import { sharesOf } from "./shares.ts";

/** Segments that one pass removes for one reason at most. */
const MOST_REMOVED = 5000;
/** Segments that are removed at once. */
const BATCH = 200;
/** Part of what is free above a disk's high mark that recordings may take whom nobody makes room for. */
const LAST_ROOM = 0.5;

/** How full a disk is, and may be. */
export interface DiskUse {
  /** Bytes. */
  readonly used: number;
  readonly total: number;
}

/** What retention works with. */
export interface RetentionParts {
  readonly catalog: Catalog;
  /** The disk of the recordings; absent: they are not on one. */
  readonly disk?: (() => Promise<DiskUse>) | undefined;
  /** Parts of the disk, 0 to 1: above `high`, the oldest recordings are removed until `low` is reached. Absent: never. */
  readonly water?: Marks | undefined;
  /** Bytes of what was recorded: above `high`, the oldest recordings are removed until `low` is reached. Absent: never. */
  readonly bytes?: Marks | undefined;
}

/** When removing begins, and when it ends. */
interface Marks {
  readonly high: number;
  readonly low: number;
}

/** How it is done. */
interface HowToRetain {
  /** Only tells what would be removed. */
  readonly dryRun?: boolean | undefined;
  /** The time that ages are reckoned by. Default: now. */
  readonly believedMs?: number | undefined;
  /** Bytes by which recordings have grown since the pass before. Default: 0. */
  readonly grownBytes?: number | undefined;
}

/** A segment that is removed. */
export interface Removed {
  readonly segment: Segment;
  readonly reason: "age" | "bytes" | "disk" | "store";
}

/**
 * Removes what sources do not keep any longer, by age, then by bytes, and the oldest recordings of a disk, or of a store, that is too full; the
 * oldest first, but none of who has no more than its share. Segments of events rated `high` are not removed while they are protected. Downloads of what is removed that are under way
 * come to their end. Events go that protect nothing any more.
 */
export async function* retain(
  parts: RetentionParts,
  nowMs: number,
  { dryRun = false, believedMs = nowMs, grownBytes = 0 }: HowToRetain = {},
): AsyncGenerator<Removed> {
  const { catalog } = parts;
  /** What would be gone by now. */
  const told = { ids: new Set<number>(), bytes: 0 };
  const remove = async function* (
    doomed: AsyncIterable<Segment> | Iterable<Segment>,
    reason: Removed["reason"],
  ): AsyncGenerator<Removed> {
    for await (const segment of removing(catalog, doomed, nowMs, dryRun)) {
      if (dryRun) {
        told.ids.add(segment.id);
        told.bytes += segment.size;
      }
      yield { segment, reason };
    }
  };
  for (const { streamPath, retentionMs, retentionBytes, protectedMs } of await catalog.sources.all()) {
    const before = told.bytes;
    const unprotectedMs = protectedMs === null ? Number.NEGATIVE_INFINITY : believedMs - protectedMs;
    if (!dryRun && protectedMs !== null) await unprotect(catalog, streamPath, unprotectedMs);
    const may = ({ id, eventLevel, endMs }: Segment): boolean =>
      !told.ids.has(id) && (eventLevel !== "high" || endMs <= unprotectedMs);
    if (retentionMs !== null) yield* remove(only(olderThan(catalog, streamPath, believedMs - retentionMs), may), "age");
    if (retentionBytes === null) continue;
    const [totals] = await catalog.streams({ within: [streamPath] });
    const keptBytes = (totals?.bytes ?? 0) - (told.bytes - before);
    yield* remove(first(only(oldestOf(catalog, streamPath, nowMs), may), keptBytes - retentionBytes), "bytes");
  }
  if (!dryRun) await catalog.events.forget(believedMs);
  const { disk, water, bytes } = parts;
  if (disk !== undefined && water !== undefined) {
    const excess = await diskExcess(parts, told.bytes);
    if (excess > 0) yield* remove(oldestOfAll(catalog, told.ids, excess, "all"), "disk");
    // Where uploads are in the way, recordings get no smaller by it, but they go on: what is new takes the room of what is old.
    const last = water.high + (1 - water.high) * LAST_ROOM;
    const beyond = Math.min(grownBytes, await diskExcess({ ...parts, water: { high: last, low: last } }, told.bytes));
    if (beyond > 0) yield* remove(oldestOfAll(catalog, told.ids, beyond, "recorded"), "disk");
  }
  const excess = await storeExcess(catalog, told.ids, bytes);
  if (excess > 0) yield* remove(oldestOfAll(catalog, told.ids, excess, "recorded"), "store");
}

/**
 * By how many bytes uploads are above their share of a disk that is too full, by first part of their stream paths: what retention cannot
 * make up for. Of one that has the disk for itself nothing is said.
 */
export async function overShares(parts: RetentionParts): Promise<Map<string, number>> {
  const excess = await diskExcess(parts, 0);
  if (excess <= 0) return new Map();
  const shares = sharesOf(await parts.catalog.room.uses(), excess, "all");
  if (shares.size === 1) return new Map();
  return new Map([...shares].flatMap(([name, { over }]) => (over > 0 ? [[name, over]] : [])));
}

/**
 * The oldest recordings, of so many bytes together, whosever they are: but of those streams alone that have more than their share of
 * what is left then. So none loses what it has to another that takes more.
 * @param counted what is in the way: of `all`, uploads, too, what those streams cannot give, since it is protected, is asked of all others
 *   of the same first part
 */
async function* oldestOfAll(
  catalog: Catalog,
  goneIds: ReadonlySet<number>,
  excess: number,
  counted: "all" | "recorded",
): AsyncGenerator<Segment> {
  const uses = await catalog.room.uses();
  for (const [streamPath, gone] of await catalog.ownRecordings.among(goneIds)) {
    const { recorded = 0, uploaded = 0 } = uses.get(streamPath) ?? {};
    uses.set(streamPath, { recorded: recorded - gone.recorded, uploaded: uploaded - gone.uploaded });
  }
  const shares = sharesOf(uses, excess, counted);
  const has = new Map(Array.from(uses, ([streamPath, { recorded }]) => [streamPath, recorded]));
  const taken = new Set(goneIds);
  let left = excess;
  for (const isAsked of counted === "all" ? [false, true] : [false]) {
    const givesOf = (streamPath: string): boolean => {
      const share = shares.get(firstPart(streamPath));
      return share !== undefined && share.gives > 0 && (has.get(streamPath) ?? 0) > (isAsked ? 0 : share.each);
    };
    const limit = MOST_REMOVED + taken.size;
    const oldest = await catalog.ownRecordings.oldest([...has.keys()].filter(givesOf), limit);
    for (const segment of oldest) {
      const { id, streamPath, size } = segment;
      const share = shares.get(firstPart(streamPath));
      if (share === undefined || taken.has(id) || !givesOf(streamPath)) continue;
      yield segment;
      taken.add(id);
      has.set(streamPath, (has.get(streamPath) ?? 0) - size);
      share.gives -= size;
      left -= size;
      if (left <= 0) return;
    }
    if (oldest.length === limit) return;
  }
}

/** Bytes by which what was recorded is above the low mark, once it has passed the high one. @param goneIds segments that count no longer */
async function storeExcess(catalog: Catalog, goneIds: ReadonlySet<number>, marks: Marks | undefined): Promise<number> {
  if (marks === undefined) return 0;
  const gone = await catalog.ownRecordings.among(goneIds);
  const left = [...gone.values()].reduce((sum, { recorded }) => sum - recorded, await catalog.ownRecordings.bytes());
  return above(left, marks);
}

/** Bytes by which the disk is above its low mark, once it has passed the high one. @param goneBytes that count no longer */
async function diskExcess({ catalog, disk, water }: RetentionParts, goneBytes: number): Promise<number> {
  if (disk === undefined || water === undefined) return 0;
  const { used, total } = await disk();
  // What was deleted goes some minutes later.
  const left = used - (await catalog.deletedBytes()) - goneBytes;
  return above(left, { high: water.high * total, low: water.low * total });
}

function above(used: number, marks: Marks): number {
  return used > marks.high ? used - marks.low : 0;
}

/** Rates segments that end by then as low which are protected. */
async function unprotect(catalog: Catalog, streamPath: string, untilMs: number): Promise<void> {
  for await (const { id, eventLevel } of olderThan(catalog, streamPath, untilMs))
    if (eventLevel === "high") await catalog.rateSegment(id, "low");
}

async function* olderThan(catalog: Catalog, streamPath: string, beforeMs: number): AsyncGenerator<Segment> {
  for await (const page of catalog.overlapping(streamPath, EARLIEST_MS, beforeMs)) {
    for (const segment of page) if (segment.endMs <= beforeMs) yield segment;
  }
}

/** The segments of a stream, the oldest first. */
async function* oldestOf(catalog: Catalog, streamPath: string, nowMs: number): AsyncGenerator<Segment> {
  for await (const page of catalog.overlapping(streamPath, EARLIEST_MS, nowMs)) yield* page;
}

async function* only(segments: AsyncIterable<Segment>, may: (segment: Segment) => boolean): AsyncGenerator<Segment> {
  for await (const segment of segments) if (may(segment)) yield segment;
}

/** As many of the first segments as have so many bytes. */
async function* first(segments: AsyncIterable<Segment> | Iterable<Segment>, bytes: number): AsyncGenerator<Segment> {
  let left = bytes;
  if (left <= 0) return;
  for await (const segment of segments) {
    yield segment;
    left -= segment.size;
    if (left <= 0) return;
  }
}

/** Removes segments batch by batch, and yields those that were. */
async function* removing(
  catalog: Catalog,
  doomed: AsyncIterable<Segment> | Iterable<Segment>,
  nowMs: number,
  dryRun: boolean,
): AsyncGenerator<Segment> {
  const all: Segment[] = [];
  for await (const segment of doomed) {
    all.push(segment);
    if (all.length >= MOST_REMOVED) break;
  }
  for (const batch of batches(all, BATCH)) {
    if (dryRun) yield* batch;
    for (const streamPath of dryRun ? [] : new Set(batch.map((segment) => segment.streamPath))) {
      const ids = batch.filter((segment) => segment.streamPath === streamPath).map(({ id }) => id);
      yield* (await catalog.tombstone({ streamPath, ids }, nowMs)).deleted;
    }
  }
}
