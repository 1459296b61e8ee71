/**
 * One piece of an output: a range of samples of each track of one segment. Everything about it is walked from the
 * columns; what does not fit that walk (runs in file order) is laid out once as parts.
 */
import { Status, TrackFlag } from "./abi/names";
import { IndexHeader, PieceTrack, TrackRecord } from "./abi/records";
import { newRunCursor, newSizeSums, newSyncCursor, RunCursor, SizeSums, SyncCursor } from "./cursors";
import { newOrderCursor } from "./order-cursor";
import { recordOf } from "./segment-index";
import { cleared, fail, failed, reserve } from "./status";

/** Selected samples of one track that are adjacent in the file, all of one description and one output fragment. */
export namespace Part {
  export const OFFSET: usize = 0; // u64, in the file
  export const BYTES: usize = 8; // u64, without inline bytes
  export const SLOT: usize = 16; // u32
  export const FIRST: usize = 20; // u32, sample of the segment's track
  export const SAMPLES: usize = 24; // u32
  export const DESCRIPTION: usize = 28; // u32, from 1
  export const FRAGMENT: usize = 32; // u32
  export const INLINED: usize = 36; // u32, samples with inline bytes in front
  export const FIRST_INLINED: usize = 40; // u32, the first of them in Piece.inlined
  export const POSITION: usize = 48; // u64, bytes of the piece's media before it, inline ones included
  export const SIZE: usize = 56;
}

/** Instead of a slot: parts of all tracks. */
export const ALL_SLOTS: u32 = u32.MAX_VALUE;

@unmanaged
export class Piece {
  index: usize;
  /** PieceTrack records, one a slot. */
  tracks: usize;
  slots: u32;
  /** Slot whose sync samples begin fragments. */
  reference: u32;
  parts: usize;
  partCount: u32;
  /** File offsets (u64) of the samples with inline bytes in front, in file order. */
  inlined: usize;
  inlinedCount: u32;
  /** Fragments, when the parts were split for them; else 1. */
  fragments: u32;
  /** For each fragment and slot, the first sample of the fragment: u32, fragment by fragment. */
  bounds: usize;
  /** For each fragment its first reference sample's decode and presentation time in output ticks, then the latter in the segment's. */
  times: usize;
}

export function openPiece(index: usize, tracks: usize): Piece {
  const piece = changetype<Piece>(cleared(offsetof<Piece>()));
  if (failed()) return piece;
  piece.index = index;
  piece.tracks = tracks;
  piece.slots = load<u32>(index, IndexHeader.TRACK_COUNT);
  piece.reference = load<u32>(index, IndexHeader.REFERENCE);
  if (load<u32>(pieceTrack(piece, piece.reference), PieceTrack.COUNT) == 0) {
    for (let slot: u32 = 0; slot < piece.slots; slot++) {
      if (load<u32>(pieceTrack(piece, slot), PieceTrack.COUNT) > 0) {
        piece.reference = slot;
        break;
      }
    }
  }
  piece.fragments = 1;
  for (let slot: u32 = 0; slot < piece.slots; slot++) {
    const track = pieceTrack(piece, slot);
    const end = <u64>load<u32>(track, PieceTrack.FIRST) + load<u32>(track, PieceTrack.COUNT);
    // The host made the piece from the segment's summary: it is not that of this index.
    if (end > load<u32>(recordOf(index, slot), TrackRecord.SAMPLES)) fail(Status.BadIndex);
    else if (load<u32>(track, PieceTrack.TIMESCALE) == 0) fail(Status.BadIndex);
  }
  return piece;
}

export function pieceTrack(piece: Piece, slot: u32): usize {
  return piece.tracks + <usize>slot * PieceTrack.SIZE;
}

/** Whether a track of a piece has uniform samples; see TrackFlag. */
export function isUniform(track: usize): bool {
  return (load<u32>(track, PieceTrack.FLAGS) & TrackFlag.Uniform) != 0;
}

/** `value` ticks of timescale `from` in ticks of `to`, rounded to the nearest, half up; exact below 2^53 ticks. */
export function rescale(value: i64, from: u32, to: u32): i64 {
  if (from == to) return value;
  const negative = value < 0;
  const size = <u64>(negative ? -value : value);
  const result = <i64>((size / from) * to + ((size % from) * to + (from >> 1)) / from);
  return negative ? -result : result;
}

/** Where the layout of one track stands. */
@unmanaged
class PartCursor {
  sizes: SizeSums;
  entries: RunCursor;
  syncs: SyncCursor;
  /** Inline bytes before each sync sample, mostly 0. */
  prefix: u32;
  /** The selected samples; `end` exclusive. */
  first: u32;
  end: u32;
  /** The next sample in the file. */
  sample: u32;
  /** Up to this one, samples are alike in all that follows. */
  until: u32;
  selected: bool;
  description: u32;
  fragment: u32;
  /** In fragments, the last sample of a uniform track is a run of its own; else no sample's number. */
  lone: u32;
}

/** Moves to the next samples of one track that are alike. */
function nextAlike(piece: Piece, cursor: PartCursor, slot: u32): void {
  const sample = cursor.sample;
  const selected = sample >= cursor.first && sample < cursor.end;
  let until = sample < cursor.first ? cursor.first : selected ? cursor.end : u32.MAX_VALUE;
  if (selected && piece.bounds != 0) {
    while (cursor.fragment + 1 < piece.fragments) {
      const next = bound(piece, cursor.fragment + 1, slot);
      if (next > sample) {
        until = min(until, next);
        break;
      }
      cursor.fragment++;
    }
  }
  if (selected && sample < cursor.lone) until = min(until, cursor.lone);
  if (cursor.entries.left == 0) cursor.entries.refill();
  cursor.until = sample + cursor.entries.take(until - sample);
  cursor.selected = selected;
  cursor.description = cursor.entries.value;
}

/**
 * Lays out the selected samples in file order; keeps the parts of one slot, or all. Call `splitFragments` before it when
 * parts must not cross fragments.
 */
export function layParts(piece: Piece, kept: u32 = ALL_SLOTS): void {
  const index = piece.index;
  const cursors = reserve(<u64>piece.slots * 4);
  if (failed()) return;
  let wanted: u64 = 0;
  let descriptions: u64 = 0;
  let inlined: u64 = 0;
  for (let slot: u32 = 0; slot < piece.slots; slot++) {
    const record = recordOf(index, slot);
    const cursor = changetype<PartCursor>(cleared(offsetof<PartCursor>()));
    cursor.sizes = newSizeSums();
    cursor.entries = newRunCursor();
    cursor.syncs = newSyncCursor();
    if (failed()) return;
    const track = pieceTrack(piece, slot);
    cursor.prefix = load<u32>(track, PieceTrack.PREFIX);
    cursor.first = load<u32>(track, PieceTrack.FIRST);
    cursor.end = cursor.first + load<u32>(track, PieceTrack.COUNT);
    cursor.lone = piece.bounds != 0 && isUniform(track) ? cursor.end - 1 : u32.MAX_VALUE;
    cursor.syncs.open(index, record);
    if (cursor.prefix > 0) inlined += load<u32>(record, TrackRecord.SYNC_SAMPLES);
    cursor.sizes.open(index, record);
    cursor.entries.open(index, record, TrackRecord.ENTRIES_OFFSET);
    store<usize>(cursors + ((<usize>slot) << 2), changetype<usize>(cursor));
    wanted += cursor.end - cursor.first;
    descriptions += load<u32>(record, TrackRecord.ENTRIES_LENGTH);
  }
  const order = newOrderCursor();
  order.open(index);
  // A run of the file gives at most one part, and each fragment or description, and a last sample, splits at most one a track.
  const runs: u64 = min(wanted, runsBound(index));
  piece.parts = reserve((runs + <u64>(piece.fragments + 1) * piece.slots + descriptions + 1) * Part.SIZE);
  piece.inlined = reserve(inlined * 8);
  piece.inlinedCount = 0;
  if (failed()) return;
  let to = piece.parts;
  let last: usize = 0;
  let position: u64 = 0;
  const fileSize = load<u64>(index, IndexHeader.FILE_SIZE);
  while (wanted > 0 && order.next()) {
    const slot = order.slot;
    const cursor = changetype<PartCursor>(load<usize>(cursors + ((<usize>slot) << 2)));
    let left = order.samples;
    let offset = order.offset;
    while (left > 0) {
      const sample = cursor.sample;
      if (sample == cursor.until) nextAlike(piece, cursor, slot);
      const count = min(left, cursor.until - sample);
      const selected = cursor.selected;
      const noted = piece.inlinedCount;
      const bytes =
        cursor.prefix > 0
          ? sumInlined(piece, cursor, count, offset, selected, inlined)
          : cursor.sizes.of(sample, count);
      const inlines = piece.inlinedCount - noted;
      if (selected) wanted -= count;
      if (!selected) {
        // What is left out divides nothing: in the output, what lies around it is adjacent.
      } else if (kept != slot && kept != ALL_SLOTS) last = 0;
      else if (
        last != 0 &&
        load<u32>(last, Part.SLOT) == slot &&
        load<u64>(last, Part.OFFSET) + load<u64>(last, Part.BYTES) == offset &&
        load<u32>(last, Part.FIRST) + load<u32>(last, Part.SAMPLES) == sample &&
        load<u32>(last, Part.FRAGMENT) == cursor.fragment &&
        sample != cursor.lone &&
        load<u32>(last, Part.DESCRIPTION) == cursor.description
      ) {
        store<u32>(last, load<u32>(last, Part.SAMPLES) + count, Part.SAMPLES);
        store<u64>(last, load<u64>(last, Part.BYTES) + bytes, Part.BYTES);
        store<u32>(last, load<u32>(last, Part.INLINED) + inlines, Part.INLINED);
      } else {
        store<u64>(to, offset, Part.OFFSET);
        store<u64>(to, bytes, Part.BYTES);
        store<u32>(to, slot, Part.SLOT);
        store<u32>(to, sample, Part.FIRST);
        store<u32>(to, count, Part.SAMPLES);
        store<u32>(to, cursor.description, Part.DESCRIPTION);
        store<u32>(to, cursor.fragment, Part.FRAGMENT);
        store<u32>(to, inlines, Part.INLINED);
        store<u32>(to, noted, Part.FIRST_INLINED);
        store<u64>(to, position, Part.POSITION);
        last = to;
        to += Part.SIZE;
      }
      if (selected) position += bytes + <u64>inlines * cursor.prefix;
      cursor.sample = sample + count;
      offset += bytes;
      left -= count;
    }
    if (offset > fileSize || order.offset > offset) fail(Status.BadIndex);
    order.offset = offset;
    if (failed()) return;
  }
  if (wanted > 0) return fail(Status.BadIndex);
  piece.partCount = <u32>((to - piece.parts) / Part.SIZE);
}

// Sums sizes like `SizeSums.of`, and notes where the selected sync samples lie.
function sumInlined(piece: Piece, cursor: PartCursor, count: u32, offset: u64, selected: bool, capacity: u64): u64 {
  const syncs = cursor.syncs;
  let sample = cursor.sample;
  let bytes: u64 = 0;
  while (count > 0) {
    if (syncs.left == 0) syncs.refill();
    let taken = min(count, syncs.left);
    if (syncs.sync) {
      taken = 1;
      if (selected) {
        if (<u64>piece.inlinedCount >= capacity) {
          fail(Status.BadIndex);
          return bytes;
        }
        store<u64>(piece.inlined + ((<usize>piece.inlinedCount) << 3), offset + bytes);
        piece.inlinedCount += 1;
      }
    }
    syncs.left -= taken;
    count -= taken;
    bytes += cursor.sizes.of(sample, taken);
    sample += taken;
  }
  return bytes;
}

/** Bytes of a part in the output. */
export function partBytes(piece: Piece, part: usize): u64 {
  const inlined = load<u32>(part, Part.INLINED);
  const bytes = load<u64>(part, Part.BYTES);
  if (inlined == 0) return bytes;
  return bytes + <u64>inlined * load<u32>(pieceTrack(piece, load<u32>(part, Part.SLOT)), PieceTrack.PREFIX);
}

// Runs the file order can hold: one a byte of run lengths or one a bit, and one more a jump.
function runsBound(index: usize): u64 {
  const perByte: u64 = load<u32>(index, IndexHeader.ORDER_KIND) == 1 ? 8 : 1;
  const order = perByte * load<u32>(index, IndexHeader.ORDER_LENGTH);
  return order + load<u32>(index, IndexHeader.JUMPS_LENGTH) + 1;
}

/** Whether the part at `next` lies right behind the one at `part`, so that only a fragment divides them. */
export function continues(part: usize, next: usize): bool {
  return (
    load<u32>(next, Part.SLOT) == load<u32>(part, Part.SLOT) &&
    load<u32>(next, Part.DESCRIPTION) == load<u32>(part, Part.DESCRIPTION) &&
    load<u32>(next, Part.FIRST) == load<u32>(part, Part.FIRST) + load<u32>(part, Part.SAMPLES) &&
    load<u64>(next, Part.OFFSET) == load<u64>(part, Part.OFFSET) + load<u64>(part, Part.BYTES)
  );
}

/** First sample of `fragment` in `slot`. */
export function bound(piece: Piece, fragment: u32, slot: u32): u32 {
  return load<u32>(piece.bounds + ((<usize>fragment * piece.slots + slot) << 2));
}
