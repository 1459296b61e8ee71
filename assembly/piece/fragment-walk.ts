/** Where a piece is divided into movie fragments, page by page: the fragments of some tens of thousands of samples at a time. */
import { PieceTrack, TrackRecord } from "../abi/records";
import { allocate, shrinkTo } from "../memory/arena";
import { newOffsetCursor, newSyncCursor, OffsetCursor, SyncCursor } from "../index/cursors";
import { DurationCursor, newDurationCursor } from "./duration-cursor";
import { openParts, PartWalk } from "./part-walk";
import { Piece, pieceTrack, rescale } from "./piece";
import { recordOf } from "../index/segment-index";
import { cleared, failed, make, reserve } from "../memory/status";
import { objectAt, setObject, word } from "../memory/words";

/** What is known of a fragment's start. */
export namespace Start {
  /** Decode time of the first reference sample, in output ticks. */
  export const DTS: usize = 0; // i64
  /** Presentation time of the first reference sample, in output ticks. */
  export const PTS: usize = 8; // i64
  /** Whether it is a sync sample. */
  export const SYNC: usize = 16; // u32
  export const SIZE: usize = 24;
}

/** Samples that a page has at least, unless they are all: the usual piece is one page. */
export const PAGE_SAMPLES: u32 = 1 << 16;
/** Fragments that a page has at most. */
const PAGE_FRAGMENTS: u32 = 1 << 12;

/** The samples of a track other than the reference up to some time. */
@unmanaged
class DecodeCursor {
  durations: DurationCursor;
  dts: i64;
  sample: u32;
  end: u32;
  timescale: u32;

  /** Moves to the first sample that is decoded at `time` or later. */
  moveTo(time: i64): void {
    const runs = this.durations.runs;
    while (this.sample < this.end && this.dts < time) {
      if (runs.left == 0) runs.refill();
      let passed = min(runs.left, this.end - this.sample);
      if (runs.value > 0) passed = <u32>min<i64>(passed, (time - this.dts - 1) / runs.value + 1);
      this.dts += <i64>passed * runs.value;
      runs.left -= passed;
      this.sample += passed;
    }
  }
}

/**
 * Divides a piece into fragments. One begins at the first sync sample of the reference track that lies half a second or more
 * after the one before: a group of pictures, or several short ones. The other tracks' samples belong to the fragment in
 * which they are presented. All is decided in the segment's own ticks, so that a whole segment is divided alike wherever
 * it lands.
 */
@unmanaged
export class FragmentWalk {
  piece: Piece;
  parts: PartWalk;
  durations: DurationCursor;
  syncs: SyncCursor;
  offsets: OffsetCursor;
  /** DecodeCursor of each track, 0 of the reference and of what is left out. */
  others: usize;
  /** Samples of the reference track that were passed, and their ticks. */
  passed: u32;
  time: i64;
  /** The time at which the last fragment began. */
  begun: i64;
  /** The composition offset of its first reference sample. */
  composed: i64;
  /** The start of the next page's first fragment, and for each track its first sample, u32. */
  next: usize;
  bounds: usize;
  /** Whether all fragments were given. */
  done: bool;
  /** Fragments of the pages before the present one. */
  before: u32;
  /** Of the present page: Start records, and its samples. */
  starts: usize;
  samples: u64;

  /** Moves to the next page. False after the last one. */
  nextPage(most: u32): bool {
    if (this.done || failed()) return false;
    const piece = this.piece;
    shrinkTo(piece.scratch);
    this.before += piece.fragments;
    const row = (<usize>piece.trackCount) << 2;
    const record = recordOf(piece.index, piece.reference);
    // Each fragment but the first begins with a sync sample, at least half a second after the one before.
    const halves = load<u64>(record, TrackRecord.DURATION) / max(load<u32>(record, TrackRecord.TIMESCALE) >> 1, 1) + 1;
    const capacity = <u32>min<u64>(min<u64>(load<u32>(record, TrackRecord.SYNC_SAMPLES), halves) + 1, PAGE_FRAGMENTS);
    this.starts = reserve(<u64>capacity * Start.SIZE);
    piece.bounds = reserve(<u64>(capacity + 1) * row);
    if (failed()) return false;
    this.samples = 0;
    let fragments: u32 = 0;
    let bounds = piece.bounds;
    do {
      memory.copy(this.starts + <usize>fragments * Start.SIZE, this.next, Start.SIZE);
      memory.copy(bounds, this.bounds, row);
      fragments++;
      this.done = !this.findNext();
      for (let at: usize = 0; at < row; at += 4) this.samples += load<u32>(this.bounds + at) - load<u32>(bounds + at);
      bounds += row;
    } while (!this.done && fragments < capacity && this.samples < most);
    memory.copy(bounds, this.bounds, row);
    piece.fragments = fragments;
    this.parts.nextPage();
    return !failed();
  }

  /** Samples of the page that may have inline bytes in front, at most. */
  inlinedBound(): u64 {
    const piece = this.piece;
    let bound: u64 = 0;
    for (let trackIndex: u32 = 0; trackIndex < piece.trackCount; trackIndex++) {
      if (load<u32>(pieceTrack(piece, trackIndex), PieceTrack.PREFIX) == 0) continue;
      bound += load<u32>(recordOf(piece.index, trackIndex), TrackRecord.SYNC_SAMPLES);
    }
    return min(bound, this.samples);
  }

  /** Moves to where the next fragment begins, or behind the last sample: then it is false. */
  private findNext(): bool {
    const piece = this.piece;
    const track = pieceTrack(piece, piece.reference);
    const found = this.findStart(track);
    const first = load<u32>(track, PieceTrack.FIRST) + this.passed;
    store<u32>(word(this.bounds, piece.reference), first - u32(found));
    const from = load<u32>(recordOf(piece.index, piece.reference), TrackRecord.TIMESCALE);
    const shown = this.durations.first + this.begun + this.composed;
    for (let trackIndex: u32 = 0; trackIndex < piece.trackCount; trackIndex++) {
      const other = objectAt<DecodeCursor | null>(this.others, trackIndex);
      if (other == null) continue;
      if (found) other.moveTo(rescale(shown, from, other.timescale));
      else other.sample = other.end;
      store<u32>(word(this.bounds, trackIndex), other.sample);
    }
    return found;
  }

  findStart(track: usize): bool {
    const count = load<u32>(track, PieceTrack.COUNT);
    const syncs = this.syncs;
    const runs = this.durations.runs;
    const half = <i64>(this.durations.from >> 1);
    while (this.passed < count) {
      if (syncs.left == 0) syncs.refill();
      if (runs.left == 0) runs.refill();
      let passed = min(min(syncs.left, runs.left), count - this.passed);
      const starts = this.passed == 0 || (syncs.sync && this.time - this.begun >= half);
      if (starts) {
        passed = 1;
        this.begin(track);
      } else {
        // Nothing happens before the run ends, or before half a second has passed.
        if (syncs.sync && runs.value > 0)
          passed = <u32>min<i64>(passed, (this.begun + half - this.time - 1) / runs.value + 1);
        this.offsets.skip(passed);
      }
      this.time += <i64>passed * runs.value;
      runs.left -= passed;
      syncs.left -= passed;
      this.passed += passed;
      if (starts) return true;
    }
    return false;
  }

  private begin(track: usize): void {
    const durations = this.durations;
    this.begun = this.time;
    this.composed = this.offsets.next();
    const base = durations.base;
    const decoded = base + rescale(this.time, durations.from, durations.to);
    const shown = base + rescale(this.time + this.composed, durations.from, durations.to);
    const preroll = durations.preroll;
    store<i64>(this.next, preroll.dts(this.passed, decoded), Start.DTS);
    store<i64>(this.next, preroll.pts(this.passed, shown + load<i32>(track, PieceTrack.OFFSET_SHIFT)), Start.PTS);
    store<u32>(this.next, u32(this.syncs.sync), Start.SYNC);
  }
}

/** Opens the walk over a piece's fragments; `nextPage` comes first. */
export function openFragments(piece: Piece): FragmentWalk {
  const walk = make<FragmentWalk>();
  const durations = newDurationCursor();
  const syncs = newSyncCursor();
  const offsets = newOffsetCursor();
  const others = cleared(<usize>piece.trackCount * 4);
  const bounds = cleared(<usize>piece.trackCount * 4);
  const next = reserve(Start.SIZE);
  const parts = openParts(piece, true);
  if (failed()) return walk;
  walk.piece = piece;
  walk.durations = durations;
  walk.syncs = syncs;
  walk.offsets = offsets;
  walk.others = others;
  walk.bounds = bounds;
  walk.next = next;
  walk.parts = parts;
  piece.fragments = 0;
  const track = pieceTrack(piece, piece.reference);
  const first = load<u32>(track, PieceTrack.FIRST);
  const record = recordOf(piece.index, piece.reference);
  walk.done = load<u32>(track, PieceTrack.COUNT) == 0;
  if (walk.done) return walk;
  durations.open(piece, piece.reference);
  syncs.open(piece.index, record);
  syncs.skip(first);
  offsets.open(piece.index, record);
  offsets.skip(first);
  for (let trackIndex: u32 = 0; trackIndex < piece.trackCount; trackIndex++) {
    const other = pieceTrack(piece, trackIndex);
    const count = load<u32>(other, PieceTrack.COUNT);
    if (trackIndex == piece.reference || count == 0) continue;
    const cursor = make<DecodeCursor>();
    const own = newDurationCursor();
    if (failed()) return walk;
    own.open(piece, trackIndex);
    cursor.durations = own;
    cursor.dts = own.first;
    cursor.sample = load<u32>(other, PieceTrack.FIRST);
    cursor.end = cursor.sample + count;
    cursor.timescale = own.from;
    setObject(others, trackIndex, cursor);
    store<u32>(word(bounds, trackIndex), cursor.sample);
  }
  // The first fragment has what the other tracks present before it, too.
  walk.findStart(track);
  store<u32>(word(bounds, piece.reference), first);
  piece.scratch = allocate(0);
  return walk;
}
