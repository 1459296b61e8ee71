/** A piece's sample tables: what a walk has no room for is only counted, so that counts and tables cannot disagree. */
import { newDurationCursor, skipRuns } from "./duration-cursor";
import { newOffsetCursor, newRunCursor, newSizeCursor, newSyncCursor } from "./cursors";
import { continues, Part, Piece, pieceTrack, rescale } from "./piece";
import { TrackFlag } from "./abi/names";
import { PieceTrack, TrackRecord } from "./abi/records";
import { recordOf } from "./segment-index";
import { failed } from "./status";

function put32(to: usize, value: u32): void {
  store<u32>(to, bswap<u32>(value));
}

/**
 * Time-to-sample entries of one track (clause 8.6.1.2), the last sample always in an entry of its own: its duration
 * depends on what follows. Writes those of them at `to` that `room` is for; returns their number.
 */
export function walkDurations(piece: Piece, slot: u32, to: usize, room: u32): u32 {
  const track = pieceTrack(piece, slot);
  const count = load<u32>(track, PieceTrack.COUNT);
  if (count == 0) return 0;
  let entries: u32 = 0;
  let samples: u32 = 0;
  let duration: u32 = 0;
  const record = recordOf(piece.index, slot);
  if (load<u32>(record, TrackRecord.TIMESCALE) == load<u32>(track, PieceTrack.TIMESCALE)) {
    const runs = newRunCursor();
    if (failed()) return 0;
    runs.open(piece.index, record, TrackRecord.DURATIONS_OFFSET);
    skipRuns(runs, load<u32>(track, PieceTrack.FIRST));
    for (let left = count - 1; left > 0;) {
      if (runs.left == 0) runs.refill();
      const taken = runs.take(left);
      left -= taken;
      if (samples > 0 && runs.value != duration) {
        entries = putEntry(to, room, entries, samples, duration);
        samples = 0;
      }
      duration = runs.value;
      samples += taken;
    }
  } else {
    const durations = newDurationCursor();
    if (failed()) return 0;
    durations.open(piece, slot);
    for (let left = count - 1; left > 0; left--) {
      const next = durations.next();
      if (samples > 0 && next != duration) {
        entries = putEntry(to, room, entries, samples, duration);
        samples = 0;
      }
      duration = next;
      samples++;
    }
  }
  if (samples > 0) entries = putEntry(to, room, entries, samples, duration);
  return putEntry(to, room, entries, 1, load<u32>(track, PieceTrack.LAST_DURATION));
}

function putEntry(to: usize, room: u32, entries: u32, samples: u32, value: u32): u32 {
  if (entries < room) {
    put32(to + ((<usize>entries) << 3), samples);
    put32(to + ((<usize>entries) << 3) + 4, value);
  }
  return entries + 1;
}

/** Composition offset entries (clause 8.6.1.3), in output ticks. Also says whether any is not 0, or negative. */
export function walkOffsets(piece: Piece, slot: u32, to: usize, room: u32): u32 {
  const track = pieceTrack(piece, slot);
  const record = recordOf(piece.index, slot);
  const count = load<u32>(track, PieceTrack.COUNT);
  if (count == 0) return 0;
  const from = load<u32>(record, TrackRecord.TIMESCALE);
  const timescale = load<u32>(track, PieceTrack.TIMESCALE);
  const shift = load<i32>(track, PieceTrack.OFFSET_SHIFT);
  const offsets = newOffsetCursor();
  const durations = newDurationCursor();
  if (failed()) return 0;
  offsets.open(piece.index, record);
  let flags = load<u32>(track, PieceTrack.FLAGS) & ~(TrackFlag.Offsets | TrackFlag.NegativeOffsets);
  let entries: u32 = 0;
  if (!(load<u32>(record, TrackRecord.FLAGS) & TrackFlag.Offsets)) {
    if (shift != 0) flags |= TrackFlag.Offsets;
    if (shift < 0) flags |= TrackFlag.NegativeOffsets;
    store<u32>(track, flags, PieceTrack.FLAGS);
    return putEntry(to, room, 0, count, shift);
  }
  offsets.skip(load<u32>(track, PieceTrack.FIRST));
  durations.open(piece, slot);
  let samples: u32 = 0;
  let value: i32 = 0;
  let taken: u32 = 1;
  for (let i: u32 = 0; i < count; i += taken) {
    if (from == timescale) taken = min(offsets.alike(), count - i);
    let next = offsets.next();
    offsets.skip(taken - 1);
    if (from != timescale) {
      next = <i32>(rescale(durations.time + next, from, timescale) - rescale(durations.time, from, timescale));
      durations.next();
    }
    next += shift;
    if (samples > 0 && next != value) {
      entries = putEntry(to, room, entries, samples, value);
      samples = 0;
    }
    value = next;
    samples += taken;
    if (value != 0) flags |= TrackFlag.Offsets;
    if (value < 0) flags |= TrackFlag.NegativeOffsets;
  }
  store<u32>(track, flags, PieceTrack.FLAGS);
  return putEntry(to, room, entries, samples, value);
}

/** Sync sample numbers (clause 8.6.2), `before` samples of the output track preceding the piece. */
export function walkSyncs(piece: Piece, slot: u32, to: usize, room: u32, before: u32): u32 {
  const track = pieceTrack(piece, slot);
  const syncs = newSyncCursor();
  if (failed()) return 0;
  syncs.open(piece.index, recordOf(piece.index, slot));
  syncs.skip(load<u32>(track, PieceTrack.FIRST));
  const count = load<u32>(track, PieceTrack.COUNT);
  let found: u32 = 0;
  for (let sample: u32 = 0; sample < count;) {
    if (syncs.left == 0) syncs.refill();
    const taken = syncs.take(count - sample);
    if (syncs.sync) {
      const next = found + taken;
      for (let i = found; i < min(next, room); i++) put32(to + ((<usize>i) << 2), before + sample + (i - found) + 1);
      found = next;
    }
    sample += taken;
  }
  return found;
}

/** Sample sizes (clause 8.7.3.2), inline bytes included. */
export function writeSizes(piece: Piece, slot: u32, to: usize): void {
  const track = pieceTrack(piece, slot);
  const sizes = newSizeCursor();
  const syncs = newSyncCursor();
  if (failed()) return;
  const first = load<u32>(track, PieceTrack.FIRST);
  const prefix = load<u32>(track, PieceTrack.PREFIX);
  sizes.open(piece.index, recordOf(piece.index, slot));
  sizes.skip(first);
  syncs.open(piece.index, recordOf(piece.index, slot));
  syncs.skip(first);
  const end = to + ((<usize>load<u32>(track, PieceTrack.COUNT)) << 2);
  for (; to < end; to += 4) {
    const size = sizes.nextInline();
    put32(to, prefix > 0 && syncs.next() ? size + prefix : size);
  }
}

/**
 * Sample-to-chunk entries (clause 8.7.4): a part is a chunk, parts that only a fragment divides are one. `before` chunks of the output track precede the piece.
 * Needs `layParts`.
 */
export function walkChunkRuns(piece: Piece, slot: u32, to: usize, room: u32, before: u32): u32 {
  const base = load<u32>(pieceTrack(piece, slot), PieceTrack.DESCRIPTION_BASE) - 1;
  let entries: u32 = 0;
  let chunk: u32 = 0;
  let samples: u32 = 0;
  let description: u32 = 0;
  const end = piece.parts + <usize>piece.partCount * Part.SIZE;
  for (let part = piece.parts; part < end;) {
    let next = part + Part.SIZE;
    if (load<u32>(part, Part.SLOT) != slot) {
      part = next;
      continue;
    }
    let size = load<u32>(part, Part.SAMPLES);
    if (piece.bounds != 0)
      for (; next < end && continues(next - Part.SIZE, next); next += Part.SIZE) size += load<u32>(next, Part.SAMPLES);
    const same = size == samples && load<u32>(part, Part.DESCRIPTION) == description;
    samples = size;
    description = load<u32>(part, Part.DESCRIPTION);
    part = next;
    chunk++;
    if (same) continue;
    if (entries < room) {
      const entry = to + <usize>entries * 12;
      put32(entry, before + chunk);
      put32(entry + 4, samples);
      put32(entry + 8, base + description);
    }
    entries++;
  }
  return entries;
}

/** Chunk offsets (clause 8.7.5), the piece's media starting at `media` in the output. Needs `layParts`, undivided. */
export function walkChunks(piece: Piece, slot: u32, to: usize, room: u32, media: u64, wide: bool): u32 {
  let chunks: u32 = 0;
  const end = piece.parts + <usize>piece.partCount * Part.SIZE;
  for (let part = piece.parts; part < end; part += Part.SIZE) {
    if (load<u32>(part, Part.SLOT) != slot) continue;
    if (chunks < room) {
      const offset = media + load<u64>(part, Part.POSITION);
      if (wide) store<u64>(to + ((<usize>chunks) << 3), bswap<u64>(offset));
      else put32(to + ((<usize>chunks) << 2), <u32>offset);
    }
    chunks++;
  }
  return chunks;
}
