import type { TimedSegment } from "../planning/placed-segment.ts";
import { millisecondsOf, ticksOf } from "../ticks.ts";
import type { LoadedIndex } from "../wasm/loaded-index.ts";
import type { MediaName } from "./media-segment.ts";

/** Milliseconds that a Partial Segment lasts at most, unless one sample lasts longer. */
export const PART_MS = 500;

/** A Partial Segment (RFC 8216bis section 4.4.4.9): samples of the reference track, and what other tracks have beside them. */
export interface PartialSegment {
  /** Its first sample of the reference track, from 0. */
  readonly first: number;
  /** Number of the sample behind the last one. */
  readonly end: number;
  /** Milliseconds, not rounded. */
  readonly durationMs: number;
  /** Whether it begins with a sync sample. */
  readonly sync: boolean;
}

/** A Partial Segment by its media segment, of which only its first sample has to be known. */
export interface PartName extends Omit<MediaName, "end" | "partial"> {
  /** Its number in there, from 0. */
  readonly part: number;
  /** `GroupLength.lengthMs` of the media segments that the recording is divided into. */
  readonly lengthMs: number;
}

/** A media segment of a recording, as far as it has come. */
export interface PartedSegment {
  /** Number of the sample behind the last one that has come. */
  readonly end: number;
  /** Whether the media segment is complete. */
  readonly whole: boolean;
  /** Its complete Partial Segments, in order. */
  readonly parts: readonly PartialSegment[];
}

/** Samples of a media segment that are divided. */
export interface PartedSamples {
  readonly first: number;
  /** Number of the sample behind the last one. */
  readonly end: number;
  /** Whether no more of the media segment will come: its last Partial Segment may be short. */
  readonly whole: boolean;
}

/**
 * Divides samples into Partial Segments: each has as many as last no longer than `PART_MS`, in decoding order, so that
 * those which are complete stay as they are while more samples come.
 */
export function partialSegments(
  loaded: LoadedIndex,
  { reference, summary }: TimedSegment,
  { first, end, whole }: PartedSamples,
): PartialSegment[] {
  const most = ticksOf(PART_MS, reference.timescale);
  const run = (from: number, count: number): ReturnType<LoadedIndex["run"]> =>
    loaded.run(summary.reference, from, count);
  const parts: PartialSegment[] = [];
  for (let from = first; from < end;) {
    const { dts, sync } = run(from, 1);
    const ticksUntil = (until: number): number => {
      const { lastDts, lastDuration } = run(from, until - from);
      return lastDts + lastDuration - dts;
    };
    let [low, high] = [from + 1, end];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (ticksUntil(middle) <= most) low = middle;
      else high = middle - 1;
    }
    if (low === end && !whole) break;
    parts.push({ first: from, end: low, durationMs: millisecondsOf(ticksUntil(low), reference.timescale), sync });
    from = low;
  }
  return parts;
}
