/** Sample durations in the ticks of an output track. */
import { newRunCursor, RunCursor, skipRuns } from "./cursors";
import { Piece, pieceTrack, rescale } from "./piece";
import { Preroll, prerollOf } from "./preroll";
import { PieceTrack } from "./records/piece";
import { TrackRecord } from "./records/summary";
import { recordOf } from "./segment-index";
import { cleared, failed } from "./status";

/** Sample durations of a piece's track in output ticks, rounded so that the sum never drifts. */
@unmanaged
export class DurationCursor {
  runs: RunCursor;
  preroll: Preroll;
  from: u32;
  to: u32;
  /** Decode time of the piece's first sample, in the segment's ticks. */
  first: i64;
  /** The same in output ticks, without the pre-roll. */
  base: i64;
  /** The segment's ticks since then. */
  time: i64;
  /** Number of the next sample in the piece. */
  sample: u32;
  /** Samples before the last one, whose duration the plan sets. */
  left: u32;
  lastDuration: u32;

  open(piece: Piece, slot: u32): void {
    const record = recordOf(piece.index, slot);
    const track = pieceTrack(piece, slot);
    this.preroll = prerollOf(piece, slot);
    if (failed()) return;
    this.runs.open(piece.index, record, TrackRecord.DURATIONS_OFFSET);
    this.first =
      load<i64>(record, TrackRecord.FIRST_DTS) + <i64>skipRuns(this.runs, load<u32>(track, PieceTrack.FIRST));
    this.base = load<i64>(track, PieceTrack.DTS);
    this.from = load<u32>(record, TrackRecord.TIMESCALE);
    this.to = load<u32>(track, PieceTrack.TIMESCALE);
    this.time = 0;
    this.sample = 0;
    this.left = load<u32>(track, PieceTrack.COUNT) - 1;
    this.lastDuration = load<u32>(track, PieceTrack.LAST_DURATION);
  }

  /** Decode time of the next sample, output ticks. */
  dts(): i64 {
    return this.preroll.dts(this.sample, this.base + rescale(this.time, this.from, this.to));
  }

  next(): u32 {
    if (this.left == 0) return this.lastDuration;
    if (this.preroll.none && this.from == this.to) return this.pass();
    const before = this.dts();
    this.pass();
    return <u32>(this.dts() - before);
  }

  private pass(): u32 {
    this.left--;
    this.sample++;
    if (this.runs.left == 0) this.runs.refill();
    this.runs.left--;
    this.time += this.runs.value;
    return this.runs.value;
  }
}

export function newDurationCursor(): DurationCursor {
  const cursor = changetype<DurationCursor>(cleared(offsetof<DurationCursor>()));
  cursor.runs = newRunCursor();
  return cursor;
}
