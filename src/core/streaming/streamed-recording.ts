import type { TimedSegment } from "../planning/placed-segment.ts";
import { streamedTracks } from "../streamed-tracks.ts";
import { meanDuration, millisecondsOf, rescale } from "../ticks.ts";
import { TrackFlag } from "../wasm/abi/names.ts";
import { isQuarterTurn, type TrackRecord } from "../wasm/records/summary.ts";

/** What of a picture is measured. */
export interface StreamedPicture extends Pick<TrackRecord, "codec" | "timescale"> {
  /** Pixels as they are shown. */
  readonly width: number;
  readonly height: number;
  /** What a picture lasts in the mean, ticks. */
  readonly usual: number;
}

/** What of sound is measured, and what says when each of its samples starts. */
export type StreamedSound = Pick<
  TrackRecord,
  "codec" | "timescale" | "samples" | "duration" | "lastDuration" | "bytes" | "firstPts" | "sttsEntries" | "flags"
>;

/** A recording as media segments are named, timed and measured by it. */
export interface StreamedRecording {
  /** It is found by it for good. */
  readonly id: number;
  /** When its reference track starts to be presented, wall clock, milliseconds. */
  readonly startMs: number;
  /** How long that is presented, milliseconds, not rounded. */
  readonly durationMs: number;
  /** Ticks a second of it, where its presentation starts, and how many samples it has. */
  readonly timescale: number;
  readonly start: number;
  readonly samples: number;
  /** Movie fragments. */
  readonly fragments: number;
  /** Of the tracks that are streamed, whichever are asked for; undefined without one. */
  readonly picture: StreamedPicture | undefined;
  readonly sound: StreamedSound | undefined;
  /** Whether its sound is the reference track. */
  readonly isOfSound: boolean;
  /** All that is known of it; undefined for one of many that are told of together. */
  readonly timed: TimedSegment | undefined;
}

/** One that was placed by itself. */
export class TimedRecording implements StreamedRecording {
  readonly id: number;
  readonly startMs: number;
  readonly durationMs: number;
  readonly timescale: number;
  readonly start: number;
  readonly samples: number;
  readonly timed: TimedSegment;

  constructor(timed: TimedSegment) {
    const { segment, reference, durationMs } = timed;
    this.id = segment.lastingId ?? segment.id;
    this.startMs = segment.startMs;
    this.durationMs = durationMs;
    this.timescale = reference.timescale;
    this.start = reference.start;
    this.samples = reference.samples;
    this.timed = timed;
  }

  get fragments(): number {
    return this.timed.summary.fragments;
  }

  get picture(): StreamedPicture | undefined {
    const { summary } = this.timed;
    const record = streamedTracks(summary, "v")[0]?.record;
    if (record === undefined) return undefined;
    const { codec, timescale } = record;
    const [width, height] = isQuarterTurn(summary, record)
      ? [record.height, record.width]
      : [record.width, record.height];
    return { codec, timescale, width, height, usual: meanDuration(record) };
  }

  get sound(): StreamedSound | undefined {
    return streamedTracks(this.timed.summary, "a")[0]?.record;
  }

  get isOfSound(): boolean {
    return this.sound === this.timed.reference;
  }
}

/** The wall-clock time of a tick of a recording's reference track, milliseconds, not rounded. */
export function wallAt({ startMs, start, timescale }: StreamedRecording, ticks: number): number {
  return startMs + millisecondsOf(ticks - start, timescale);
}

/**
 * When the sound of a media segment starts that is divided by its picture, wall clock, milliseconds: by its first sample and
 * its time. Undefined where that is not told by arithmetic.
 */
export function soundStarts({
  startMs,
  start: from,
  timescale,
  sound,
  isOfSound,
}: StreamedRecording): ((first: number, ticks: number) => number) | undefined {
  if (sound === undefined || isOfSound) return undefined;
  // All samples but the last one have one duration.
  if (sound.sttsEntries > 2 || sound.flags & TrackFlag.Offsets) return undefined;
  const step = meanDuration(sound);
  const start = rescale(from, timescale, sound.timescale);
  return (first, ticks) => {
    const lies = rescale(ticks, timescale, sound.timescale) - sound.firstPts;
    const before = first === 0 ? 0 : Math.min(Math.max(0, Math.ceil(lies / step)), sound.samples);
    return startMs + millisecondsOf(sound.firstPts + before * step - start, sound.timescale);
  };
}
