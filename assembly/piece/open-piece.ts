/** Taking a piece from what the host says of it. */
import { Status } from "../abi/names";
import { IndexHeader, PieceTrack, TrackRecord } from "../abi/records";
import { recordOf } from "../index/segment-index";
import { cleared, fail, failed, make } from "../memory/status";
import { Piece, pieceTrack } from "./piece";
import { findPreroll } from "./find-preroll";
import { Preroll } from "./preroll";

/** Takes a piece from its index and `PieceTrack` records; fails with `BadIndex` or `OutOfMemory`. */
export function openPiece(index: usize, tracks: usize): Piece {
  const piece = make<Piece>();
  if (failed()) return piece;
  piece.index = index;
  piece.tracks = tracks;
  piece.trackCount = load<u32>(index, IndexHeader.TRACK_COUNT);
  piece.reference = load<u32>(index, IndexHeader.REFERENCE);
  if (load<u32>(pieceTrack(piece, piece.reference), PieceTrack.COUNT) == 0) {
    for (let trackIndex: u32 = 0; trackIndex < piece.trackCount; trackIndex++) {
      if (load<u32>(pieceTrack(piece, trackIndex), PieceTrack.COUNT) > 0) {
        piece.reference = trackIndex;
        break;
      }
    }
  }
  piece.fragments = 1;
  piece.prerolls = cleared(<usize>piece.trackCount * offsetof<Preroll>());
  if (failed()) return piece;
  for (let trackIndex: u32 = 0; trackIndex < piece.trackCount; trackIndex++) {
    const track = pieceTrack(piece, trackIndex);
    const end = <u64>load<u32>(track, PieceTrack.FIRST) + load<u32>(track, PieceTrack.COUNT);
    // The host made the piece from the segment's summary: it is not that of this index.
    if (end > load<u32>(recordOf(index, trackIndex), TrackRecord.SAMPLES)) fail(Status.BadIndex);
    else if (load<u32>(track, PieceTrack.TIMESCALE) == 0) fail(Status.BadIndex);
    else if (load<i64>(track, PieceTrack.SHOWN) != i64.MIN_VALUE) findPreroll(piece, trackIndex);
  }
  return piece;
}
