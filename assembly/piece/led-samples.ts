/** The samples among which the pre-roll of a track is looked for. */
import { PieceTrack, TrackRecord } from "../abi/records";
import { newOffsetCursor, newRunCursor, OffsetCursor, RunCursor, skipRuns } from "../index/cursors";
import { recordOf } from "../index/segment-index";
import { failed, reserve } from "../memory/status";
import { Piece, pieceTrack, rescale } from "./piece";

/** The samples of a piece's track that may belong to its pre-roll, in decode order; times are the segment's ticks. */
@unmanaged
export class LedSamples {
  index: usize;
  record: usize;
  /** Number of the piece's first sample in its segment, and its decode time. */
  first: u32;
  firstDts: i64;
  runs: RunCursor;
  offsets: OffsetCursor;
  /** Decode time of the next sample from the piece's first one on. */
  time: i64;
  base: i64;
  from: u32;
  to: u32;

  /** Goes back to the piece's first sample. Its composition offset is not read before `openOffsets`. */
  rewind(): void {
    this.runs.open(this.index, this.record, TrackRecord.DURATIONS_OFFSET);
    this.firstDts = load<i64>(this.record, TrackRecord.FIRST_DTS) + <i64>skipRuns(this.runs, this.first);
    this.time = 0;
  }

  /** Goes to the composition offset of the piece's first sample. */
  openOffsets(): void {
    this.offsets.open(this.index, this.record);
    this.offsets.skip(this.first);
  }

  /** Passes over samples; their composition offsets are not passed. */
  skip(count: u32): void {
    this.time += skipRuns(this.runs, count);
  }

  /** The next sample's decode time in the ticks of the output track, were it not for the pre-roll. */
  dts(): i64 {
    return this.base + rescale(this.time, this.from, this.to);
  }

  /** How many of the piece's first `most` samples are decoded before `limit`. */
  decodedUntil(limit: i64, most: u32): u32 {
    this.rewind();
    let count: u32 = 0;
    while (count < most) {
      const alike = this.alike(most - count);
      const passed = this.decodedBefore(limit, alike);
      this.passAlike(passed);
      count += passed;
      if (passed < alike) break;
    }
    return count;
  }

  /** How many of the next samples, `most` at most and all of one duration, are decoded before `limit`. */
  decodedBefore(limit: i64, most: u32): u32 {
    let low: u32 = 0;
    let high = most;
    while (low < high) {
      const middle = low + ((high - low) >> 1);
      const dts = this.base + rescale(this.time + <i64>middle * this.runs.value, this.from, this.to);
      if (dts < limit) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The number of samples that follow, `most` at most, with the duration of the next one. */
  alike(most: u32): u32 {
    if (this.runs.left == 0) this.runs.refill();
    return min(most, this.runs.left);
  }

  /** Passes over samples with the duration of the next one. */
  passAlike(count: u32): void {
    this.runs.left -= count;
    this.time += <i64>count * this.runs.value;
  }

  /** Passes over the next sample. Returns its presentation time from the piece's first decode time on. */
  pass(): i64 {
    if (this.runs.left == 0) this.runs.refill();
    this.runs.left--;
    const pts = this.time + this.offsets.next();
    this.time += this.runs.value;
    return pts;
  }
}

/** The samples of a track of a piece, at the first one; not to be used when memory is out. */
export function openLed(piece: Piece, trackIndex: u32): LedSamples {
  const led = changetype<LedSamples>(reserve(offsetof<LedSamples>()));
  const runs = newRunCursor();
  const offsets = newOffsetCursor();
  if (failed()) return led;
  const track = pieceTrack(piece, trackIndex);
  led.index = piece.index;
  led.record = recordOf(piece.index, trackIndex);
  led.first = load<u32>(track, PieceTrack.FIRST);
  led.runs = runs;
  led.offsets = offsets;
  led.from = load<u32>(led.record, TrackRecord.TIMESCALE);
  led.to = load<u32>(track, PieceTrack.TIMESCALE);
  led.base = load<i64>(track, PieceTrack.DTS);
  led.rewind();
  return led;
}
