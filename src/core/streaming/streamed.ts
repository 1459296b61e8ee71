import type { GroupLength } from "./groups.ts";
import type { Configuration } from "./init-segment.ts";
import type { StreamTracks } from "../streamed-tracks.ts";
import type { StreamedRecording } from "./streamed-recording.ts";

/** A media segment of a range. */
export interface StreamedSegment {
  readonly recording: StreamedRecording;
  /** The first sample of the reference track, from 0. */
  readonly first: number;
  /** Number of the sample behind the last one. */
  readonly end: number;
  /** When it starts to be presented, wall clock, milliseconds, not rounded. */
  readonly startMs: number;
  /** Until the next one starts, milliseconds, not rounded. */
  readonly durationMs: number;
  /** Bytes of its samples of the reference track, about. */
  readonly bytes: number;
  /** Bytes of the first of these samples. */
  readonly firstBytes: number;
  /** Whether it can be decoded without the media segment before it: its first sample is a sync sample. */
  readonly sync: boolean;
}

/** The start of a stretch: media segments that are played through without a discontinuity. */
export interface StreamedStretch {
  /** The configuration that all its recordings share. */
  readonly configuration: Configuration;
  /** Wall clock, milliseconds, not rounded. */
  readonly startMs: number;
}

/** A media segment that is still being recorded, as far as it has come. */
export type UnfinishedSegment = Pick<StreamedSegment, "recording" | "first" | "startMs" | "sync">;

/** A portion of a gap. */
export interface StreamedGap {
  /** Wall clock, milliseconds, not rounded. */
  readonly startMs: number;
  readonly durationMs: number;
}

/** Receives what a range is divided into, in order: the start of each stretch, then its media segments. */
export interface StreamSink {
  begin(stretch: StreamedStretch): void;
  add(segment: StreamedSegment): void;
  /** Called between two stretches where gaps are kept, once for each portion of the gap. */
  gap?(gap: StreamedGap): void;
  /** Called last, where the range ends in a media segment that is still being recorded. */
  unfinished?(segment: UnfinishedSegment): void;
}

/** The range to divide, and how. */
export interface StreamQuery {
  /** Wall clock, milliseconds. */
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
  readonly tracks: StreamTracks;
  readonly length: GroupLength;
  /** Gaps are kept, and given to the sink in portions of at most this many milliseconds. Default: gaps take no time and are left out. */
  readonly gapPortionMs?: number | undefined;
  /** Whether a media segment that is still being recorded is given to the sink, too. Default: complete ones alone. */
  readonly unfinished?: boolean | undefined;
}
