import type { Around, Interval } from "../../base/interval.ts";
import { distanceMsOf, hiddenLeadOf, isBehindGap } from "./neighbours.ts";
import { follows } from "./lead.ts";
import { ROUNDING_MS, type PlacedSegment, type TimedSegment } from "./placed-segment.ts";
import { isVideo } from "../track-kinds.ts";
import { rescale, ticksOf } from "../ticks.ts";

/** A range that starts in a hole: behind the end of a segment, before the next one, which is not far enough from it for a gap. */

/** How far around a range segments are looked at to tell what is shown in a hole at its start: behind the range only where a hole may outlast it. */
export function aroundHoles(range: Interval, toleranceMs: number): Around {
  return { beforeMs: toleranceMs, behindMs: range.endMs - range.startMs < toleranceMs ? toleranceMs : 0 };
}

/**
 * The segment that the first one of a range follows across a hole that the range starts in: its last picture is on screen then.
 * Undefined when there is none, or it is of another kind, or without a picture.
 * @param ended segments that end before the range, in order of their start; startMs: of the range, wall clock, milliseconds
 */
export function heldBefore(
  timed: TimedSegment,
  ended: readonly TimedSegment[],
  { startMs, gapToleranceMs }: { readonly startMs: number; readonly gapToleranceMs: number },
): TimedSegment | undefined {
  const { segment, kind, reference } = timed;
  if (segment.startMs <= startMs || !isVideo(reference)) return undefined;
  const before = ended.findLast((one) => follows(one.segment, segment.startMs, gapToleranceMs));
  const isJoined = before?.kind === kind && !isBehindGap(before, timed, gapToleranceMs);
  return isJoined ? before : undefined;
}

/**
 * The segment behind a hole that the output starts in, with what it shows of the time before its start: pictures that its edit list
 * hides may fill the hole, and are decoded from the segment before.
 * @param placed by the wall clock behind `before`
 */
export function behindHole(placed: PlacedSegment, before: PlacedSegment, toleranceMs: number): PlacedSegment {
  const { timed, outputStart: place, timescale } = placed;
  const { start, timescale: ticks } = timed.reference;
  const hidden = hiddenLeadOf(timed, distanceMsOf(before.timed, timed) + toleranceMs, timescale);
  const isLed = place - hidden <= ticksOf(ROUNDING_MS, timescale);
  const from = start - rescale(place, timescale, ticks);
  return { ...placed, from, mayPreroll: true, isLed };
}
