import { Status } from "../abi/names";
import { Box, failIn, fullBoxFlags, fullBoxVersion, u32be, u64be } from "../memory/reader";
import { failed } from "../memory/status";
import { TrackTables } from "./track-tables";
import { Code } from "../abi/codes";
import { beginFullBox, endBox, put32, setU64be, Writer } from "../memory/writer";

/** What holds for the runs of one track fragment. */
@unmanaged
export class FragmentDefaults {
  trackId: u32;
  flags: u32;
  baseDataOffset: u64;
  description: u32;
  duration: u32;
  size: u32;
  sampleFlags: u32;
}

export const BASE_DATA_OFFSET: u32 = 0x1;
export const DESCRIPTION: u32 = 0x2;
export const DEFAULT_DURATION: u32 = 0x8;
export const DEFAULT_SIZE: u32 = 0x10;
export const DEFAULT_FLAGS: u32 = 0x20;
export const DEFAULT_BASE_IS_MOOF: u32 = 0x2_0000;

/** Bytes of the `fields` of `flags` that follow the track's id. */
export function tfhdFieldsSize(fields: u32): usize {
  const short = popcnt<u32>(fields & (DESCRIPTION | DEFAULT_DURATION | DEFAULT_SIZE | DEFAULT_FLAGS));
  return (fields & BASE_DATA_OFFSET ? 8 : 0) + short * 4;
}

/** Track fragment header, ISO/IEC 14496-12 clause 8.8.7: the track's id first, so that its defaults can be found. */
export function tfhdTrackId(box: Box): u32 {
  fullBoxVersion(box, 0);
  if (failed()) return 0;
  if (box.end - box.body < 8) {
    failIn(box, Status.BadBoxSize);
    return 0;
  }
  return u32be(box.body + 4);
}

/** The rest of `tfhd`, over the defaults of `trex`. */
export function readTfhd(box: Box, track: TrackTables, defaults: FragmentDefaults): void {
  const flags = fullBoxFlags(box);
  let pointer = box.body + 8;
  if (tfhdFieldsSize(flags) > box.end - pointer) return failIn(box, Status.BadBoxSize);
  defaults.flags = flags;
  defaults.trackId = track.id;
  defaults.baseDataOffset = 0;
  if (flags & BASE_DATA_OFFSET) {
    defaults.baseDataOffset = u64be(pointer);
    pointer += 8;
  }
  defaults.description = track.defaultDescription;
  if (flags & DESCRIPTION) {
    defaults.description = u32be(pointer);
    pointer += 4;
  }
  defaults.duration = track.defaultDuration;
  if (flags & DEFAULT_DURATION) {
    defaults.duration = u32be(pointer);
    pointer += 4;
  }
  defaults.size = track.defaultSize;
  if (flags & DEFAULT_SIZE) {
    defaults.size = u32be(pointer);
    pointer += 4;
  }
  defaults.sampleFlags = flags & DEFAULT_FLAGS ? u32be(pointer) : track.defaultFlags;
  if (defaults.description == 0 || defaults.description > track.entryCount) {
    failIn(box, Status.BadDescription);
  }
}

/** Counts a base data offset anew, in place, in a fragment that moves from one offset of its file to another. */
export function moveTfhd(box: Box, from: u64, to: u64): void {
  if (box.end - box.body < 8) return failIn(box, Status.BadBoxSize);
  if (!(fullBoxFlags(box) & BASE_DATA_OFFSET)) return;
  const at = box.body + 8;
  if (box.end - at < 8) return failIn(box, Status.BadBoxSize);
  if (u64be(at) < from) return failIn(box, Status.OutsideFile);
  setU64be(at, u64be(at) - from + to);
}

/**
 * Writes the box, of a fragment whose data offsets count from its `moof`.
 * @param fields which of those that follow the track's id are there, as in `flags`
 */
export function writeTfhd(
  out: Writer,
  fields: u32,
  trackId: u32,
  description: u32,
  duration: u32,
  size: u32,
  sampleFlags: u32,
): void {
  const box = beginFullBox(out, Code.tfhd, 0, fields | DEFAULT_BASE_IS_MOOF);
  put32(out, trackId);
  if (fields & DESCRIPTION) put32(out, description);
  if (fields & DEFAULT_DURATION) put32(out, duration);
  if (fields & DEFAULT_SIZE) put32(out, size);
  if (fields & DEFAULT_FLAGS) put32(out, sampleFlags);
  endBox(out, box);
}
