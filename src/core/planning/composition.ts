import type { OutputTrack } from "./output-track.ts";
import type { Pieces } from "./pieces.ts";
import type { Placement } from "./placement.ts";

/** Everything an output is made of, before its bytes are laid out. */
export interface Composition extends Omit<Placement, "leading" | "pictureEndMs"> {
  readonly tracks: readonly OutputTrack[];
  /** Empty when there were more than `PieceMakerOptions.mostPieces`. */
  readonly pieces: Pieces;
  /** How many pieces there are, kept or not. */
  readonly segments: number;
  /** Movie fragments of all pieces, silence included. */
  readonly fragments: number;
  /** Movie fragments that `sidx` and `mfra` refer to: all but those of silence. */
  readonly references: number;
  readonly joints: number;
}
