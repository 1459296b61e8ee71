import type { DurationRuns } from "./duration-runs.ts";
import type { PieceTrack } from "./piece.ts";
import type { TrackColumns } from "./piece-columns.ts";

/** What the pieces of some whole tracks add up to. */
export interface RunCounts {
  readonly segments: number;
  readonly samples: number;
  readonly sttsEntries: number;
  readonly cttsEntries: number;
  readonly syncSamples: number;
  readonly stscEntries: number;
  readonly chunks: number;
  readonly trafs: number;
  readonly truns: number;
  readonly bytes: number;
  /** Bits of TrackFlag that some have. */
  readonly flags: number;
  /** Those that all have. */
  readonly commonFlags: number;
  /** Bytes of every sample, 0 when they differ. */
  readonly constantSize: number;
}

/** What an output track comes to by runs that are joined to it. */
export interface JoinedRuns {
  readonly counts: readonly RunCounts[];
  readonly uniform: boolean;
  readonly durations: DurationRuns | undefined;
  /** Of their last piece. */
  readonly last: PieceTrack;
  readonly presentedEnd: number;
  /** From the last sample before them to their first one, ticks of decode time. */
  readonly distance: number;
  /** Of each piece, span by span; empty where the runs come without their pieces. */
  readonly times: readonly Pick<TrackColumns, "dts" | "lastDuration">[];
}
