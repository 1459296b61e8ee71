import type { StatedStart } from "./stated-start.ts";

/** One track of a segment, for people and catalogs. */
export interface TrackDescription {
  readonly id: number;
  /** Handler type of `hdlr`: `vide`, `soun`, … */
  readonly handler: string;
  /** RFC 6381 codec string, or the sample entry's four-character code where none is defined. */
  readonly codec: string;
  /** Ticks a second. */
  readonly timescale: number;
  readonly samples: number;
  readonly durationMs: number;
}

/** What a segment holds, in the units of the HTTP surface. */
export interface SegmentDescription {
  readonly format: "mp4" | "fmp4";
  /** How long the reference track (video, else the first) is presented, in milliseconds, not rounded. */
  readonly durationMs: number;
  /** RFC 6381, comma separated, in track order. */
  readonly codecs: string;
  /** Pixels as presented (`tkhd`: turned as its matrix says), 0 without video. */
  readonly width: number;
  readonly height: number;
  readonly tracks: readonly TrackDescription[];
  /** What was repaired or simplified while indexing, one sentence each. Empty for a plain file. */
  readonly warnings: readonly string[];
}

/** The result of indexing. */
export interface IndexedSegment {
  /** The whole segment index. */
  readonly index: Uint8Array;
  /** The first bytes of `index`: counts and durations without the columns. */
  readonly summary: Uint8Array;
  readonly description: SegmentDescription;
  /** Undefined when the file does not state when it was recorded. */
  readonly statedStart: StatedStart | undefined;
}
