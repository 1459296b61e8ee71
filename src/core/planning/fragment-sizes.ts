import type { PieceTrack } from "./piece.ts";
import type { RunCounts } from "./joined-runs.ts";
import { TRAF_BASE, TrackFlag, TRUN_BASE } from "../wasm/abi/names.ts";

/** What the movie fragments of one track consist of, over one piece or several. */
export class FragmentCounts {
  #trafs = 0;
  #truns = 0;
  /** Samples with fields of their own. */
  #samples = 0;
  /** Of them, those in pieces with a pre-roll that has composition offsets where the others need none. */
  #prerolled = 0;
  /** Of the `traf`s, those whose `tfhd` states what all samples have in common. */
  #defaults = 0;
  /** Last samples, whose duration stands in their run, of such tracks. */
  #lasts = 0;

  /** Adds the track of a piece. */
  add({ counts, count, offsetShift }: PieceTrack): this {
    const { trafs, truns, flags } = counts;
    this.addRun({ segments: 1, samples: count, trafs, truns }, (flags & TrackFlag.Uniform) !== 0, offsetShift);
    if (flags & TrackFlag.PrerollOffsets) this.#prerolled += count;
    return this;
  }

  /** Adds the tracks of whole pieces. @param offsetShift as that of each */
  addRun(
    { segments, samples, trafs, truns }: Pick<RunCounts, "segments" | "samples" | "trafs" | "truns">,
    uniform: boolean,
    offsetShift: number,
  ): void {
    this.#trafs += trafs;
    this.#truns += truns;
    if (uniform && offsetShift === 0) {
      this.#defaults += trafs;
      this.#lasts += segments;
    } else this.#samples += samples;
  }

  /**
   * Bytes of all `traf` boxes.
   * @param flags bits of TrackFlag over the whole output track
   */
  bytes(flags: number): number {
    const flagBytes = flags & TrackFlag.AllSync ? 0 : 4;
    const fields = 8 + flagBytes + (flags & TrackFlag.Offsets ? 4 : 0);
    return (
      this.#trafs * TRAF_BASE +
      this.#truns * TRUN_BASE +
      this.#samples * fields +
      (flags & TrackFlag.Offsets ? 0 : this.#prerolled * 4) +
      this.#defaults * (8 + flagBytes) +
      this.#lasts * 4
    );
  }
}
