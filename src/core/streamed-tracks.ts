import { isAudio, isVideo } from "./track-kinds.ts";
import { TrackFlag } from "./wasm/abi/names.ts";
import type { Summary, TrackRecord } from "./wasm/records/summary.ts";

/** Which tracks media segments have: picture and sound together, or one of them. */
export type StreamTracks = "av" | "v" | "a";

/** A track of a recording that is streamed. */
export interface StreamedTrack {
  readonly trackIndex: number;
  readonly record: TrackRecord;
  /** In media and init segments: 1 the picture, 2 the sound. */
  readonly trackId: number;
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

/**
 * What of `TrackRecord.flags` a streamed track is written by. Of video, that all samples are sync samples says nothing of others: what is being
 * recorded may have a single one by now.
 */
export function streamedFlags(record: TrackRecord): number {
  return isVideo(record) ? record.flags & ~TrackFlag.AllSync : record.flags;
}
