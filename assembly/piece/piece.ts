/** One piece of an output: a range of samples of each track of one segment. */
import { TrackFlag } from "../abi/names";
import { PieceTrack } from "../abi/records";
import { word } from "../memory/words";

/** Selected samples of one track that are adjacent in the file, all of one description and one output fragment. */
export namespace Part {
  export const OFFSET: usize = 0; // u64, in the file
  export const BYTES: usize = 8; // u64, without inline bytes
  export const TRACK_INDEX: usize = 16; // u32
  export const FIRST: usize = 20; // u32, sample of the segment's track
  export const SAMPLES: usize = 24; // u32
  export const DESCRIPTION: usize = 28; // u32, from 1
  export const FRAGMENT: usize = 32; // u32
  export const INLINED: usize = 36; // u32, samples with inline bytes in front
  export const FIRST_INLINED: usize = 40; // u32, the first of them in PartWalk.inlinedOffsets
  export const POSITION: usize = 48; // u64, bytes of the piece's media before it, inline ones included
  export const SIZE: usize = 56;
}

/** The samples of one segment that go into an output. */
@unmanaged
export class Piece {
  index: usize;
  /** PieceTrack records, one a track. */
  tracks: usize;
  /** What goes on from call to call: the object that works on the piece. */
  work: usize;
  /** Where what belongs to one call alone begins. */
  scratch: usize;
  trackCount: u32;
  /** Index of the track whose sync samples begin fragments. */
  reference: u32;
  /** Fragments that its samples are divided into at present; else 1. */
  fragments: u32;
  /** For each fragment and track, the first sample of the fragment, and behind them those after the last one: u32, fragment by fragment. */
  bounds: usize;
  /** A Preroll for each track. */
  prerolls: usize;
}

/** Address of a track's PieceTrack. */
export function pieceTrack(piece: Piece, trackIndex: u32): usize {
  return piece.tracks + <usize>trackIndex * PieceTrack.SIZE;
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

/**
 * The output's number of a sample description of the segment: where parameter sets stand in the samples, one serves all.
 * @param description from 1
 */
export function outputDescription(track: usize, description: u32): u32 {
  const base = load<u32>(track, PieceTrack.DESCRIPTION_BASE);
  return load<u32>(track, PieceTrack.PREFIX) > 0 ? base : base - 1 + description;
}

/** Bytes of a part in the output. */
export function partBytes(piece: Piece, part: usize): u64 {
  const inlined = load<u32>(part, Part.INLINED);
  const bytes = load<u64>(part, Part.BYTES);
  if (inlined == 0) return bytes;
  return bytes + <u64>inlined * load<u32>(pieceTrack(piece, load<u32>(part, Part.TRACK_INDEX)), PieceTrack.PREFIX);
}

/** First sample of `fragment` in the track `trackIndex`. */
export function bound(piece: Piece, fragment: u32, trackIndex: u32): u32 {
  return load<u32>(word(piece.bounds, fragment * piece.trackCount + trackIndex));
}
