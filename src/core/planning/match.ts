import type { OutputTrack } from "./output-track.ts";

/** The output tracks that the tracks of segments of one kind become. */
export interface Match {
  /** One for each track. */
  readonly outputs: readonly OutputTrack[];
  /** For each track the output sample description index of its first description; undefined before there is a sample of it. */
  readonly bases: (number | undefined)[];
  /** Whether a track changes its timescale. */
  readonly scaled: boolean;
}
