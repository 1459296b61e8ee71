import type { Segment } from "../catalog/types.ts";
import { readSummary, type Summary, type TrackRecord } from "../wasm/records.ts";
import { BoxcarError } from "../errors.ts";
import { millisecondsOf, rescale, ticksOf } from "./ticks.ts";

/**
 * Half a millisecond: wall-clock times are whole milliseconds, so a frame this close to one is meant by it. Keeps
 * neighbouring cuts from sharing a frame or losing one.
 */
export const ROUNDING_MS = 0.5;

/** A segment with what its summary says about time. */
export class TimedSegment {
  readonly segment: Segment;
  readonly summary: Summary;
  /** The reference track: video, else the first. */
  readonly reference: TrackRecord;
  /** How long the reference track is presented, milliseconds, not rounded. */
  readonly durationMs: number;

  constructor(segment: Segment) {
    this.segment = segment;
    this.summary = readSummary(segment.summary);
    const reference = this.summary.tracks[this.summary.reference];
    if (reference === undefined)
      throw new BoxcarError("bad_index", 500, `Segment ${segment.id} has a damaged summary.`);
    this.reference = reference;
    this.durationMs = millisecondsOf(reference.end - reference.start, reference.timescale);
  }

  /** Wall-clock end of the reference track, milliseconds, exclusive, not rounded. */
  get endMs(): number {
    return this.segment.startMs + this.durationMs;
  }

  /** A wall-clock time on the presentation timeline of the segment, in ticks of `track`. */
  ticksAt(wallMs: number, track: TrackRecord): number {
    const start = rescale(this.reference.start, this.reference.timescale, track.timescale);
    return start + ticksOf(wallMs - this.segment.startMs, track.timescale);
  }

  /** The wall-clock time of a tick of the reference track. */
  wallAt(ticks: number): number {
    return this.segment.startMs + millisecondsOf(ticks - this.reference.start, this.reference.timescale);
  }
}
