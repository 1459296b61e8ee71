/** What the catalog names against what lies in the store. */
import { batches } from "../../base/batches.ts";
import type { Catalog } from "../../catalog/catalog.ts";
import type { Segment } from "../../catalog/types.ts";
import type { Store } from "../../base/ports.ts";
import { PAGE, pages } from "./pages.ts";
import type { Finding, ReconcileOptions, ReconcileParts } from "./types.ts";

const HEADS_AT_ONCE = 16;

/** Finds ready segments without their object. */
export async function* findLost(
  { catalog, store }: ReconcileParts,
  { signal }: ReconcileOptions,
): AsyncGenerator<Finding, void, undefined> {
  for await (const page of pages(
    0,
    (segment: Segment) => segment.id,
    (afterId) => catalog.readyAfter(afterId, PAGE),
    signal,
  )) {
    for (const batch of batches(page, HEADS_AT_ONCE)) {
      if (signal?.aborted === true) return;
      const found = await Promise.all(batch.map((segment) => compare(catalog, store, segment)));
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
export async function* findOrphans(
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
