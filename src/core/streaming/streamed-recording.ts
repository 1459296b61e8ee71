import type { TimedSegment } from "../planning/placed-segment.ts";
import { streamedTracks } from "../streamed-tracks.ts";
import { meanDuration, millisecondsOf, rescale } from "../ticks.ts";
import { TrackFlag } from "../wasm/abi/names.ts";
import { isQuarterTurn, type TrackRecord } from "../wasm/records/summary.ts";

/** A video track, as far as playlists and manifests tell of it. */
export interface StreamedPicture extends Pick<TrackRecord, "codec" | "timescale"> {
  /** Pixels as they are shown. */
  readonly width: number;
  readonly height: number;
  /** Mean duration of a picture, ticks. */
  readonly usual: number;
}

/** A sound track, as far as it is measured and its samples are placed. */
export type StreamedSound = Pick<
  TrackRecord,
  "codec" | "timescale" | "samples" | "duration" | "lastDuration" | "bytes" | "firstPts" | "sttsEntries" | "flags"
>;

/** A segment of the catalog, as far as its media segments are named, timed and measured by it. */
export interface StreamedRecording {
  /** Found by this id for good: it stays when an open segment closes. */
  readonly id: number;
  /** When its reference track starts, wall clock, milliseconds. */
  readonly startMs: number;
  /** How long the reference track is presented, milliseconds, not rounded. */
  readonly durationMs: number;
  /** Timescale of the reference track. */
  readonly timescale: number;
  /** Where its presentation starts, ticks. */
  readonly start: number;
  /** Its samples. */
  readonly samples: number;
  /** Movie fragments of the file. */
  readonly fragments: number;
  /** The video track that is streamed, asked for or not. */
  readonly picture: StreamedPicture | undefined;
  /** The sound track that is streamed, asked for or not. */
  readonly sound: StreamedSound | undefined;
  /** Whether its sound is the reference track. */
  readonly isOfSound: boolean;
  /** The segment itself; undefined for one of a run, which is placed as a whole. */
  readonly timed: TimedSegment | undefined;
}

/** A recording that was placed by itself. */
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
 * Tells when the sound of a media segment starts that is divided by its picture, wall clock, milliseconds, by the media
 * segment's first sample and its time in ticks. Undefined where arithmetic cannot tell.
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
