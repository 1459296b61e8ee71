import { distanceMsOf, goesOn, hidesMore, hidesSync, isBehindGap, repeatsEnd } from "./neighbours.ts";
import { isOverlap, overlapTolerated } from "./gap.ts";
import { startsLate } from "./lead.ts";
import type { TimedSegment } from "./placed-segment.ts";

/**
 * How a segment stands to the one before it:
 * - `next`: behind it, at once or behind a gap;
 * - `late`: behind a gap, and without a sync sample at its start;
 * - `hiding`: behind it, with an edit list that hides more in front than the one before lacks;
 * - `repeating`: behind it, with the pictures that it was cut amid;
 * - `in hold`: where it only holds its last picture;
 * - `inside`: perhaps where it holds one amid others;
 * - `overlapping`: where it has samples, and longer than it;
 * - `covered`: where it has samples, to the end.
 */
type Relation = "next" | "late" | "hiding" | "repeating" | "in hold" | "inside" | "overlapping" | "covered";

/**
 * The relation of two segments, by their summaries.
 * @param toleranceMs distance above which there is a gap, milliseconds
 */
export function relationOf(before: TimedSegment, next: TimedSegment, toleranceMs: number): Relation {
  const distanceMs = distanceMsOf(before, next);
  if (!isOverlap(distanceMs, next.durationMs, toleranceMs)) {
    const isFar = isBehindGap(before, next, toleranceMs);
    if (isFar && startsLate(next)) return "late";
    if (goesOn(before, next)) return "next";
    if ((!isFar && hidesSync(next)) || hidesMore(next, distanceMs + toleranceMs)) return "hiding";
    return repeatsEnd(before, next) ? "repeating" : "next";
  }
  const tolerated = overlapTolerated(next.durationMs, toleranceMs);
  if (before.sampledEndMs - next.segment.startMs <= tolerated) return "in hold";
  // Only samples of unequal durations may leave a picture held in the midst of a segment.
  if (before.reference.sttsEntries > 2) return "inside";
  return next.endMs - before.sampledEndMs > tolerated ? "overlapping" : "covered";
}
