/** Where a piece is divided into movie fragments. */
import { newOffsetCursor, newSyncCursor } from "./cursors";
import { newDurationCursor } from "./duration-cursor";
import { Piece, pieceTrack, rescale } from "./piece";
import { PieceTrack, TrackRecord } from "./abi/records";
import { recordOf } from "./segment-index";
import { failed, reserve } from "./status";

/** Bytes of one entry of `Piece.times`. */
export const TIMES_SIZE: usize = 24;

/**
 * Divides the piece into fragments. One begins at the first sync sample of the reference track that lies half a second
 * or more after the one before: a group of pictures, or several short ones. The other tracks' samples belong to the
 * fragment in which they are presented. All is decided in the segment's own ticks, so that a whole segment is divided
 * alike wherever it lands.
 */
export function splitFragments(piece: Piece): void {
  const slot = piece.reference;
  const track = pieceTrack(piece, slot);
  const record = recordOf(piece.index, slot);
  const count = load<u32>(track, PieceTrack.COUNT);
  if (count == 0) {
    piece.fragments = 0;
    return;
  }
  const first = load<u32>(track, PieceTrack.FIRST);
  const from = load<u32>(record, TrackRecord.TIMESCALE);
  const to = load<u32>(track, PieceTrack.TIMESCALE);
  const durations = newDurationCursor();
  const syncs = newSyncCursor();
  const offsets = newOffsetCursor();
  // Each fragment but the first begins with a sync sample, at least half a second after the one before.
  const halves = load<u64>(record, TrackRecord.DURATION) / max(from >> 1, 1) + 1;
  const capacity = min<u64>(min<u64>(load<u32>(record, TrackRecord.SYNC_SAMPLES), halves), count) + 1;
  piece.bounds = reserve(capacity * piece.slots * 4);
  piece.times = reserve(capacity * TIMES_SIZE);
  if (failed()) return;
  durations.open(piece, slot);
  syncs.open(piece.index, record);
  syncs.skip(first);
  offsets.open(piece.index, record);
  offsets.skip(first);
  const runs = durations.runs;
  const half = <i64>(from >> 1);
  const base = load<i64>(track, PieceTrack.DTS);
  const shift = load<i32>(track, PieceTrack.OFFSET_SHIFT);
  let begun: i64 = 0;
  let time: i64 = 0;
  let fragments: u32 = 0;
  for (let i: u32 = 0; i < count && <u64>fragments < capacity;) {
    if (syncs.left == 0) syncs.refill();
    if (runs.left == 0) runs.refill();
    let passed = min(min(syncs.left, runs.left), count - i);
    if (i == 0 || (syncs.sync && time - begun >= half)) {
      passed = 1;
      const offset = offsets.next();
      const times = piece.times + <usize>fragments * TIMES_SIZE;
      store<u32>(piece.bounds + ((<usize>fragments * piece.slots + slot) << 2), first + i);
      store<i64>(times, base + rescale(time, from, to));
      store<i64>(times, base + rescale(time + offset, from, to) + shift, 8);
      store<i64>(times, durations.first + time + offset, 16);
      begun = time;
      fragments++;
    } else {
      // Nothing happens before the run ends, or before half a second has passed.
      if (syncs.sync && runs.value > 0) passed = <u32>min<i64>(passed, (begun + half - time - 1) / runs.value + 1);
      offsets.skip(passed);
    }
    time += <i64>passed * runs.value;
    runs.left -= passed;
    syncs.left -= passed;
    i += passed;
  }
  piece.fragments = fragments;
  for (let other: u32 = 0; other < piece.slots; other++) if (other != slot) boundOther(piece, other, from);
}

function boundOther(piece: Piece, slot: u32, referenceTimescale: u32): void {
  const track = pieceTrack(piece, slot);
  const timescale = load<u32>(recordOf(piece.index, slot), TrackRecord.TIMESCALE);
  const count = load<u32>(track, PieceTrack.COUNT);
  let sample = load<u32>(track, PieceTrack.FIRST);
  const end = sample + count;
  const durations = newDurationCursor();
  if (failed()) return;
  if (count > 0) durations.open(piece, slot);
  const runs = durations.runs;
  let dts = durations.first;
  for (let fragment: u32 = 0; fragment < piece.fragments; fragment++) {
    if (fragment > 0 && count > 0) {
      const until = rescale(load<i64>(piece.times + <usize>fragment * TIMES_SIZE, 16), referenceTimescale, timescale);
      while (sample < end && dts < until) {
        if (runs.left == 0) runs.refill();
        let passed = min(runs.left, end - sample);
        if (runs.value > 0) passed = <u32>min<i64>(passed, (until - dts - 1) / runs.value + 1);
        dts += <i64>passed * runs.value;
        runs.left -= passed;
        sample += passed;
      }
    }
    store<u32>(piece.bounds + ((<usize>fragment * piece.slots + slot) << 2), sample);
  }
}
