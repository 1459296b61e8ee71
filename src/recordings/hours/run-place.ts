import { millisecondsOf } from "../../core/ticks.ts";
import type { PlacedSegment } from "../../core/planning/placed-segment.ts";
import { goesOnSimply, isOutline, of, type SegmentRun } from "./segment-run.ts";

/** Segments of a run that become pieces. */
export interface RunSpan {
  readonly run: SegmentRun;
  /** The first of them, and the one behind the last. */
  readonly first: number;
  readonly end: number;
  /** The parts of the run that these segments make up: see `RUN_PARTS`. */
  readonly parts: readonly number[];
  /** Output time at which the reference track of the first of them starts, ticks of `run.timescale`. */
  readonly place: number;
}

/** When the segments of a run are shown. */
type Timed = Pick<SegmentRun, "count" | "startMs" | "length" | "timescale">;

/** A segment of a run that is placed, but not yet a piece. */
export interface RunPlace {
  readonly run: SegmentRun;
  /** The number of the segment in the run. */
  readonly at: number;
  /** Output time at which its reference track starts, ticks of `run.timescale`. */
  readonly place: number;
}

/** The place of a run's second segment, if it was placed last and all of it is taken. */
export function secondOf(run: SegmentRun, placed: PlacedSegment | undefined): RunPlace | undefined {
  if (placed?.timed.segment !== run.second || placed.timescale !== run.timescale) return undefined;
  const { outputStart, from, untilMs, mayPreroll, takenOver, leads } = placed;
  const isWhole = from === Number.NEGATIVE_INFINITY && untilMs === Number.POSITIVE_INFINITY;
  if (!isWhole || mayPreroll || takenOver || leads) return undefined;
  return { run, at: 1, place: outputStart };
}

/** The place of a run's first segment: behind a segment of another run, or before the run's own second one. */
export function firstOf(run: SegmentRun, { run: before, at, place }: RunPlace): number {
  return before === run ? place - of(run, run.length, 0) : place + of(before, before.length, at);
}

/** Wall-clock end of a segment of a run, milliseconds, exclusive, not rounded. */
export function endMsOf(run: Timed, number: number): number {
  return of(run, run.startMs, number) + durationMsOf(run, number);
}

/** An upper bound of the wall-clock end of all tracks of a run, milliseconds. */
export function overMsOf(run: SegmentRun): number {
  if (run.passage !== undefined && isOutline(run)) return run.passage.overMs;
  let overMs = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < run.count; i++) overMs = Math.max(overMs, endMsOf(run, i));
  return overMs + run.lateMs;
}

function durationMsOf(run: Timed, number: number): number {
  return millisecondsOf(of(run, run.length, number), run.timescale);
}

/** The spans that become pieces when a plan moves on to the last segment of a run; undefined when the run does not go on from that place. */
export function spansTo(run: SegmentRun, behind: RunPlace, toleranceMs: number): RunSpan[] | undefined {
  const end = run.count - 1;
  const { run: before, at, place } = behind;
  if (before === run) return [{ run, first: at, end, parts: [1], place }];
  if (!continues(before, run, toleranceMs)) return undefined;
  return [
    { run: before, first: at, end: at + 1, parts: [2], place },
    { run, first: 0, end, parts: [0, 1], place: firstOf(run, behind) },
  ];
}

function continues(before: SegmentRun, next: SegmentRun, toleranceMs: number): boolean {
  const last = before.count - 1;
  return (
    before.kind === next.kind &&
    before.timescale === next.timescale &&
    before.tracks.every(({ uniform }, i) => uniform === next.tracks[i]?.uniform) &&
    goesOnSimply(
      { startMs: of(before, before.startMs, last), durationMs: durationMsOf(before, last) },
      { startMs: of(next, next.startMs, 0), durationMs: durationMsOf(next, 0) },
      toleranceMs,
    )
  );
}
