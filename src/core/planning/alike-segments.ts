import type { Followed } from "./followed.ts";
import type { Match } from "./match.ts";
import type { PieceColumns } from "./piece-columns.ts";

/** Segments of one kind that are taken as wholes, one behind another. */
export interface AlikeSegments {
  readonly kind: string;
  readonly segments: number;
  readonly fragments: number;
  /**
   * What becomes of the output tracks of the kind, which does not change them; undefined when it takes a look at each segment.
   * @param filled whether holes in the sound are filled
   */
  readonly follow: (match: Match, filled: boolean) => readonly Followed[] | undefined;
  /** The pieces; undefined when it is not known what they are made of. */
  readonly columns: (match: Match, followed: readonly Followed[]) => readonly PieceColumns[] | undefined;
}
