import type { JoinedRuns } from "./joined-runs.ts";
import type { Match } from "./match.ts";
import type { PieceColumns } from "./piece-columns.ts";

/** Segments of one kind that are taken as wholes, one behind another. */
export interface AlikeSegments {
  readonly kind: string;
  readonly segments: number;
  readonly fragments: number;
  /**
   * What each output track would come to with these segments, changing none; undefined when each segment has to be looked at.
   * @param filled whether holes in the sound are filled
   */
  readonly join: (match: Match, filled: boolean) => readonly JoinedRuns[] | undefined;
  /** The segments' pieces; undefined when the runs do not know what they are made of. */
  readonly columns: (match: Match, joined: readonly JoinedRuns[]) => readonly PieceColumns[] | undefined;
}
