/** Sample durations in the ticks of an output track. */
import { newRunCursor, RunCursor } from "./cursors";
import { Piece, pieceTrack, rescale } from "../piece/piece";
import { PieceTrack, TrackRecord } from "../abi/records";
import { recordOf } from "./segment-index";
import { cleared } from "../memory/status";

/** Sample durations of a piece's track in output ticks, rounded so that the sum never drifts. */
@unmanaged
export class DurationCursor {
  runs: RunCursor;
  from: u32;
  to: u32;
  /** Decode time of the piece's first sample, in the segment's ticks. */
  first: i64;
  /** The segment's ticks since then. */
  time: i64;
  /** Samples before the last one, whose duration the plan sets. */
  left: u32;
  lastDuration: u32;

  open(piece: Piece, slot: u32): void {
    const record = recordOf(piece.index, slot);
    const track = pieceTrack(piece, slot);
    this.runs.open(piece.index, record, TrackRecord.DURATIONS_OFFSET);
    this.first =
      load<i64>(record, TrackRecord.FIRST_DTS) + <i64>skipRuns(this.runs, load<u32>(track, PieceTrack.FIRST));
    this.from = load<u32>(record, TrackRecord.TIMESCALE);
    this.to = load<u32>(track, PieceTrack.TIMESCALE);
    this.time = 0;
    this.left = load<u32>(track, PieceTrack.COUNT) - 1;
    this.lastDuration = load<u32>(track, PieceTrack.LAST_DURATION);
  }

  next(): u32 {
    if (this.left == 0) return this.lastDuration;
    this.left--;
    if (this.runs.left == 0) this.runs.refill();
    this.runs.left--;
    const before = this.time;
    this.time = before + this.runs.value;
    if (this.from == this.to) return this.runs.value;
    return <u32>(rescale(this.time, this.from, this.to) - rescale(before, this.from, this.to));
  }
}

/** A cursor that is still to be opened; not to be used when memory is out. */
export function newDurationCursor(): DurationCursor {
  const cursor = changetype<DurationCursor>(cleared(offsetof<DurationCursor>()));
  cursor.runs = newRunCursor();
  return cursor;
}

/** Passes over `count` samples; returns the sum of their values. */
export function skipRuns(runs: RunCursor, count: u32): u64 {
  let sum: u64 = 0;
  while (count > 0) {
    if (runs.left == 0) runs.refill();
    const taken = runs.take(count);
    sum += <u64>taken * runs.value;
    count -= taken;
  }
  return sum;
}
