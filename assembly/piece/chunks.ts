/** A piece's chunks (clause 8.7): samples of one track that are adjacent in the file and of one description, each a chunk. */
import { newRunCursor, newSizeCursor, SizeCursor } from "../index/cursors";
import { newOrderCursor } from "../index/order-cursor";
import { recordOf } from "../index/segment-index";
import { Status } from "../abi/names";
import { IndexHeader, PieceTrack, TrackRecord } from "../abi/records";
import { cleared, fail, failed, make, reserve } from "../memory/status";
import { CO64_ENTRY, setOffset } from "../box/stco";
import { setStscEntry } from "../box/stsc";
import { openParts } from "./part-walk";
import { outputDescription, Part, partBytes, Piece, pieceTrack } from "./piece";
import { Entries } from "./tables";
import { objectAt, setObject } from "../memory/words";

/** What becomes of the chunks of one track: they are counted, and entries of one table made of them. */
@unmanaged
export class Chunks {
  /** The PieceTrack. */
  track: usize;
  /** Of `stsc` (clause 8.7.4), or of offsets (clause 8.7.5). */
  entries: Entries;
  ofOffsets: bool;
  /** What precedes the piece in the output: chunks of the track, or bytes of the file. */
  before: u64;
  /** Chunks so far, and their bytes. */
  count: u32;
  bytes: u64;
  /** Of the last entry of `stsc`. */
  samples: u32;
  description: u32;

  /** Adds a chunk that begins after `position` bytes of the piece's media. */
  add(position: u64, bytes: u64, samples: u32, description: u32): void {
    this.count += 1;
    this.bytes += bytes;
    if (this.ofOffsets) {
      const to = this.entries.add();
      if (to != 0) setOffset(to, this.entries.size == CO64_ENTRY, this.before + position);
      return;
    }
    if (samples == this.samples && description == this.description) return;
    this.samples = samples;
    this.description = description;
    const to = this.entries.add();
    if (to == 0) return;
    setStscEntry(to, <u32>this.before + this.count, samples, outputDescription(this.track, description));
  }
}

/** The chunks of a track, still to be walked; not to be used when memory is out. */
export function newChunks(piece: Piece, trackIndex: u32, entries: Entries, ofOffsets: bool, before: u64): Chunks {
  const chunks = make<Chunks>();
  if (failed()) return chunks;
  chunks.track = pieceTrack(piece, trackIndex);
  chunks.entries = entries;
  chunks.ofOffsets = ofOffsets;
  chunks.before = before;
  return chunks;
}

/** Adds the chunks of a piece to those of their tracks. `all`: the address of Chunks a track, 0 where they are not asked for. */
export function walkChunks(piece: Piece, all: usize): void {
  const cursors = reserve(<u64>piece.trackCount * 4);
  if (failed()) return;
  let isUsual = true;
  for (let trackIndex: u32 = 0; trackIndex < piece.trackCount; trackIndex++) {
    const cursor = openCursor(piece, trackIndex);
    if (failed()) return;
    setObject(cursors, trackIndex, cursor);
    isUsual = isUsual && cursor.isUsual;
  }
  if (isUsual) walkOrder(piece, cursors, all);
  else walkParts(piece, all);
}

/** Adds the chunks of a piece of one track. */
export function walkTrackChunks(piece: Piece, trackIndex: u32, chunks: Chunks): void {
  if (
    !chunks.ofOffsets &&
    load<u32>(chunks.track, PieceTrack.STSC_ENTRIES) == 1 &&
    addAlike(piece, trackIndex, chunks)
  ) {
    return;
  }
  const all = cleared(<usize>piece.trackCount * 4);
  if (failed()) return;
  setObject(all, trackIndex, chunks);
  walkChunks(piece, all);
}

/** Adds the first of chunks that are alike, as those of a camera's pictures mostly are: one entry tells of all. False where they have to be walked. */
function addAlike(piece: Piece, trackIndex: u32, chunks: Chunks): bool {
  const cursor = openCursor(piece, trackIndex);
  if (failed()) return true;
  if (!cursor.isUsual) return false;
  const count = load<u32>(chunks.track, PieceTrack.CHUNKS);
  if (count == 0 || cursor.wanted % count > 0) fail(Status.BadIndex);
  else chunks.add(0, load<u64>(chunks.track, PieceTrack.BYTES), cursor.wanted / count, cursor.description);
  return true;
}

function walkParts(piece: Piece, all: usize): void {
  const walk = openParts(piece);
  const part = reserve(Part.SIZE);
  if (failed()) return;
  while (walk.next(part)) {
    const chunks = objectAt<Chunks | null>(all, load<u32>(part, Part.TRACK_INDEX));
    if (chunks == null) continue;
    const samples = load<u32>(part, Part.SAMPLES);
    const description = load<u32>(part, Part.DESCRIPTION);
    chunks.add(load<u64>(part, Part.POSITION), partBytes(piece, part), samples, description);
  }
}

/** Where a walk stands in one track. */
@unmanaged
class ChunkCursor {
  sizes: SizeCursor;
  /** Samples still to come that are not wanted, and those behind them that are. */
  before: u32;
  wanted: u32;
  description: u32;
  /** Whether the wanted samples have one description, and nothing inline. */
  isUsual: bool;
}

function openCursor(piece: Piece, trackIndex: u32): ChunkCursor {
  const cursor = make<ChunkCursor>();
  const sizes = newSizeCursor();
  const entries = newRunCursor();
  if (failed()) return cursor;
  const record = recordOf(piece.index, trackIndex);
  const track = pieceTrack(piece, trackIndex);
  sizes.open(piece.index, record);
  entries.open(piece.index, record, TrackRecord.ENTRIES_OFFSET);
  cursor.sizes = sizes;
  cursor.wanted = load<u32>(track, PieceTrack.COUNT);
  if (cursor.wanted > 0) cursor.before = load<u32>(track, PieceTrack.FIRST);
  cursor.description = entries.value;
  cursor.isUsual = load<u32>(track, PieceTrack.PREFIX) == 0 && entries.left >= cursor.before + cursor.wanted;
  return cursor;
}

/** What `walkParts` does, for the usual piece and in less time: the tables of a day are made chunk by chunk. */
function walkOrder(piece: Piece, cursors: usize, all: usize): void {
  const order = newOrderCursor();
  if (failed()) return;
  order.open(piece.index);
  const fileSize = load<u64>(piece.index, IndexHeader.FILE_SIZE);
  let wanted: u64 = 0;
  for (let trackIndex: u32 = 0; trackIndex < piece.trackCount; trackIndex++) {
    wanted += load<u32>(pieceTrack(piece, trackIndex), PieceTrack.COUNT);
  }
  // The chunk that grows: of which track, where it begins in the piece and ends in the file.
  let trackIndex: u32 = 0;
  let position: u64 = 0;
  let samples: u32 = 0;
  let bytes: u64 = 0;
  let end: u64 = 0;
  while (wanted > 0) {
    if (!order.next()) return fail(Status.BadIndex);
    const cursor = objectAt<ChunkCursor>(cursors, order.trackIndex);
    let offset = order.offset;
    let left = order.samples;
    if (cursor.before > 0) {
      const passed = min(left, cursor.before);
      offset += bytesOf(cursor.sizes, passed);
      cursor.before -= passed;
      left -= passed;
    }
    const taken = min(left, cursor.wanted);
    if (taken > 0) {
      if (samples > 0 && (order.trackIndex != trackIndex || offset != end)) {
        add(all, cursors, trackIndex, position, bytes, samples);
        position += bytes;
        samples = 0;
        bytes = 0;
      }
      const sum = cursor.sizes.sum(taken);
      trackIndex = order.trackIndex;
      samples += taken;
      bytes += sum;
      offset += sum;
      end = offset;
      cursor.wanted -= taken;
      wanted -= taken;
    }
    if (left > taken) offset += bytesOf(cursor.sizes, left - taken);
    if (offset > fileSize || offset < order.offset) return fail(Status.BadIndex);
    order.offset = offset;
  }
  if (samples > 0) add(all, cursors, trackIndex, position, bytes, samples);
}

/** Not in line: in the loop there is one of its kind. */
function bytesOf(sizes: SizeCursor, count: u32): u64 {
  return sizes.sum(count);
}

function add(all: usize, cursors: usize, trackIndex: u32, position: u64, bytes: u64, samples: u32): void {
  const chunks = objectAt<Chunks | null>(all, trackIndex);
  if (chunks == null) return;
  const cursor = objectAt<ChunkCursor>(cursors, trackIndex);
  chunks.add(position, bytes, samples, cursor.description);
}
