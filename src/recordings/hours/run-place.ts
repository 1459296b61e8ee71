import { millisecondsOf } from "../../core/ticks.ts";
import { at, type RunSpan } from "./follow-run.ts";
import type { PlacedSegment } from "../../core/planning/placed-segment.ts";
import { goesOnSimply, type SegmentRun } from "./segment-run.ts";

/** A segment of a run that is placed, but not yet a piece. */
export interface RunPlace {
  readonly run: SegmentRun;
  /** Its number in the run. */
  readonly at: number;
  /** As `RunSpan` has them, of the segments from it on. */
  readonly places: Float64Array;
}

/** Where the segments of a run start, when that of number `first` does so at `place`. */
function placesOf({ count, length }: SegmentRun, first: number, place: number): Float64Array {
  const places = new Float64Array(count);
  places[first] = place;
  for (let i = first + 1; i < count; i++) places[i] = at(places, i - 1) + at(length, i - 1);
  return places;
}

/** Where the second segment of a run lies, when it is the one that was placed last, and all of it is taken. */
export function secondOf(run: SegmentRun, placed: PlacedSegment | undefined): RunPlace | undefined {
  if (placed?.timed.segment !== run.second || placed.timescale !== run.timescale) return undefined;
  const { outputStart, from, untilMs, mayPreroll, takenOver, leads } = placed;
  const isWhole = from === Number.NEGATIVE_INFINITY && untilMs === Number.POSITIVE_INFINITY;
  if (!isWhole || mayPreroll || takenOver || leads) return undefined;
  return { run, at: 1, places: placesOf(run, 1, outputStart) };
}

/** Wall-clock end of a segment of a run, milliseconds, exclusive, not rounded. */
export function endMsOf(run: SegmentRun, number: number): number {
  return at(run.startMs, number) + durationMsOf(run, number);
}

/** Wall clock, milliseconds: by then all of a run has ended, or more than that. */
export function overMsOf(run: SegmentRun): number {
  let overMs = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < run.count; i++) overMs = Math.max(overMs, endMsOf(run, i));
  return overMs + run.lateMs;
}

function durationMsOf({ length, timescale }: SegmentRun, number: number): number {
  return millisecondsOf(at(length, number), timescale);
}

/** What becomes pieces when a plan goes on to the last segment of a run; undefined when the run does not go on from there. */
export function spansTo(run: SegmentRun, behind: RunPlace, toleranceMs: number): RunSpan[] | undefined {
  const end = run.count - 1;
  if (behind.run === run) return [{ run, first: behind.at, end, parts: [1, 2], places: behind.places }];
  const { run: before, at: last, places } = behind;
  if (!continues(before, run, toleranceMs)) return undefined;
  const place = at(places, last) + at(before.length, last);
  return [
    { run: before, first: last, end: last + 1, parts: [3], places },
    { run, first: 0, end, parts: [0, 1, 2], places: placesOf(run, 0, place) },
  ];
}

function continues(before: SegmentRun, next: SegmentRun, toleranceMs: number): boolean {
  const last = before.count - 1;
  return (
    before.kind === next.kind &&
    before.timescale === next.timescale &&
    before.tracks.every(({ uniform }, i) => uniform === next.tracks[i]?.uniform) &&
    goesOnSimply(
      { startMs: at(before.startMs, last), durationMs: durationMsOf(before, last) },
      { startMs: at(next.startMs, 0), durationMs: durationMsOf(next, 0) },
      toleranceMs,
    )
  );
}
