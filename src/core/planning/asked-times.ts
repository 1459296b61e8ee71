import type { TrackRecord } from "../wasm/records/summary.ts";
import { isVideo } from "../track-kinds.ts";
import { ROUNDING_MS, type PlacedSegment } from "./placed-segment.ts";
import { millisecondsOf, ticksOf, meanDuration } from "../ticks.ts";

/**
 * The start of the picture at `ticks`, where `ticks` is that start but for the rounding of wall-clock times, else `ticks`:
 * players drop pictures of which an edit list hides ever so little. Only pictures of one duration are looked at.
 */
export function nearestPicture(ticks: number, track: TrackRecord): number {
  if (!isVideo(track) || track.sttsEntries > 2 || track.samples < 2) return ticks;
  const step = meanDuration(track);
  const start = track.earliestPts + Math.round((ticks - track.earliestPts) / step) * step;
  return Math.abs(start - ticks) <= ticksOf(ROUNDING_MS, track.timescale) ? start : ticks;
}

/** When the output shows the end of what was asked for, milliseconds from its start. */
export function shownEndMs({ timed, outputStart: place, timescale }: PlacedSegment, endMs: number): number {
  const { reference } = timed;
  const end = nearestPicture(timed.ticksAt(endMs, reference), reference);
  return millisecondsOf(place, timescale) + millisecondsOf(end - reference.start, reference.timescale);
}
