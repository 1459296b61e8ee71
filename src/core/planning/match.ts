import type { OutputTrack } from "./output-track.ts";

/** What the tracks of segments of one kind become. */
export interface Match {
  /** One a track. */
  readonly outputs: readonly OutputTrack[];
  /** One a track: the output sample description index of the first description; undefined before there is a sample of it. */
  readonly bases: (number | undefined)[];
  /** Whether a track changes its timescale. */
  readonly scaled: boolean;
}
