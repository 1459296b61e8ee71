import type { Segment } from "../catalog/types.ts";
import { BoxcarError } from "../errors.ts";
import { readSummary, TrackFlag, type Summary, type TrackRecord } from "../wasm/records/summary.ts";
import { isVideo } from "./output-track.ts";
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
  /** Equal for segments whose tracks are alike in everything but their samples: those of one recorder. */
  readonly kind: string;

  constructor(segment: Segment) {
    this.segment = segment;
    this.summary = readSummary(segment.summary);
    const reference = this.summary.tracks[this.summary.reference];
    if (reference === undefined)
      throw new BoxcarError("bad_index", 500, `Segment ${segment.id} has a damaged summary.`);
    this.reference = reference;
    this.durationMs = millisecondsOf(reference.end - reference.start, reference.timescale);
    const { tracks } = this.summary;
    this.kind = JSON.stringify(
      tracks.map(({ handler, timescale, codec, descriptionHash, flags }) => {
        return [handler, timescale, codec, descriptionHash, flags & TrackFlag.Encrypted];
      }),
    );
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

/** A segment whose place in the output is known. */
export interface PlacedSegment {
  readonly timed: TimedSegment;
  /** Output time of the reference track's start, in ticks of `timescale`. */
  readonly place: number;
  /** Ticks that places are counted in: those of the output's first reference track. */
  readonly timescale: number;
  /** Presentation starts here, ticks of the segment's reference track; -Infinity: with its first sample. */
  readonly from: number;
  /** The first of the output: samples before `from` may be taken to decode it. */
  readonly leading: boolean;
  /** How long before `from` the reference track's samples start, hidden, milliseconds. */
  readonly hiddenMs: number;
  /** Wall-clock end of what is taken, milliseconds; Infinity: to its last sample. */
  readonly untilMs: number;
  /** Whether a later segment takes over at `untilMs`. */
  readonly closed: boolean;
}

/** Where the samples of `record` end, exclusive, in its ticks; Infinity for all. */
export function limitOf(placed: PlacedSegment, record: TrackRecord): number {
  if (!Number.isFinite(placed.untilMs)) return Number.POSITIVE_INFINITY;
  const rounding = isVideo(record) ? ticksOf(ROUNDING_MS, record.timescale) : 0;
  return placed.timed.ticksAt(placed.untilMs, record) - rounding;
}
