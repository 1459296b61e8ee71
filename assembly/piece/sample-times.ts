/** When the samples of a piece's track are decoded and presented, in the ticks of its output track. */
import { PieceTrack } from "../abi/records";
import { newOffsetCursor, OffsetCursor } from "../index/cursors";
import { DurationCursor, newDurationCursor } from "./duration-cursor";
import { recordOf } from "../index/segment-index";
import { failed, make } from "../memory/status";
import { Piece, pieceTrack, rescale } from "./piece";

/** Goes over the samples in decode order. */
@unmanaged
export class SampleTimes {
  durations: DurationCursor;
  offsets: OffsetCursor;
  shift: i32;
  // the sample that `next` moved to
  dts: i64;
  duration: u32;
  /** Composition offset (clause 8.6.1.3). */
  offset: i64;

  open(piece: Piece, trackIndex: u32): void {
    const track = pieceTrack(piece, trackIndex);
    this.durations.open(piece, trackIndex);
    this.offsets.open(piece.index, recordOf(piece.index, trackIndex));
    this.offsets.skip(load<u32>(track, PieceTrack.FIRST));
    this.shift = load<i32>(track, PieceTrack.OFFSET_SHIFT);
  }

  /** How many samples from the next one on, the last one aside, are known to have its composition offset: at least 1. */
  alike(): u32 {
    const durations = this.durations;
    const preroll = durations.preroll;
    const sample = durations.sample;
    let end = sample;
    if (preroll.ranks == 0 && sample != preroll.shown) {
      // Both decoded and presented one tick apart.
      end = min(preroll.ranked, min(preroll.count, preroll.ledDecoding));
      if (sample < preroll.shown) end = min(end, preroll.shown);
    }
    return sample < end ? max(1, min(end - sample, durations.left)) : 1;
  }

  skip(count: u32): void {
    this.offsets.skip(count);
    this.durations.skip(count);
  }

  next(): void {
    const durations = this.durations;
    const time = durations.time + this.offsets.next();
    const natural = durations.base + rescale(time, durations.from, durations.to) + this.shift;
    this.dts = durations.dts();
    this.offset = durations.preroll.pts(durations.sample, natural) - this.dts;
    this.duration = durations.next();
  }
}

/** Times that are still to be opened; not to be used when memory is out. */
export function newSampleTimes(): SampleTimes {
  const times = make<SampleTimes>();
  if (failed()) return times;
  times.durations = newDurationCursor();
  times.offsets = newOffsetCursor();
  return times;
}
