/** How large a piece's tables are. */
import { TrackFlag } from "../abi/names";
import { PieceTrack, Result, TrackRecord } from "../abi/records";
import { newDurationCursor } from "./duration-cursor";
import { Chunks, newChunks, walkChunks } from "./chunks";
import { openFragments, PAGE_SAMPLES } from "./fragment-walk";
import { Part, Piece, pieceTrack, rescale } from "./piece";
import { recordOf } from "../index/segment-index";
import { cleared, failed, reserve, RESULT } from "../memory/status";
import { newEntries, walkDurations, walkOffsets, walkSyncs } from "./tables";
import { objectAt, setObject } from "../memory/words";

/** TrackFlag.Uniform when `count` samples of a track, whose durations make `entries` of `stts`, are alike; else 0. */
export function uniformity(flags: u32, record: usize, count: u32, entries: u32): u32 {
  const known = flags & (TrackFlag.AllSync | TrackFlag.Offsets | TrackFlag.PrerollOffsets);
  const alike = count > 1 && entries <= 2 && load<u32>(record, TrackRecord.CONSTANT_SIZE) > 0;
  return alike && known == TrackFlag.AllSync ? TrackFlag.Uniform : 0;
}

/** Fills the measured part of every track of the piece; Result: `total` bytes of media, `count` fragments. */
export function measurePiece(piece: Piece): void {
  const entries = newEntries();
  if (failed()) return;
  for (let trackIndex: u32 = 0; trackIndex < piece.trackCount; trackIndex++) {
    const track = pieceTrack(piece, trackIndex);
    entries.count = 0;
    walkDurations(piece, trackIndex, entries);
    store<u32>(track, entries.count, PieceTrack.STTS_ENTRIES);
    entries.count = 0;
    walkOffsets(piece, trackIndex, entries);
    store<u32>(track, entries.count, PieceTrack.CTTS_ENTRIES);
    entries.count = 0;
    walkSyncs(piece, trackIndex, entries, 0);
    store<u32>(track, entries.count, PieceTrack.SYNC_SAMPLES);
    let flags = load<u32>(track, PieceTrack.FLAGS) & ~(TrackFlag.AllSync | TrackFlag.Uniform);
    if (entries.count == load<u32>(track, PieceTrack.COUNT)) flags |= TrackFlag.AllSync;
    const durations = load<u32>(track, PieceTrack.STTS_ENTRIES);
    // In fragments those that are hidden last less than the others.
    if (load<u32>(track, PieceTrack.APART) == 1)
      flags |= uniformity(flags, recordOf(piece.index, trackIndex), load<u32>(track, PieceTrack.COUNT), durations);
    store<u32>(track, flags, PieceTrack.FLAGS);
    measureDecoding(piece, trackIndex);
  }
  measureChunks(piece);
  measureFragments(piece);
}

function measureDecoding(piece: Piece, trackIndex: u32): void {
  const track = pieceTrack(piece, trackIndex);
  const durations = newDurationCursor();
  if (failed() || load<u32>(track, PieceTrack.COUNT) == 0) return;
  durations.open(piece, trackIndex);
  const preroll = durations.preroll;
  store<i64>(track, preroll.hidden, PieceTrack.HIDDEN);
  store<i64>(track, preroll.ledDecoding, PieceTrack.LED);
  store<i64>(track, preroll.slack, PieceTrack.SLACK);
  store<i64>(track, durations.dts() - durations.base, PieceTrack.FIRST_DTS);
  durations.moveToLast();
  store<i64>(track, durations.dts() - durations.base, PieceTrack.LAST_DTS);
}

function measureChunks(piece: Piece): void {
  const all = reserve(<u64>piece.trackCount * 4);
  if (failed()) return;
  for (let trackIndex: u32 = 0; trackIndex < piece.trackCount; trackIndex++) {
    const chunks = newChunks(piece, trackIndex, newEntries(), false, 0);
    if (failed()) return;
    setObject(all, trackIndex, chunks);
  }
  walkChunks(piece, all);
  let total: u64 = 0;
  for (let trackIndex: u32 = 0; trackIndex < piece.trackCount; trackIndex++) {
    const chunks = objectAt<Chunks>(all, trackIndex);
    const track = pieceTrack(piece, trackIndex);
    store<u32>(track, chunks.count, PieceTrack.CHUNKS);
    store<u32>(track, chunks.entries.count, PieceTrack.STSC_ENTRIES);
    store<u64>(track, chunks.bytes, PieceTrack.BYTES);
    total += chunks.bytes;
  }
  store<u64>(RESULT, total, Result.TOTAL);
}

// A track fragment holds the runs of one track and one description within one fragment.
function measureFragments(piece: Piece): void {
  const last = cleared(<usize>piece.trackCount * 8);
  const part = reserve(Part.SIZE);
  if (failed()) return;
  for (let trackIndex: u32 = 0; trackIndex < piece.trackCount; trackIndex++) {
    store<u32>(pieceTrack(piece, trackIndex), 0, PieceTrack.TRAFS);
    store<u32>(pieceTrack(piece, trackIndex), 0, PieceTrack.TRUNS);
  }
  const walk = openFragments(piece);
  while (walk.nextPage(PAGE_SAMPLES)) {
    while (walk.parts.next(part)) {
      const trackIndex = load<u32>(part, Part.TRACK_INDEX);
      const track = pieceTrack(piece, trackIndex);
      store<u32>(track, load<u32>(track, PieceTrack.TRUNS) + 1, PieceTrack.TRUNS);
      // A track's parts come in sample order, so its fragments and descriptions never come back.
      const fragment = <u64>walk.before + load<u32>(part, Part.FRAGMENT) + 1;
      const key = (fragment << 32) | load<u32>(part, Part.DESCRIPTION);
      if (load<u64>(last + ((<usize>trackIndex) << 3)) == key) continue;
      store<u64>(last + ((<usize>trackIndex) << 3), key);
      store<u32>(track, load<u32>(track, PieceTrack.TRAFS) + 1, PieceTrack.TRAFS);
    }
  }
  store<u32>(RESULT, walk.before + piece.fragments, Result.COUNT);
}
