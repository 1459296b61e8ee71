import type { JoinedRuns } from "./joined-runs.ts";
import type { Match } from "./match.ts";
import type { PieceColumns } from "./piece-columns.ts";

/** Segments of one kind that are taken as wholes, one behind another. */
export interface AlikeSegments {
  readonly kind: string;
  readonly segments: number;
  readonly fragments: number;
  /**
   * What the output tracks of the kind come to by them, which changes none; undefined when it takes a look at each segment.
   * @param filled whether holes in the sound are filled
   */
  readonly join: (match: Match, filled: boolean) => readonly JoinedRuns[] | undefined;
  /** The pieces; undefined when it is not known what they are made of. */
  readonly columns: (match: Match, joined: readonly JoinedRuns[]) => readonly PieceColumns[] | undefined;
}
