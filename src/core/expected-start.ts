import { decodedBetween, decodedEnd, goesOn, hiddenLeadOf, hidesSync, isRagged } from "./planning/neighbours.ts";
import { TimedSegment } from "./planning/placed-segment.ts";
import { millisecondsOf } from "./ticks.ts";
import { isSummary } from "./wasm/records/summary.ts";

/**
 * From the start of a segment to where one that follows it is expected to start, milliseconds, by their summaries alone. Not
 * always where it ends: an edit list may hide pictures at the start of the next one that it lacks, and what was cut in decode order has
 * some at its end that the next one has, too. Undefined where it is no summary.
 * @param mostMs of pictures that the next one hides in front, and the one before is taken to lack
 */
export function expectedStart(before: Uint8Array, next: Uint8Array, mostMs: number): number | undefined {
  return isSummary(before) && isSummary(next) ? expectedMs(timedBy(before), timedBy(next), mostMs) : undefined;
}

function expectedMs(before: TimedSegment, next: TimedSegment, mostMs: number): number {
  const { start, end, timescale } = before.reference;
  if (goesOn(before, next)) return millisecondsOf(decodedBetween(before, next), timescale);
  const decodedMs = millisecondsOf(Math.min(end, decodedEnd(before)) - start, timescale);
  // What hides the sync sample that it is decoded from was cut by copying, and so was the one before: by decode times.
  if (hidesSync(next) || isRagged(before)) return decodedMs;
  const { timescale: ticks } = next.reference;
  return before.durationMs + millisecondsOf(hiddenLeadOf(next, mostMs, ticks), ticks);
}

function timedBy(summary: Uint8Array): TimedSegment {
  return new TimedSegment({ id: 0, startMs: 0, endMs: 1, key: "", etag: "", summary });
}
