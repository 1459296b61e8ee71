/**
 * What a track decodes before it presents anything. Many readers know edit lists not at all, or in part; therefore these
 * samples take next to no time: they are decoded one tick apart, at most some samples' time ahead, the hidden ones are presented
 * one tick apart right before the presentation starts, in their order, and the sample that is on screen then is presented from then on.
 * In fragments the hidden ones, and that one, may be earlier.
 * Where decoding begins in an earlier segment, all of that one is decoded so, in front of what goes on from it.
 * What is decoded behind them keeps its own time: readers seek by decode times less the delay that the edit list tells.
 */
import { Piece } from "./piece";
import { word } from "../memory/words";

/** No sample, and no place among the hidden ones. */
export const NONE: u32 = u32.MAX_VALUE;

/** Times are output ticks, samples are counted from the first one of the piece. All 0: nothing changes. */
@unmanaged
export class Preroll {
  /** Samples from `led` on keep their times, those from `ledDecoding` on their decode times. */
  led: u32;
  ledDecoding: u32;
  /** Whether samples have composition offsets that otherwise have none. */
  offsets: bool;
  /** Samples from `ledDecoding` up to `moved` are decoded `movedBy` earlier than otherwise. */
  moved: u32;
  movedBy: i64;
  /** Samples that are decoded `apart`. */
  count: u32;
  /** Ticks between two of them, one in most cases, and further ones between the first and the second. */
  apart: u32;
  ahead: u32;
  /** How many samples are hidden: decoded, and not presented. */
  hidden: u32;
  /** The sample that is on screen when the presentation starts. */
  shown: u32;
  /** Decode times of the first sample, and of the one behind those that are decoded `apart`. */
  first: i64;
  behind: i64;
  /** When the presentation starts, and the sample on screen is presented. */
  start: i64;
  onScreen: i64;
  /** How much earlier the hidden samples, and the one on screen, could be presented, were it not for `hiddenEarly` and `shownEarly`. */
  slack: i64;
  /** Where the presentation of the hidden samples ends: at `start`, or where the hidden samples of later pieces begin. */
  hiddenEnd: i64;
  /** For each of the first `ranked` samples its place among the hidden ones, NONE for others; 0: the first ones in order. */
  ranks: usize;
  ranked: u32;

  /** Decode time of a sample that would be decoded at `natural`. */
  dts(sample: u32, natural: i64): i64 {
    if (sample >= this.ledDecoding) return sample < this.moved ? natural - this.movedBy : natural;
    if (sample >= this.count) return this.behind;
    return this.first + <i64>sample * this.apart + (sample == 0 ? 0 : this.ahead);
  }

  /** Presentation time of a sample that would be presented at `natural`. */
  pts(sample: u32, natural: i64): i64 {
    if (sample >= this.led) return natural;
    if (sample == this.shown) return this.onScreen;
    if (sample >= this.ranked) return natural;
    const rank = this.ranks == 0 ? sample : load<u32>(word(this.ranks, sample));
    if (rank == NONE) return natural;
    return this.hiddenEnd - <i64>(this.hidden - rank) * this.apart - (rank == 0 ? this.ahead : 0);
  }
}

/** The pre-roll of one track of a piece. */
export function prerollOf(piece: Piece, trackIndex: u32): Preroll {
  return changetype<Preroll>(piece.prerolls + <usize>trackIndex * offsetof<Preroll>());
}
