/** A piece's sample tables: all entries are counted and a window of them is written, so that counts and tables cannot disagree. */
import { newDurationCursor } from "./duration-cursor";
import { newSizeCursor, newSyncCursor } from "../index/cursors";
import { Piece, pieceTrack } from "./piece";
import { newSampleTimes } from "./sample-times";
import { setCttsEntry } from "../box/ctts";
import { setStssEntry, STSS_ENTRY } from "../box/stss";
import { setStszEntry, STSZ_ENTRY } from "../box/stsz";
import { setSttsEntry } from "../box/stts";
import { OffsetsKind, TrackFlag } from "../abi/names";
import { PieceTrack, TrackRecord } from "../abi/records";
import { recordOf } from "../index/segment-index";
import { failed, make } from "../memory/status";

/** Entries of a table: all are counted, and a window of them is written. */
@unmanaged
export class Entries {
  /** Entries so far. */
  count: u32;
  /** The window: its first entry, how many it is for, the bytes of one, and where they are written. */
  first: u32;
  room: u32;
  size: usize;
  to: usize;

  /** Counts an entry. Returns where it is written, 0 when it is outside the window. */
  add(): usize {
    const at = this.count - this.first;
    this.count += 1;
    return at < this.room ? this.to + <usize>at * this.size : 0;
  }
}

/** Entries that are only counted. */
export function newEntries(): Entries {
  return make<Entries>();
}

function addDuration(entries: Entries, samples: u32, duration: u32): void {
  const to = entries.add();
  if (to != 0) setSttsEntry(to, samples, duration);
}

function addOffset(entries: Entries, samples: u32, offset: i32): void {
  const to = entries.add();
  if (to != 0) setCttsEntry(to, samples, offset);
}

/**
 * Time-to-sample entries of one track (clause 8.6.1.2), the last sample always in an entry of its own: its duration
 * depends on what follows.
 */
export function walkDurations(piece: Piece, trackIndex: u32, entries: Entries): void {
  const track = pieceTrack(piece, trackIndex);
  const count = load<u32>(track, PieceTrack.COUNT);
  if (count == 0) return;
  let samples: u32 = 0;
  let duration: u32 = 0;
  const durations = newDurationCursor();
  if (failed()) return;
  durations.open(piece, trackIndex);
  let taken: u32 = 1;
  for (let left = count - 1; left > 0; left -= taken) {
    taken = durations.alike();
    const next = durations.next();
    if (taken > 1) durations.skip(taken - 1);
    if (samples > 0 && next != duration) {
      addDuration(entries, samples, duration);
      samples = 0;
    }
    duration = next;
    samples += taken;
  }
  if (samples > 0) addDuration(entries, samples, duration);
  addDuration(entries, 1, load<u32>(track, PieceTrack.LAST_DURATION));
}

/** Composition offset entries (clause 8.6.1.3), in output ticks. Also says whether any is not 0, or negative. */
export function walkOffsets(piece: Piece, trackIndex: u32, entries: Entries): void {
  const track = pieceTrack(piece, trackIndex);
  const record = recordOf(piece.index, trackIndex);
  const count = load<u32>(track, PieceTrack.COUNT);
  if (count == 0) return;
  const shift = load<i32>(track, PieceTrack.OFFSET_SHIFT);
  const times = newSampleTimes();
  if (failed()) return;
  times.open(piece, trackIndex);
  const anyOffset = TrackFlag.Offsets | TrackFlag.NegativeOffsets | TrackFlag.PrerollOffsets;
  let flags = load<u32>(track, PieceTrack.FLAGS) & ~anyOffset;
  const ofPreroll = times.durations.preroll.offsets;
  if (!(load<u32>(record, TrackRecord.FLAGS) & TrackFlag.Offsets) && !ofPreroll) {
    if (shift != 0) flags |= TrackFlag.Offsets;
    if (shift < 0) flags |= TrackFlag.NegativeOffsets;
    store<u32>(track, flags, PieceTrack.FLAGS);
    return addOffset(entries, count, shift);
  }
  if (ofPreroll && shift == 0 && times.durations.led > 0) flags |= TrackFlag.PrerollOffsets;
  let samples: u32 = 0;
  let value: i32 = 0;
  const durations = times.durations;
  const offsets = times.offsets;
  const single = durations.from == durations.to ? durations.led : count;
  const alike = offsets.kind == OffsetsKind.Runs || offsets.kind == OffsetsKind.None;
  let taken: u32 = 1;
  for (let i: u32 = 0; i < count; i += taken) {
    let next: i32 = 0;
    if (i < single) {
      taken = times.alike();
      times.next();
      next = <i32>times.offset;
      if (taken > 1) times.skip(taken - 1);
    } else {
      taken = 1;
      if (alike) taken = min(offsets.alike(), count - i);
      next = offsets.next() + shift;
      if (taken > 1) offsets.skip(taken - 1);
    }
    if (samples > 0 && next != value) {
      addOffset(entries, samples, value);
      samples = 0;
    }
    value = next;
    samples += taken;
    if (value != 0 && (!ofPreroll || shift != 0)) flags |= TrackFlag.Offsets;
    if (value < 0) flags |= TrackFlag.NegativeOffsets;
  }
  store<u32>(track, flags, PieceTrack.FLAGS);
  addOffset(entries, samples, value);
}

/** Sync sample numbers (clause 8.6.2), `before` samples of the output track preceding the piece. */
export function walkSyncs(piece: Piece, trackIndex: u32, entries: Entries, before: u32): void {
  const track = pieceTrack(piece, trackIndex);
  const syncs = newSyncCursor();
  if (failed()) return;
  syncs.open(piece.index, recordOf(piece.index, trackIndex));
  syncs.skip(load<u32>(track, PieceTrack.FIRST));
  const count = load<u32>(track, PieceTrack.COUNT);
  const end = entries.first + entries.room;
  for (let sample: u32 = 0; sample < count;) {
    if (syncs.left == 0) syncs.refill();
    const taken = syncs.take(count - sample);
    if (syncs.sync) {
      const found = entries.count;
      const next = found + taken;
      for (let i = max(found, entries.first); i < min(next, end); i++) {
        setStssEntry(entries.to + <usize>(i - entries.first) * STSS_ENTRY, before + sample + (i - found) + 1);
      }
      entries.count = next;
    }
    sample += taken;
  }
}

/** Sample sizes (clause 8.7.3.2), inline bytes included. */
export function writeSizes(piece: Piece, trackIndex: u32, entries: Entries): void {
  const track = pieceTrack(piece, trackIndex);
  const sizes = newSizeCursor();
  const syncs = newSyncCursor();
  if (failed()) return;
  const first = load<u32>(track, PieceTrack.FIRST) + entries.first;
  const prefix = load<u32>(track, PieceTrack.PREFIX);
  sizes.open(piece.index, recordOf(piece.index, trackIndex));
  sizes.skip(first);
  syncs.open(piece.index, recordOf(piece.index, trackIndex));
  syncs.skip(first);
  const end = entries.to + <usize>entries.room * STSZ_ENTRY;
  for (let to = entries.to; to < end; to += STSZ_ENTRY) {
    const size = sizes.nextInline();
    setStszEntry(to, prefix > 0 && syncs.next() ? size + prefix : size);
  }
  entries.count = load<u32>(track, PieceTrack.COUNT);
}
