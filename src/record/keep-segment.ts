import type { Core, IndexedSegment } from "../core/index.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { RECORDER } from "../catalog/rows.ts";
import type { Segment } from "../catalog/types.ts";
import { statusOf } from "../base/error-codes.ts";
import { BoxcarError } from "../base/errors.ts";
import { paused } from "../base/paused.ts";
import type { Clock, Log, ObjectInfo, Store } from "../base/ports.ts";
import { checkedSpan } from "../intake/segments/checked-span.ts";
import { readySegment } from "../intake/segments/segment-upload.ts";
import { beginNamed, KEYED_RENEW_MS, keepLease } from "../intake/lease.ts";
import type { SpoolFile } from "./spool.ts";
import { formatTime } from "../base/time.ts";
import type { Tell } from "./webhooks.ts";
import { upTo, type Kept } from "./up-to.ts";

/** What brings a segment from the spool into the store. */
export interface KeepParts {
  readonly core: Core;
  readonly catalog: Catalog;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** A fresh name each time. */
  readonly randomId: () => string;
  readonly tell: Tell;
}

/** Waits between two attempts, milliseconds: the first, and the longest. */
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;

/** What whoever has a segment kept is told. */
export interface KeepListener {
  /** The catalog has it; the spool still has, too. */
  readonly ready?: () => void;
  /** The catalog or the store will never take it, or not all of it: the file is set aside. */
  readonly setAside?: (refusal: BoxcarError) => void;
}

/**
 * Brings a segment that is whole from the spool into the store and the catalog, then removes it from the spool. While either
 * does not answer the spool keeps it, and it is tried again, until `signal` ends that. One that is refused is set aside; of one that
 * reaches beyond the moment at which another node took over its stream the parts before that are kept.
 * @returns undefined when it was refused or given up
 */
export async function keepSegment(
  parts: KeepParts,
  file: SpoolFile,
  indexed: IndexedSegment,
  signal: AbortSignal,
  listener: KeepListener = {},
): Promise<Segment | undefined> {
  await file.close();
  const { streamPath, key } = file.entry;
  let kept: Kept = { indexed, size: file.size };
  let refusal: BoxcarError | undefined;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    try {
      const segment = await tryKeeping(parts, file, kept);
      await parts.tell("segment", String(segment.id), toldOf(segment));
      listener.ready?.();
      if (refusal === undefined) await file.remove();
      else await setAside(parts, file, refusal, listener);
      return segment;
    } catch (error) {
      if (error instanceof BoxcarError && isFinal(error)) {
        const before = refusal === undefined ? await partsBefore(parts, file, error) : undefined;
        refusal = error;
        if (before !== undefined) {
          kept = before;
          continue;
        }
        await setAside(parts, file, error, listener);
        return undefined;
      }
      const why = error instanceof Error ? error.message : String(error);
      parts.log("warn", "a recorded segment stays in the spool", { streamPath, key, error: why });
      if (signal.aborted) return undefined;
      await paused(waitMs, signal);
    }
  }
}

/** What consumers are told of a segment. */
function toldOf({
  id,
  streamPath,
  key,
  startMs,
  endMs,
  size,
  codecs,
  format,
}: Segment): Readonly<Record<string, unknown>> {
  const times = { startTime: formatTime(startMs), endTime: formatTime(endMs), durationMs: endMs - startMs };
  return { id, streamPath, filePath: key, ...times, size, codecs, format };
}

/** Whether no repetition changes a refusal. */
function isFinal(refusal: BoxcarError): boolean {
  return refusal.code === "taken_over" || [400, 422].includes(statusOf(refusal));
}

/** Puts a file aside that is refused for good. */
export async function setAside(
  { log }: Pick<KeepParts, "log">,
  file: SpoolFile,
  refusal: BoxcarError,
  { setAside: onSetAside }: KeepListener = {},
): Promise<void> {
  const { streamPath, key } = file.entry;
  log("error", "a recorded segment is refused and set aside", { streamPath, key, error: refusal.message });
  await file.setAside(refusal.message);
  onSetAside?.(refusal);
}

/** The parts of a file that may be published although another node has taken over its stream. */
async function partsBefore({ core }: KeepParts, file: SpoolFile, error: BoxcarError): Promise<Kept | undefined> {
  const { takenMs } = error.fields;
  return typeof takenMs === "number" ? upTo(core, file, takenMs) : undefined;
}

async function tryKeeping(
  { catalog, core, store, clock, randomId }: KeepParts,
  file: SpoolFile,
  { indexed, size }: Kept,
): Promise<Segment> {
  const { entry, startMs } = file;
  const span = checkedSpan(startMs, indexed.description.durationMs);
  const known = await catalog.segmentByKey(entry.key);
  if (known !== undefined) return known; // a crash came between the catalog's answer and the end of the file
  let { id, key } = entry;
  if (id === undefined || !(await catalog.unsettled.renew(id, clock()))) {
    // A row that was given up takes the object of its key with it.
    if (id !== undefined) key = key.replace(/(\.mp4)?$/, `-${randomId()}$1`);
    const named = { owner: RECORDER, idempotencyKey: entry.key };
    const begun = await beginNamed(catalog, { streamPath: entry.streamPath, key, nowMs: clock(), ...named }, clock);
    if (begun.existing !== undefined) return begun.existing;
    ({ id } = begun);
  }
  const renewed = id;
  const endLease = keepLease(() => catalog.unsettled.renew(renewed, clock()), KEYED_RENEW_MS);
  try {
    const info = await stored(store, key, size, () => file.read({ offset: 0, length: size }));
    return await catalog.completeSegment(id, readySegment(core, indexed, span, info), entry.fence);
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
