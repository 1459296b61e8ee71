/** Decode times and durations of samples in the ticks of an output track. */
import { newRunCursor, RunCursor, skipRuns } from "../index/cursors";
import { Piece, pieceTrack, rescale } from "./piece";
import { Preroll, prerollOf } from "./preroll";
import { PieceTrack, TrackRecord } from "../abi/records";
import { recordOf } from "../index/segment-index";
import { make } from "../memory/status";

/** Sample durations of a piece's track in output ticks, rounded so that the sum never drifts. */
@unmanaged
export class DurationCursor {
  runs: RunCursor;
  preroll: Preroll;
  /** Samples whose times the pre-roll gives. */
  led: u32;
  from: u32;
  to: u32;
  /** Decode time of the piece's first sample, in the segment's ticks. */
  first: i64;
  /** Decode time of the piece's first sample in output ticks, without the pre-roll. */
  base: i64;
  /** The segment's ticks since the first sample. */
  time: i64;
  /** Number of the next sample in the piece. */
  sample: u32;
  /** Samples before the last one, whose duration the plan sets. */
  left: u32;
  lastDuration: u32;

  open(piece: Piece, trackIndex: u32): void {
    const record = recordOf(piece.index, trackIndex);
    const track = pieceTrack(piece, trackIndex);
    this.preroll = prerollOf(piece, trackIndex);
    this.led = this.preroll.led;
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
    if (this.from == this.to && this.sample >= this.led) return this.pass();
    const before = this.dts();
    this.pass();
    return <u32>(this.dts() - before);
  }

  /** How many samples from the next one on, the last one aside, are known to have its duration: at least 1. */
  alike(): u32 {
    const sample = this.sample;
    const preroll = this.preroll;
    let alike: u32 = 1;
    if (sample < preroll.ledDecoding) {
      // Those that are decoded one tick apart.
      const apart = min(preroll.count, preroll.ledDecoding);
      if (sample + 1 < apart) alike = apart - 1 - sample;
    } else if (this.from == this.to) {
      if (this.runs.left == 0) this.runs.refill();
      alike = this.runs.left;
      if (sample < preroll.moved) alike = min(alike, preroll.moved - 1 - sample);
    }
    return max(1, min(alike, this.left));
  }

  /** Passes over `count` samples; the last one is not passed. */
  skip(count: u32): void {
    const passed = min(count, this.left);
    this.time += skipRuns(this.runs, passed);
    this.sample += passed;
    this.left -= passed;
  }

  /** Passes over all samples up to the last one. */
  moveToLast(): void {
    this.skip(this.left);
  }

  /** Passes over the next sample, and returns its duration in the segment's ticks. */
  private pass(): u32 {
    this.left--;
    this.sample++;
    if (this.runs.left == 0) this.runs.refill();
    this.runs.left--;
    this.time += this.runs.value;
    return this.runs.value;
  }
}

/** A cursor that is still to be opened; not to be used when memory is out. */
export function newDurationCursor(): DurationCursor {
  const cursor = make<DurationCursor>();
  cursor.runs = newRunCursor();
  return cursor;
}
