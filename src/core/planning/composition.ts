import type { OutputTrack } from "./output-track.ts";
import type { Pieces } from "./pieces.ts";
import type { Placement } from "./placement.ts";

/** Everything an output is made of, before its bytes are laid out. */
export interface Composition extends Omit<Placement, "leading" | "pictureEndMs"> {
  readonly tracks: readonly OutputTrack[];
  /** Empty when there were more than were to be kept. */
  readonly pieces: Pieces;
  /** Pieces that were made. */
  readonly segments: number;
  /** Movie fragments that they make, and that silence makes. */
  readonly fragments: number;
  /** Those that `sidx` and `mfra` refer to: all but silence. */
  readonly references: number;
  readonly joints: number;
}
