/** The selected samples of a piece in file order, walked once and front to back. */
import { Status } from "../abi/names";
import { IndexHeader, PieceTrack, TrackRecord } from "../abi/records";
import { allocate } from "../memory/arena";
import { newRunCursor, newSizeCursor, newSyncCursor, RunCursor, SizeCursor, SyncCursor } from "../index/cursors";
import { newOrderCursor, OrderCursor } from "../index/order-cursor";
import { bound, isUniform, Part, Piece, pieceTrack } from "./piece";
import { recordOf } from "../index/segment-index";
import { fail, failed, make, reserve } from "../memory/status";
import { objectAt, setObject } from "../memory/words";

/** Where the walk stands in one track. */
@unmanaged
class TrackCursor {
  sizes: SizeCursor;
  entries: RunCursor;
  syncs: SyncCursor;
  /** Inline bytes before each sync sample, mostly 0. */
  prefix: u32;
  /** The samples that are wanted; `end` exclusive. */
  first: u32;
  end: u32;
  /** All that are wanted, also in other pages. */
  begin: u32;
  last: u32;
  /** In fragments, the last sample of a uniform track is a run of its own; else no sample's number. */
  lone: u32;
  /** The next sample in the file. */
  sample: u32;
  /** Up to this one, samples are alike in all that follows. */
  until: u32;
  selected: bool;
  inlined: bool;
  description: u32;
  fragment: u32;
}

/** A walk over the parts of a piece, in the order of the file. */
@unmanaged
export class PartWalk {
  piece: Piece;
  order: OrderCursor;
  /** TrackCursor of each track. */
  cursors: usize;
  /** Wanted samples that are left. */
  wanted: u64;
  /** Runs of the file that may be passed. */
  steps: u32;
  /** Samples left of the run of the file order. */
  left: u32;
  /** Bytes of the piece's media up to the stretch, inline ones included. */
  position: u64;

  // The stretch that `advance` moved to: wanted samples that are adjacent and alike.
  offset: u64;
  bytes: u64;
  trackIndex: u32;
  first: u32;
  samples: u32;
  description: u32;
  fragment: u32;
  /** Whether inline bytes come first. */
  inlined: bool;
  /** Whether samples of other pages lie between the one before and it, or it has to be apart. */
  divided: bool;
  /** Whether it is still to become part of a part. */
  pending: bool;

  /** File offsets (u64) of the samples with inline bytes in front, where they are wanted. */
  inlinedOffsets: usize;
  inlinedCount: u32;

  /** This object and all that it refers to, and room for a copy. */
  block: usize;
  blockLength: usize;
  copy: usize;
  /** Whether the copy is of the place before the first sample that is wanted later. */
  marked: bool;

  /** Moves to the next stretch. False when there is none, or none within `steps`. */
  @inline
  advance(): bool {
    const order = this.order;
    this.divided = false;
    const fileSize = load<u64>(this.piece.index, IndexHeader.FILE_SIZE);
    while (this.wanted > 0 && this.steps > 0) {
      this.steps -= 1;
      if (this.left == 0) {
        if (!order.next()) {
          fail(Status.BadIndex);
          return false;
        }
        this.left = order.samples;
      }
      const cursor = this.cursorOf(order.trackIndex);
      const sample = cursor.sample;
      if (sample == cursor.until) {
        if (sample == cursor.end && sample < cursor.last) this.mark();
        nextAlike(this.piece, cursor, order.trackIndex);
      }
      const count = min(this.left, cursor.until - sample);
      const offset = order.offset;
      const bytes = cursor.sizes.sum(count);
      const end = offset + bytes;
      order.offset = end;
      if (end > fileSize || offset > end) fail(Status.BadIndex);
      if (failed()) return false;
      this.left -= count;
      cursor.sample = sample + count;
      cursor.entries.left -= count;
      if (cursor.prefix > 0) cursor.syncs.left -= count;
      if (!cursor.selected) {
        if (sample >= cursor.begin && sample < cursor.last) this.divided = true;
        continue;
      }
      this.wanted -= count;
      this.offset = offset;
      this.bytes = bytes;
      this.trackIndex = order.trackIndex;
      this.first = sample;
      this.samples = count;
      this.description = cursor.description;
      this.fragment = cursor.fragment;
      this.inlined = cursor.inlined;
      if (sample == cursor.lone) this.divided = true;
      return true;
    }
    return false;
  }

  /** Fills a Part record with the next part. False when there is none. */
  next(part: usize): bool {
    let trackIndex: u32 = 0;
    let first: u32 = 0;
    let samples: u32 = 0;
    let offset: u64 = 0;
    let bytes: u64 = 0;
    let description: u32 = 0;
    let fragment: u32 = 0;
    const firstInlined = this.inlinedCount;
    while (this.pending || this.advance()) {
      if (samples == 0) {
        trackIndex = this.trackIndex;
        first = this.first;
        offset = this.offset;
        description = this.description;
        fragment = this.fragment;
      } else if (
        // What is left out divides nothing: in the output, what lies around it is adjacent.
        this.divided ||
        this.trackIndex != trackIndex ||
        this.offset != offset + bytes ||
        this.first != first + samples ||
        this.fragment != fragment ||
        this.description != description
      ) {
        this.pending = true;
        break;
      }
      this.pending = false;
      if (this.inlined) {
        if (this.inlinedOffsets != 0) store<u64>(this.inlinedOffsets + ((<usize>this.inlinedCount) << 3), this.offset);
        this.inlinedCount += 1;
      }
      samples += this.samples;
      bytes += this.bytes;
    }
    if (samples == 0) return false;
    const inlined = this.inlinedCount - firstInlined;
    store<u64>(part, this.position, Part.POSITION);
    this.position += bytes;
    if (inlined > 0) this.position += <u64>inlined * this.cursorOf(trackIndex).prefix;
    store<u64>(part, offset, Part.OFFSET);
    store<u64>(part, bytes, Part.BYTES);
    store<u32>(part, trackIndex, Part.TRACK_INDEX);
    store<u32>(part, first, Part.FIRST);
    store<u32>(part, samples, Part.SAMPLES);
    store<u32>(part, description, Part.DESCRIPTION);
    store<u32>(part, fragment, Part.FRAGMENT);
    store<u32>(part, inlined, Part.INLINED);
    store<u32>(part, firstInlined, Part.FIRST_INLINED);
    return !failed();
  }

  @inline
  private cursorOf(trackIndex: u32): TrackCursor {
    return objectAt<TrackCursor>(this.cursors, trackIndex);
  }

  private mark(): void {
    if (this.copy == 0 || this.marked) return;
    memory.copy(this.copy, this.block, this.blockLength);
    this.marked = true;
  }

  /**
   * Walks on for the samples between the piece's bounds at present, which follow those walked before in each track: from
   * the first of them that was passed, if any was.
   */
  nextPage(): void {
    if (this.marked) memory.copy(this.block, this.copy, this.blockLength);
    this.marked = false;
    this.pending = false;
    this.wanted = 0;
    const piece = this.piece;
    for (let trackIndex: u32 = 0; trackIndex < piece.trackCount; trackIndex++) {
      const cursor = this.cursorOf(trackIndex);
      if (cursor.last == 0) continue;
      cursor.first = bound(piece, 0, trackIndex);
      cursor.end = bound(piece, piece.fragments, trackIndex);
      cursor.until = cursor.sample;
      cursor.fragment = 0;
      this.wanted += cursor.end - cursor.first;
    }
  }
}

/** Opens the walk over all samples of a piece, or page by page over those between its bounds: then `nextPage` comes first. */
export function openParts(piece: Piece, paged: bool = false): PartWalk {
  const index = piece.index;
  const block = allocate(0);
  const walk = make<PartWalk>();
  const order = newOrderCursor();
  const cursors = reserve(<u64>piece.trackCount * 4);
  if (failed()) return walk;
  walk.piece = piece;
  walk.order = order;
  walk.cursors = cursors;
  walk.steps = u32.MAX_VALUE;
  order.open(index);
  for (let trackIndex: u32 = 0; trackIndex < piece.trackCount; trackIndex++) {
    const record = recordOf(index, trackIndex);
    const cursor = make<TrackCursor>();
    const sizes = newSizeCursor();
    const entries = newRunCursor();
    const syncs = newSyncCursor();
    if (failed()) return walk;
    const track = pieceTrack(piece, trackIndex);
    cursor.sizes = sizes;
    cursor.entries = entries;
    cursor.syncs = syncs;
    cursor.prefix = load<u32>(track, PieceTrack.PREFIX);
    cursor.first = load<u32>(track, PieceTrack.FIRST);
    cursor.end = cursor.first + load<u32>(track, PieceTrack.COUNT);
    cursor.begin = cursor.first;
    if (load<u32>(track, PieceTrack.COUNT) > 0) cursor.last = cursor.end;
    cursor.lone = paged && isUniform(track) ? cursor.end - 1 : u32.MAX_VALUE;
    sizes.open(index, record);
    entries.open(index, record, TrackRecord.ENTRIES_OFFSET);
    syncs.open(index, record);
    setObject(cursors, trackIndex, cursor);
    walk.wanted += load<u32>(track, PieceTrack.COUNT);
  }
  if (!paged) return walk;
  walk.block = block;
  walk.blockLength = allocate(0) - block;
  walk.copy = reserve(walk.blockLength);
  return walk;
}

/** Moves to the next samples of one track that are alike. */
function nextAlike(piece: Piece, cursor: TrackCursor, trackIndex: u32): void {
  const sample = cursor.sample;
  const selected = sample >= cursor.first && sample < cursor.end;
  let until = sample < cursor.first ? cursor.first : selected ? cursor.end : u32.MAX_VALUE;
  if (selected && piece.bounds != 0) {
    while (cursor.fragment + 1 < piece.fragments) {
      const next = bound(piece, cursor.fragment + 1, trackIndex);
      if (next > sample) {
        until = min(until, next);
        break;
      }
      cursor.fragment++;
    }
  }
  if (selected && sample < cursor.lone) until = min(until, cursor.lone);
  const entries = cursor.entries;
  if (entries.left == 0) entries.refill();
  let alike = min(until - sample, entries.left);
  cursor.inlined = false;
  if (cursor.prefix > 0) {
    const syncs = cursor.syncs;
    if (syncs.left == 0) syncs.refill();
    cursor.inlined = selected && syncs.sync;
    alike = min(alike, cursor.inlined ? 1 : syncs.left);
  }
  cursor.until = sample + alike;
  cursor.selected = selected;
  cursor.description = entries.value;
}

/** Parts that `samples` wanted samples make at most, when fragments do not divide them. */
export function partsBound(piece: Piece, samples: u64): u64 {
  const index = piece.index;
  // One a byte of run lengths or one a bit, and one more a jump; 64 bits at most are one run.
  const perByte: u64 = load<u32>(index, IndexHeader.ORDER_KIND) == 1 ? 8 : 1;
  let bound = perByte * load<u32>(index, IndexHeader.ORDER_LENGTH) + load<u32>(index, IndexHeader.JUMPS_LENGTH) + 1;
  for (let trackIndex: u32 = 0; trackIndex < piece.trackCount; trackIndex++) {
    bound += load<u32>(recordOf(index, trackIndex), TrackRecord.ENTRIES_LENGTH);
  }
  return min(samples, bound);
}
