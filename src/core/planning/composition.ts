import type { OutputTrack } from "./output-track.ts";
import type { Piece } from "./piece.ts";

/** Wall-clock interval in milliseconds, end exclusive. */
export interface Interval {
  readonly startMs: number;
  readonly endMs: number;
}

/** What the clock showed at a moment of the output. */
export interface ClockReading {
  /** Milliseconds from the start of the output's presentation. */
  readonly atMs: number;
  /** Wall clock, milliseconds. */
  readonly wallMs: number;
}

/** Everything an output is made of, before its bytes are laid out. */
export interface Composition {
  readonly tracks: readonly OutputTrack[];
  /** Empty when there were more than were to be kept. */
  readonly pieces: readonly Piece[];
  /** Pieces that were made. */
  readonly segments: number;
  /** Movie fragments that they make, and that silence makes. */
  readonly fragments: number;
  /** Those that `sidx` and `mfra` refer to: all but silence. */
  readonly references: number;
  /** Wall-clock time presented. */
  readonly startMs: number;
  readonly endMs: number;
  readonly coverage: readonly Interval[];
  readonly gaps: readonly Interval[];
  readonly joints: number;
  /** Where the output starts, and where it goes on after a gap, in order. */
  readonly chapterStarts: readonly ClockReading[];
  /** Readings of the clock, in order, the first at 0: from one on it runs evenly, to within a frame, until the next. */
  readonly clock: readonly ClockReading[];
  /** End of the presentation in milliseconds from its start, Infinity when nothing is hidden at the end. */
  readonly presentedMs: number;
}
