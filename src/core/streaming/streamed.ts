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
  /** Bytes of the reference track, about. */
  readonly bytes: number;
  /** Of its first sample. */
  readonly firstBytes: number;
  /** Whether it can be decoded without the one before. */
  readonly sync: boolean;
}

/** Where a stretch begins that is played through without a discontinuity. */
export interface StreamedStretch {
  /** What the init segments of all its recordings say. */
  readonly configuration: Configuration;
  /** Wall clock, milliseconds, not rounded. */
  readonly startMs: number;
}

/** A media segment of which more is being recorded, as far as it has come. */
export type UnfinishedSegment = Pick<StreamedSegment, "recording" | "first" | "startMs" | "sync">;

/** A part of a time in which nothing was recorded. */
export interface StreamedGap {
  /** Wall clock, milliseconds, not rounded. */
  readonly startMs: number;
  readonly durationMs: number;
}

/** Takes in what a range consists of, in order: each stretch, then its media segments. */
export interface StreamSink {
  begin(stretch: StreamedStretch): void;
  add(segment: StreamedSegment): void;
  /** Between two stretches, where gaps are kept: as many as the gap takes. */
  gap?(gap: StreamedGap): void;
  /** What the range ends with, if it is being recorded. */
  unfinished?(segment: UnfinishedSegment): void;
}

/** What of a range is streamed. */
export interface StreamQuery {
  /** Wall clock, milliseconds. */
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
  readonly tracks: StreamTracks;
  readonly length: GroupLength;
  /** Gaps are kept, and told of in portions of at most so many milliseconds. Default: they take no time, and are not told of. */
  readonly gapPortionMs?: number | undefined;
  /** Whether a media segment is told of, too, that is being recorded. Default: only those that are all there. */
  readonly unfinished?: boolean | undefined;
}
