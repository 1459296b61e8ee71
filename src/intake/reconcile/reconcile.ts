import type { Catalog } from "../../catalog/catalog.ts";
import type { Segment, UnsettledSegment } from "../../catalog/types.ts";
import type { Store } from "../../base/ports.ts";
import { parsePlaceKey } from "../../store/mounts.ts";
import { settleResumable, settleUploads } from "./settle-uploads.ts";
import { UPLOAD_LEASE_MS } from "../segments/upload-lease.ts";

/** What reconciling works on. */
export interface ReconcileParts {
  readonly catalog: Catalog;
  readonly store: Store;
  /** Public files on this machine's disk. */
  readonly publicFiles?: Store | undefined;
  /** Removes temporary files of the store that were last written before a moment (ms since 1970); counts them. */
  readonly sweep?: (beforeMs: number) => Promise<number>;
}

/** How far reconciling goes. */
export interface ReconcileOptions {
  readonly nowMs: number;
  /** Silence after which an upload is given up; see `UPLOAD_LEASE_MS`, the default. */
  readonly pendingGraceMs?: number;
  /** How long the object of a deleted segment stays, for downloads that are under way. Default: ten minutes. */
  readonly tombstoneGraceMs?: number;
  /** Compares every ready segment with its object, and every object below `prefix` with the catalog. Default: false. */
  readonly verify?: boolean;
  /** Where the objects of segments lie. Default: `segments/`. */
  readonly prefix?: string;
  /** Removes objects that no segment names, instead of reporting them. Needs `verify`. Default: false. */
  readonly removeOrphans?: boolean;
  /** Ends the work between two steps. */
  readonly signal?: AbortSignal;
}

/** One thing that was settled, or that needs someone's attention. */
export interface Finding {
  readonly kind:
    /** Settled: an upload that did not end; its object and row are gone. */
    | "upload_removed"
    /** Settled: a file whose upload did not end; its object and row are gone. */
    | "file_removed"
    /** Settled: the object and the row of a deleted segment are gone. */
    | "deletion_finished"
    /** Settled: files a crash left under temporary names are gone. */
    | "temporary_removed"
    /** Settled: an object that no segment names is gone. */
    | "orphan_removed"
    /** An object that no segment names. */
    | "orphan"
    /** A segment whose object does not exist. */
    | "object_missing"
    /** A segment whose object is not the one that was indexed. */
    | "object_changed"
    /** The store failed; the same is tried next time. */
    | "store_failed";
  readonly key?: string;
  readonly segmentId?: number;
  /** How many, where it is not one. */
  readonly count?: number;
  /** Why the store failed. */
  readonly message?: string;
}

/** How long nothing may have been written to a temporary file before it is removed: uploads may be slow. */
const TEMPORARY_GRACE_MS = 3_600_000;
const PAGE = 256;
const HEADS_AT_ONCE = 16;

/**
 * Settles what crashes left between catalog and store, and yields what it did as it goes. Running it again, or on
 * several nodes at once, changes nothing more. A ready segment is never removed, and files of other folders are never touched.
 */
export async function* reconcile(
  parts: ReconcileParts,
  options: ReconcileOptions,
): AsyncGenerator<Finding, void, undefined> {
  const { nowMs, pendingGraceMs = UPLOAD_LEASE_MS, tombstoneGraceMs = 600_000 } = options;
  await parts.catalog.bringTimesBack(nowMs);
  const swept = (await parts.sweep?.(nowMs - TEMPORARY_GRACE_MS)) ?? 0;
  if (swept > 0) yield { kind: "temporary_removed", count: swept };
  yield* settle(parts, options, { pendingMs: nowMs - pendingGraceMs, tombstoneMs: nowMs - tombstoneGraceMs });
  yield* settleUploads(parts, nowMs, options.signal);
  yield* settleResumable(parts, nowMs, options.signal);
  if (options.verify !== true) return;
  yield* findLost(parts, options);
  yield* findOrphans(parts, options);
}

async function* settle(
  { catalog, store }: ReconcileParts,
  { nowMs, signal }: ReconcileOptions,
  before: { readonly pendingMs: number; readonly tombstoneMs: number },
): AsyncGenerator<Finding, void, undefined> {
  for await (const page of pages((afterId) => catalog.unsettled(before, afterId, PAGE), signal)) {
    for (const segment of page) {
      if (signal?.aborted === true) return;
      const finding = await settleOne(catalog, store, segment, nowMs);
      if (finding !== undefined) yield finding;
    }
  }
}

async function settleOne(
  catalog: Catalog,
  store: Store,
  { id, key, state }: UnsettledSegment,
  nowMs: number,
): Promise<Finding | undefined> {
  // Before its object goes, an upload must be unable to finish. It may have finished since it was looked up.
  if (state === "pending" && !(await catalog.expireSegment(id, nowMs))) return undefined;
  try {
    if (parsePlaceKey(key) === undefined) await store.delete(key);
  } catch (cause) {
    return {
      kind: "store_failed",
      key,
      segmentId: id,
      message: cause instanceof Error ? cause.message : String(cause),
    };
  }
  await catalog.forgetSegment(id);
  return { kind: state === "pending" ? "upload_removed" : "deletion_finished", key, segmentId: id };
}

/** Finds ready segments without their object. */
async function* findLost(
  { catalog, store }: ReconcileParts,
  { signal }: ReconcileOptions,
): AsyncGenerator<Finding, void, undefined> {
  for await (const page of pages((afterId) => catalog.readyAfter(afterId, PAGE), signal)) {
    for (let first = 0; first < page.length; first += HEADS_AT_ONCE) {
      if (signal?.aborted === true) return;
      const found = await Promise.all(
        page.slice(first, first + HEADS_AT_ONCE).map((segment) => compare(catalog, store, segment)),
      );
      for (const finding of found) if (finding !== undefined) yield finding;
    }
  }
}

async function compare(catalog: Catalog, store: Store, segment: Segment): Promise<Finding | undefined> {
  const { id: segmentId, key } = segment;
  try {
    const info = await store.head(key);
    if (info?.etag === segment.etag && info.size === segment.size) return undefined;
    // It may have been deleted since it was looked up.
    if ((await catalog.segment(segmentId)) === undefined) return undefined;
    return { kind: info === undefined ? "object_missing" : "object_changed", key, segmentId };
  } catch (cause) {
    return { kind: "store_failed", key, segmentId, message: cause instanceof Error ? cause.message : String(cause) };
  }
}

/** Finds objects without a row. An upload's row is there before its object, so such an object is nobody's. */
async function* findOrphans(
  { catalog, store }: ReconcileParts,
  { prefix = "segments/", removeOrphans = false, signal }: ReconcileOptions,
): AsyncGenerator<Finding, void, undefined> {
  async function* check(keys: readonly string[]): AsyncGenerator<Finding, void, undefined> {
    const known = await catalog.knownKeys(keys);
    for (const key of keys) {
      // An object that was being deleted may have lost its row since it was listed.
      if (known.has(key) || (await store.head(key)) === undefined) continue;
      if (removeOrphans) await store.delete(key);
      yield { kind: removeOrphans ? "orphan_removed" : "orphan", key };
    }
  }
  let keys: string[] = [];
  for await (const { key } of store.list(prefix)) {
    if (signal?.aborted === true) return;
    if (keys.push(key) < PAGE) continue;
    yield* check(keys);
    keys = [];
  }
  if (keys.length > 0) yield* check(keys);
}

/** Reads pages by id until one is empty. */
async function* pages<T extends { readonly id: number }>(
  read: (afterId: number) => Promise<readonly T[]>,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly T[], void, undefined> {
  for (let afterId = 0; signal?.aborted !== true;) {
    const page = await read(afterId);
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    afterId = last.id;
  }
}
