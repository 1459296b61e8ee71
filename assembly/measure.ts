/** How large a piece's tables are. */
import { TrackFlag } from "./abi/names";
import { PieceTrack, Result, TrackRecord } from "./abi/records";
import { continues, layParts, Part, partBytes, Piece, pieceTrack } from "./piece";
import { recordOf } from "./segment-index";
import { splitFragments } from "./split-fragments";
import { cleared, failed, RESULT } from "./status";
import { walkChunkRuns, walkDurations, walkOffsets, walkSyncs } from "./tables";

/** TrackFlag.Uniform when `count` samples of a track, whose durations make `entries` of `stts`, are alike; else 0. */
export function uniformity(flags: u32, record: usize, count: u32, entries: u32): u32 {
  const known = flags & (TrackFlag.AllSync | TrackFlag.Offsets);
  const alike = count > 1 && entries <= 2 && load<u32>(record, TrackRecord.CONSTANT_SIZE) > 0;
  return alike && known == TrackFlag.AllSync ? TrackFlag.Uniform : 0;
}

/** Fills the measured part of every track of the piece; Result: `total` bytes of media, `count` fragments. */
export function measurePiece(piece: Piece): void {
  if (failed()) return;
  for (let slot: u32 = 0; slot < piece.slots; slot++) {
    const track = pieceTrack(piece, slot);
    store<u32>(track, walkDurations(piece, slot, 0, 0), PieceTrack.STTS_ENTRIES);
    store<u32>(track, walkOffsets(piece, slot, 0, 0), PieceTrack.CTTS_ENTRIES);
    const syncs = walkSyncs(piece, slot, 0, 0, 0);
    store<u32>(track, syncs, PieceTrack.SYNC_SAMPLES);
    let flags = load<u32>(track, PieceTrack.FLAGS) & ~(TrackFlag.AllSync | TrackFlag.Uniform);
    if (syncs == load<u32>(track, PieceTrack.COUNT)) flags |= TrackFlag.AllSync;
    const entries = load<u32>(track, PieceTrack.STTS_ENTRIES);
    flags |= uniformity(flags, recordOf(piece.index, slot), load<u32>(track, PieceTrack.COUNT), entries);
    store<u32>(track, flags, PieceTrack.FLAGS);
    store<u32>(track, 0, PieceTrack.CHUNKS);
    store<u32>(track, 0, PieceTrack.TRAFS);
    store<u32>(track, 0, PieceTrack.TRUNS);
    store<u64>(track, 0, PieceTrack.BYTES);
  }
  splitFragments(piece);
  layParts(piece);
  if (failed()) return;
  let total: u64 = 0;
  const end = piece.parts + <usize>piece.partCount * Part.SIZE;
  for (let part = piece.parts; part < end; part += Part.SIZE) {
    const track = pieceTrack(piece, load<u32>(part, Part.SLOT));
    const bytes = partBytes(piece, part);
    const chunks = load<u32>(track, PieceTrack.CHUNKS);
    if (part == piece.parts || !continues(part - Part.SIZE, part)) store<u32>(track, chunks + 1, PieceTrack.CHUNKS);
    store<u64>(track, load<u64>(track, PieceTrack.BYTES) + bytes, PieceTrack.BYTES);
    total += bytes;
  }
  for (let slot: u32 = 0; slot < piece.slots; slot++) {
    store<u32>(pieceTrack(piece, slot), walkChunkRuns(piece, slot, 0, 0, 0), PieceTrack.STSC_ENTRIES);
  }
  countFragmentRuns(piece);
  store<u64>(RESULT, total, Result.TOTAL);
  store<u32>(RESULT, piece.fragments, Result.COUNT);
}

// A track fragment holds the runs of one track and one description within one fragment.
function countFragmentRuns(piece: Piece): void {
  const last = cleared(<usize>piece.slots * 8);
  if (failed()) return;
  const keys = piece.parts + <usize>piece.partCount * Part.SIZE;
  for (let part = piece.parts; part < keys; part += Part.SIZE) {
    const slot = load<u32>(part, Part.SLOT);
    const track = pieceTrack(piece, slot);
    store<u32>(track, load<u32>(track, PieceTrack.TRUNS) + 1, PieceTrack.TRUNS);
    // A track's parts come in sample order, so its fragments and descriptions never come back.
    const key = ((<u64>load<u32>(part, Part.FRAGMENT) + 1) << 32) | load<u32>(part, Part.DESCRIPTION);
    if (load<u64>(last + ((<usize>slot) << 3)) == key) continue;
    store<u64>(last + ((<usize>slot) << 3), key);
    store<u32>(track, load<u32>(track, PieceTrack.TRAFS) + 1, PieceTrack.TRAFS);
  }
}
