import type { Core, IndexedSegment } from "../core/index.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { Segment } from "../catalog/types.ts";
import { BoxcarError } from "../base/errors.ts";
import { paused } from "../base/paused.ts";
import type { Clock, Log, ObjectInfo, Store } from "../base/ports.ts";
import { checkedSpan } from "../intake/segments/checked-span.ts";
import { readySegment } from "../intake/segments/segment-upload.ts";
import { beginNamed, KEYED_RENEW_MS, keepLease } from "../intake/lease.ts";
import type { SpoolFile } from "./spool.ts";

/** What brings a segment from the spool into the store. */
export interface KeepParts {
  readonly core: Core;
  readonly catalog: Catalog;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** A fresh name each time. */
  readonly randomId: () => string;
}

/** The owner of what is recorded: no caller has this name. */
export const RECORDER = "recorder";

/** Waits between two attempts, milliseconds: the first, and the longest. */
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;

/**
 * Brings a segment that is whole from the spool into the store and the catalog, then removes it from the spool. While either
 * does not answer the spool keeps it, and it is tried again, until `signal` ends that.
 * @param ready called once the catalog has it, before the file is removed
 * @returns undefined when it was given up; the file stays then
 */
export async function keepSegment(
  parts: KeepParts,
  file: SpoolFile,
  indexed: IndexedSegment,
  signal: AbortSignal,
  ready: () => void = () => undefined,
): Promise<Segment | undefined> {
  await file.close();
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    try {
      const segment = await tryKeeping(parts, file, indexed);
      ready();
      await file.remove();
      return segment;
    } catch (error) {
      const { key, streamPath } = file.entry;
      const isPassing = !(error instanceof BoxcarError && [400, 422].includes(error.status));
      const why = error instanceof Error ? error.message : String(error);
      parts.log(isPassing ? "warn" : "error", "a recorded segment stays in the spool", { streamPath, key, error: why });
      if (!isPassing || signal.aborted) return undefined;
      await paused(waitMs, signal);
    }
  }
}

async function tryKeeping(
  { catalog, core, store, clock, randomId }: KeepParts,
  file: SpoolFile,
  indexed: IndexedSegment,
): Promise<Segment> {
  const { entry, size, startMs } = file;
  const span = checkedSpan(startMs, indexed.description.durationMs);
  const known = await catalog.segmentByKey(entry.key);
  if (known !== undefined) return known; // a crash came between the catalog's answer and the end of the file
  let { id, key } = entry;
  if (id === undefined || !(await catalog.renewSegment(id, clock()))) {
    // A row that was given up takes the object of its key with it.
    if (id !== undefined) key = key.replace(/(\.mp4)?$/, `-${randomId()}$1`);
    const named = { owner: RECORDER, idempotencyKey: entry.key };
    const begun = await beginNamed(catalog, { streamPath: entry.streamPath, key, nowMs: clock(), ...named }, clock);
    if (begun.existing !== undefined) return begun.existing;
    ({ id } = begun);
  }
  const renewed = id;
  const endLease = keepLease(() => catalog.renewSegment(renewed, clock()), KEYED_RENEW_MS);
  try {
    const info = await stored(store, key, size, () => file.read({ offset: 0, length: size }));
    return await catalog.completeSegment(id, readySegment(core, indexed, span, info));
  } finally {
    endLease();
  }
}

/** Writes the object, unless a former attempt has. */
async function stored(
  store: Store,
  key: string,
  size: number,
  body: () => AsyncIterable<Uint8Array>,
): Promise<ObjectInfo> {
  const there = await store.head(key);
  if (there?.size === size) return there;
  return store.put(key, body(), size);
}
