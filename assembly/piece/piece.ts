/** One piece of an output: a range of samples of each track of one segment. */
import { Status, TrackFlag } from "../abi/names";
import { IndexHeader, PieceTrack, TrackRecord } from "../abi/records";
import { recordOf } from "../index/segment-index";
import { cleared, fail, failed } from "../memory/status";

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
  export const FIRST_INLINED: usize = 40; // u32, the first of them in PartWalk.inlined
  export const POSITION: usize = 48; // u64, bytes of the piece's media before it, inline ones included
  export const SIZE: usize = 56;
}

/** The samples of one segment that go into an output. */
@unmanaged
export class Piece {
  index: usize;
  /** PieceTrack records, one a slot. */
  tracks: usize;
  /** What goes on from call to call: the object that works on the piece. */
  work: usize;
  /** Where what belongs to one call alone begins. */
  scratch: usize;
  slots: u32;
  /** Slot whose sync samples begin fragments. */
  reference: u32;
  /** Fragments that its samples are divided into at present; else 1. */
  fragments: u32;
  /** For each fragment and slot, the first sample of the fragment, and behind them those after the last one: u32, fragment by fragment. */
  bounds: usize;
}

/** Takes a piece from its index and `PieceTrack` records; fails with `BadIndex` or `OutOfMemory`. */
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

/** Address of a slot's PieceTrack. */
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

/** Bytes of a part in the output. */
export function partBytes(piece: Piece, part: usize): u64 {
  const inlined = load<u32>(part, Part.INLINED);
  const bytes = load<u64>(part, Part.BYTES);
  if (inlined == 0) return bytes;
  return bytes + <u64>inlined * load<u32>(pieceTrack(piece, load<u32>(part, Part.SLOT)), PieceTrack.PREFIX);
}

/** First sample of `fragment` in `slot`. */
export function bound(piece: Piece, fragment: u32, slot: u32): u32 {
  return load<u32>(piece.bounds + ((<usize>fragment * piece.slots + slot) << 2));
}
