import { isAudio, isVideo } from "../track-kinds.ts";
import type { TimedSegment } from "../planning/placed-segment.ts";
import { rescale } from "../ticks.ts";
import type { Summary, TrackRecord } from "../wasm/records/summary.ts";

/** Which tracks media segments have: picture and sound together, or one of them. */
export type StreamTracks = "av" | "v" | "a";

/** A track of a recording that is streamed. */
export interface StreamedTrack {
  readonly trackIndex: number;
  readonly record: TrackRecord;
  /** In media and init segments: 1 the picture, 2 the sound. */
  readonly trackId: number;
}

/** Finest timescale: media times count from 1970, and have to be whole numbers below 2^53. */
const FINEST = 1_000_000;
/** What finer ones become. */
const USUAL = 90_000;

/** Whether a recording's media times can be told: it starts in the years 1970 to 2255. */
export function hasMediaTimes({ startMs }: { readonly startMs: number }): boolean {
  return startMs >= 0 && startMs < Number.MAX_SAFE_INTEGER / (FINEST / 1000);
}

/** The tracks of a recording that are streamed: its first video and its first sound, as far as they are asked for. */
export function streamedTracks({ tracks }: Pick<Summary, "tracks">, asked: StreamTracks): StreamedTrack[] {
  const found: StreamedTrack[] = [];
  const take = (trackIndex: number, trackId: number): void => {
    const record = tracks[trackIndex];
    if (record !== undefined) found.push({ trackIndex, record, trackId });
  };
  if (asked !== "a") take(tracks.findIndex(isVideo), 1);
  if (asked !== "v") take(tracks.findIndex(isAudio), 2);
  return found;
}

/** Ticks a second of a streamed track. */
export function streamTimescale({ timescale }: Pick<TrackRecord, "timescale">): number {
  return timescale > FINEST ? USUAL : timescale;
}

/**
 * A time of a recording's presentation as media time: ticks of `streamTimescale` since 1970-01-01T00:00:00Z.
 * @param startMs when its reference track starts to be presented, milliseconds since then
 * @param ticks of `record`
 */
export function mediaTime({ reference }: TimedSegment, startMs: number, record: TrackRecord, ticks: number): number {
  const to = streamTimescale(record);
  const start = rescale(startMs, 1000, to) - rescale(reference.start, reference.timescale, to);
  return start + rescale(ticks, record.timescale, to);
}
