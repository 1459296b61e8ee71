/** Bytes of the boxes of a movie fragment; `src/core/layout/fragment-sizes.ts` adds up the same for the host. */
import { isUniform, Part, Piece, pieceTrack } from "./piece";
import { TRAF_BASE, TrackFlag, TRUN_BASE } from "../abi/names";
import { DEFAULT_DURATION, DEFAULT_FLAGS, DEFAULT_SIZE, DESCRIPTION, tfhdFieldsSize } from "../box/tfhd";
import { COMPOSITION, DURATION, SAMPLE_FLAGS, SAMPLE_SIZE, trunEntrySize } from "../box/trun";
import { PieceTrack } from "../abi/records";

/** Fields of one sample in a `trun`: duration, size, and flags and composition offset where the output track needs them. */
export function trunFields(flags: u32): u32 {
  const own = (flags & TrackFlag.AllSync ? 0 : SAMPLE_FLAGS) | (flags & TrackFlag.Offsets ? COMPOSITION : 0);
  return DURATION | SAMPLE_SIZE | own;
}

/** Fields of the `tfhd`s of a piece's track. */
export function tfhdFields(track: usize): u32 {
  if (!hasDefaults(track)) return DESCRIPTION;
  const flags = load<u32>(track, PieceTrack.OUTPUT_FLAGS) & TrackFlag.AllSync ? 0 : DEFAULT_FLAGS;
  return DESCRIPTION | DEFAULT_DURATION | DEFAULT_SIZE | flags;
}

/** Bits of TrackFlag that the samples of a piece's track are written by: a pre-roll has composition offsets where the others need none. */
export function runFlags(track: usize): u32 {
  const offsets = load<u32>(track, PieceTrack.FLAGS) & TrackFlag.PrerollOffsets ? TrackFlag.Offsets : 0;
  return load<u32>(track, PieceTrack.OUTPUT_FLAGS) | offsets;
}

/** Whether the `tfhd`s of a piece's track state duration and size of all samples, but for the duration of the last one. */
export function hasDefaults(track: usize): bool {
  return isUniform(track) && load<i32>(track, PieceTrack.OFFSET_SHIFT) == 0;
}

/** Bytes of a `traf` without its runs. */
export function trafSize(track: usize): u64 {
  return <u64>TRAF_BASE + tfhdFieldsSize(tfhdFields(track) & ~DESCRIPTION);
}

/** Bytes of the `trun` of a part. */
export function trunSize(piece: Piece, part: usize): u64 {
  const track = pieceTrack(piece, load<u32>(part, Part.TRACK_INDEX));
  if (hasDefaults(track)) return <u64>TRUN_BASE + (isLast(track, part) ? trunEntrySize(DURATION) : 0);
  return TRUN_BASE + <u64>load<u32>(part, Part.SAMPLES) * trunEntrySize(trunFields(runFlags(track)));
}

/** Whether a part begins with the last sample of its track's piece. */
export function isLast(track: usize, part: usize): bool {
  return load<u32>(part, Part.FIRST) == load<u32>(track, PieceTrack.FIRST) + load<u32>(track, PieceTrack.COUNT) - 1;
}
