import type { DurationRuns } from "./duration-runs.ts";
import type { PieceTrack } from "./piece.ts";
import type { TrackColumns } from "./piece-columns.ts";

/** The sums over a track of whole pieces. */
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
  /** Bits of TrackFlag that some pieces have. */
  readonly flags: number;
  /** Bits of TrackFlag that all pieces have. */
  readonly commonFlags: number;
  /** Bytes of every sample, 0 when they differ. */
  readonly constantSize: number;
}

/** What an output track comes to with runs that are joined to it. */
export interface JoinedRuns {
  readonly counts: readonly RunCounts[];
  readonly uniform: boolean;
  readonly durations: DurationRuns | undefined;
  /** The track of their last piece. */
  readonly last: PieceTrack;
  readonly presentedEnd: number;
  /** From the last sample before the runs to their first one, ticks of decode time. */
  readonly distance: number;
  /** Times of each piece, span by span; empty where the runs come without their pieces. */
  readonly times: readonly Pick<TrackColumns, "dts" | "lastDuration">[];
}
