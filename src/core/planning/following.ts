import { isVideo } from "../track-kinds.ts";
import type { TimedSegment } from "./placed-segment.ts";
import { millisecondsOf, rescale, ticksOf } from "../ticks.ts";

/** How long the reference track of a segment is presented, in ticks of `timescale`. */
export function lengthOf({ reference }: TimedSegment, timescale: number): number {
  return rescale(reference.end - reference.start, reference.timescale, timescale);
}

/**
 * From the start of a segment to that of the next one, which goes on where it ends, in ticks of `timescale`.
 * @param distanceMs between the two by the wall clock
 * @param toleranceMs up to which the wall clock is taken to be inexact
 */
export function ticksToNext(
  before: TimedSegment,
  next: TimedSegment,
  { distanceMs, toleranceMs, timescale }: { distanceMs: number; toleranceMs: number; timescale: number },
): number {
  const hidden = hiddenLeadOf(next, distanceMs + toleranceMs, timescale);
  return lengthOf(before, timescale) + openEndOf(before, distanceMs, timescale) + hidden;
}

/** A last sample whose duration is stated as 0 lasts until the next segment, at most as long as the others. */
function openEndOf({ reference }: TimedSegment, distanceMs: number, timescale: number): number {
  if (reference.lastDuration > 0 || reference.samples < 2 || distanceMs <= 0) return 0;
  const usual = Math.round(reference.duration / (reference.samples - 1));
  return Math.min(rescale(usual, reference.timescale, timescale), ticksOf(distanceMs, timescale));
}

/**
 * Frames an edit list hides at the start of a segment, the leading pictures of an open group of pictures, can be
 * decoded behind the segment before, and are what it lacks at its end: they get their time, when it is at most `mostMs`.
 */
function hiddenLeadOf({ reference }: TimedSegment, mostMs: number, timescale: number): number {
  const lead = isVideo(reference) ? Math.max(0, reference.start - reference.earliestPts) : 0;
  return millisecondsOf(lead, reference.timescale) <= mostMs ? rescale(lead, reference.timescale, timescale) : 0;
}
