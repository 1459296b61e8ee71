import { BoxcarError } from "../base/errors.ts";
import type { ByteSpan, Store } from "../base/ports.ts";
import { formatTime } from "../base/time.ts";
import { describeSummary } from "./indexing/describe.ts";
import { identityOf, isWhole, planPages, type Plan } from "./plan.ts";
import { DEFAULT_GAP_TOLERANCE_MS, type PlanParts, type SegmentsQuery } from "./planning/compose.ts";
import { follows } from "./planning/lead.ts";
import { IndexCache } from "./reading/index-cache.ts";
import { wholeDuration, type RecordedSegment } from "./segment.ts";
import { summaryLength } from "./wasm/records/summary.ts";

/** A file whose index is at hand, for planning without a catalog. */
export interface IndexedFile {
  /** Its segment index. */
  readonly index: Uint8Array;
  /** When it starts to be presented, milliseconds since 1970-01-01T00:00:00Z. */
  readonly startMs: number;
  /** Tells it from other files. Default: its number, from 1. */
  readonly key?: string;
  /** Names its version: equal ETags mean equal bytes. Default: none, and then plans of it have no ETag to rely on. */
  readonly etag?: string;
  /** Yields exactly `span.length` bytes, or throws. */
  read(span: ByteSpan): AsyncIterable<Uint8Array>;
}

/** Files as planning takes recorded segments: what the rows of a catalog, a store and an index cache are elsewhere. */
export interface RecordedFiles extends Pick<PlanParts, "store" | "indexes"> {
  /** In the order of the files. */
  readonly segments: readonly RecordedSegment[];
}

/** Gives files the form of recorded segments, numbered from 1. */
export function recordedFiles(files: readonly IndexedFile[]): RecordedFiles {
  const segments = files.map(({ index, key, etag = "", ...file }, i): RecordedSegment => {
    const summary = index.subarray(0, summaryLength(index));
    const startMs = Math.floor(file.startMs);
    const endMs = startMs + wholeDuration(describeSummary(summary).durationMs);
    return { id: i + 1, startMs, endMs, key: key ?? String(i + 1), etag, summary };
  });
  const byKey = new Map(files.map((file, i) => [segments[i]?.key, file]));
  const store: Pick<Store, "get"> = {
    async *get(key, span) {
      const file = byKey.get(key);
      if (file === undefined) throw new RangeError(`no file ${key}`);
      yield* file.read(span);
    },
  };
  const all = new Map(files.map(({ index }, i) => [i + 1, index]));
  return { segments, store, indexes: new IndexCache(() => Promise.resolve(all), Number.POSITIVE_INFINITY) };
}

/**
 * Plans one output of files, in the order of their starts.
 * @throws BoxcarError `not_recorded` (404) when nothing of them falls into the range; `no_sync_sample`, `codec_change`, `encrypted`
 *   and `too_many_changes` (409), `gap_too_long` (400)
 *
 * @example
 * const plan = await planSegments({ core }, files, { startMs: 1500, endMs: 4000, cut: "frame", gaps: "skip", changes: "inband" });
 * for await (const chunk of plan.media("mp4").read({ offset: 0, length: plan.size("mp4") })) await out.write(chunk);
 */
export async function planSegments(
  parts: Omit<PlanParts, "store" | "indexes">,
  files: readonly IndexedFile[],
  query: SegmentsQuery,
): Promise<Plan> {
  const { segments, store, indexes } = recordedFiles(files);
  const { startMs, endMs } = query;
  const toleranceMs = parts.gapToleranceMs ?? DEFAULT_GAP_TOLERANCE_MS;
  const inOrder = segments.toSorted((a, b) => a.startMs - b.startMs);
  const asked = inOrder.filter((segment) => segment.startMs < endMs && segment.endMs > startMs);
  const plan = await planPages({ ...parts, store, indexes }, [asked], query, {
    identity: identityOf(query),
    before: ({ startMs: at }) => Promise.resolve(inOrder.findLast((one) => follows(one, at, toleranceMs))),
    mostPieces: Number.POSITIVE_INFINITY,
  });
  if (plan !== undefined && isWhole(plan)) return plan;
  const message = `Nothing of these files is shown between ${formatTime(startMs)} and ${formatTime(endMs)}.`;
  throw new BoxcarError("not_recorded", 404, message);
}
