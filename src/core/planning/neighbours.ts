import { isVideo } from "../track-kinds.ts";
import { isGap } from "./gap.ts";
import { startsLate } from "./lead.ts";
import { shownUntil, type TimedSegment } from "./placed-segment.ts";
import { meanDuration, millisecondsOf, rescale, ticksOf } from "../ticks.ts";

/** How long the reference track of a segment is presented, in ticks of `timescale`. */
export function lengthOf({ reference }: TimedSegment, timescale: number): number {
  return rescale(reference.end - reference.start, reference.timescale, timescale);
}

/**
 * Whether a segment goes on in decode order from the one before: its first pictures may be presented before the last ones
 * of that one, and are decoded from them.
 */
export function goesOn(before: TimedSegment, next: TimedSegment): boolean {
  return startsLate(next) && before.kind === next.kind;
}

/** Where the samples of the reference track end in decode time, its ticks. */
export function decodedEnd({ reference }: TimedSegment): number {
  return reference.firstDts + reference.duration;
}

/**
 * Whether a segment was cut in decode order: its last pictures, from `decodedEnd` on, lack some that are presented before them.
 * Told where all pictures last equally long: from the first to the last one it takes longer than they do.
 */
export function isRagged(timed: TimedSegment): boolean {
  const { reference } = timed;
  const { samples, sttsEntries, lastDuration, duration, earliestPts, end } = reference;
  if (!isVideo(reference) || startsLate(timed) || samples < 2 || sttsEntries > 2) return false;
  const step = meanDuration(reference);
  if (Math.abs(lastDuration - step) > step / 2 || Number.isFinite(shownUntil(reference))) return false;
  return end - earliestPts - duration > step / 2 && end > decodedEnd(timed);
}

/** By how much a segment starts later than its clock says, as it goes on where the one before was cut in decode order, milliseconds. */
export function cutLaterMs(before: TimedSegment, next: TimedSegment): number {
  return before.wallAt(decodedEnd(before)) - next.segment.startMs;
}

/** `cutLaterMs` of a segment that hides its sync sample, and was cut by copying as the one before was; 0 for more than a picture, which is no such cut. */
export function hiddenLaterMs(before: TimedSegment, next: TimedSegment): number {
  const laterMs = cutLaterMs(before, next);
  const pictureMs = millisecondsOf(meanDuration(before.reference), before.reference.timescale);
  return hidesSync(next) && Math.abs(laterMs) < pictureMs ? laterMs : 0;
}

/** Whether the next segment repeats the ragged end of the one before: by the clock it starts where that was cut rather than where it ends. */
export function repeatsEnd(before: TimedSegment, next: TimedSegment): boolean {
  return isRagged(before) && Math.abs(cutLaterMs(before, next)) < Math.abs(before.endMs - next.segment.startMs);
}

/** By how much a segment starts later than where the one before ends, by the wall clock, milliseconds; below 0: they overlap. */
export function distanceMsOf(before: TimedSegment, next: TimedSegment): number {
  if (!goesOn(before, next)) return next.segment.startMs - before.endMs;
  const { timescale } = before.reference;
  return next.segment.startMs - before.segment.startMs - millisecondsOf(decodedBetween(before, next), timescale);
}

/** Whether there is a gap between two segments, behind the duration of the first one's last sample. @param toleranceMs up to which there is none, milliseconds */
export function isBehindGap(before: TimedSegment, next: TimedSegment, toleranceMs: number): boolean {
  const distanceMs = distanceMsOf(before, next);
  const { timescale } = before.reference;
  const open = goesOn(before, next) ? 0 : openEndOf(before, distanceMs, timescale);
  return isGap(distanceMs - millisecondsOf(open, timescale), toleranceMs);
}

/** From the start of a segment to that of the one that goes on from it, ticks of both: decode times go on without a distance. */
export function decodedBetween(before: TimedSegment, { reference: next }: TimedSegment): number {
  const { lastDuration, start } = before.reference;
  const open = lastDuration > 0 ? 0 : Math.round(meanDuration(before.reference));
  return decodedEnd(before) + open - start - (next.firstDts - next.start);
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
  if (goesOn(before, next)) return rescale(decodedBetween(before, next), before.reference.timescale, timescale);
  const hidden = hiddenLeadOf(next, distanceMs + toleranceMs, timescale);
  return lengthOf(before, timescale) + openEndOf(before, distanceMs, timescale) + hidden;
}

/** From the start of the first of some segments, each of which goes on where the one before ends, to that of the last one: as `ticksToNext`. */
export function ticksOver(
  segments: readonly TimedSegment[],
  { toleranceMs, timescale }: { toleranceMs: number; timescale: number },
): number {
  let ticks = 0;
  let before: TimedSegment | undefined;
  for (const next of segments) {
    if (before !== undefined) {
      const distanceMs = distanceMsOf(before, next);
      ticks += ticksToNext(before, next, { distanceMs, toleranceMs, timescale });
    }
    before = next;
  }
  return ticks;
}

/**
 * A last sample whose duration is stated as 0 lasts until the next segment, at most as long as the others: of reordered ones it may be
 * presented amid others, and lacks nothing.
 */
function openEndOf({ reference }: TimedSegment, distanceMs: number, timescale: number): number {
  const { lastDuration, samples, duration, earliestPts, end } = reference;
  if (lastDuration > 0 || samples < 2 || distanceMs <= 0) return 0;
  const usual = duration / (samples - 1);
  const lacking = Math.round(Math.max(0, Math.min(usual, samples * usual - (end - earliestPts))));
  return Math.min(rescale(lacking, reference.timescale, timescale), ticksOf(distanceMs, timescale));
}

/**
 * Frames an edit list hides at the start of a segment, the leading pictures of an open group of pictures, can be
 * decoded behind the segment before, and are what it lacks at its end: they get their time, when it is at most `mostMs`.
 */
export function hiddenLeadOf(next: TimedSegment, mostMs: number, timescale: number): number {
  const { reference } = next;
  return hidesMore(next, mostMs) ? 0 : rescale(hiddenTicks(reference), reference.timescale, timescale);
}

/** Whether an edit list hides the picture that a segment is decoded from, and not just some that lead it. */
export function hidesSync({ reference }: TimedSegment): boolean {
  return isVideo(reference) && reference.firstPts < reference.start;
}

/** Whether an edit list hides pictures for longer than `mostMs` at the start of a segment. */
export function hidesMore({ reference }: TimedSegment, mostMs: number): boolean {
  return millisecondsOf(hiddenTicks(reference), reference.timescale) > mostMs;
}

/** How long an edit list hides pictures at the start of a segment, ticks of its reference track. */
function hiddenTicks(reference: TimedSegment["reference"]): number {
  return isVideo(reference) ? Math.max(0, reference.start - reference.earliestPts) : 0;
}
