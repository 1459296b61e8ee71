/**
 * What fragments decode behind the end of a presentation, since something that is shown needs it. Many players ignore where an edit
 * list of fragments ends, so these samples come soon behind it: in their order, but no closer than readers tell pictures apart.
 */
import { PieceTrack } from "../abi/records";
import { failed, make, reserve } from "../memory/status";
import { Piece, pieceTrack } from "./piece";
import { newSampleTimes } from "./sample-times";

/** Of more samples none is moved: encoders have a handful. */
const MOST: u32 = 16;

/** Times are output ticks. */
@unmanaged
export class LateSamples {
  /** Recorded presentation times of the late samples, i64 each. */
  private times: usize;
  private count: u32;
  private until: i64;
  /** Presentation time of the last sample that is not late. */
  private shown: i64;
  private apart: i64;
  private closer: i64;
  private latest: i64;

  open(piece: Piece, trackIndex: u32): void {
    const track = pieceTrack(piece, trackIndex);
    this.until = load<i64>(track, PieceTrack.PRESENTED_UNTIL);
    if (this.until == i64.MAX_VALUE) return;
    this.apart = load<u32>(track, PieceTrack.LATE_APART);
    this.closer = load<u32>(track, PieceTrack.LATE_CLOSER);
    this.latest = load<i64>(track, PieceTrack.LATEST);
    this.shown = i64.MIN_VALUE;
    this.times = reserve(MOST * 8);
    const samples = newSampleTimes();
    if (failed()) return;
    samples.open(piece, trackIndex);
    for (let left = load<u32>(track, PieceTrack.COUNT); left > 0; left--) {
      samples.next();
      const pts = samples.dts + samples.offset;
      if (pts < this.until) this.shown = max(this.shown, pts);
      else if (this.count++ < MOST) store<i64>(this.times + ((<usize>this.count - 1) << 3), pts);
    }
  }

  /** When a sample is presented that was recorded to be presented at `recorded`. */
  pts(recorded: i64): i64 {
    if (recorded < this.until || this.count > MOST) return recorded;
    let place: i64 = 1;
    for (let i: u32 = 0; i < this.count; i++) place += i64(load<i64>(this.times + ((<usize>i) << 3)) < recorded);
    // The last picture on screen may last longer than the others.
    const first = max<i64>(this.shown + this.apart, this.until);
    const wanted = first + (place - 1) * this.apart;
    return min<i64>(recorded, wanted - min<i64>(this.closer, max<i64>(0, wanted - this.latest)));
  }
}

/** To be opened; not to be used when memory is out. */
export function newLateSamples(): LateSamples {
  return make<LateSamples>();
}
