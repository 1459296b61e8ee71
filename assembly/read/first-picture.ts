/**
 * Whether a video track begins with a picture for which earlier ones have to be decoded, as its media tells: of what lies behind the
 * header of a file's first `mdat` the host hands over some bytes.
 */
import { Code } from "../abi/codes";
import { Extent } from "../abi/records";
import { findConfig, newConfigSets } from "../box/config-sets";
import { golomb, payloadBits } from "./bits";
import { lengthBefore, unitType } from "../box/nal-units";
import { newBox, readBox } from "../memory/reader";
import { failed } from "../memory/status";
import { isMediaData } from "./media-regions";
import { Chunk, TrackTables } from "../box/track-tables";

/** Bytes of a slice within which its type stands: two numbers of at most 63 bits, and what keeps them from being a start code. */
const SLICE_START: usize = 24;

/** What is not known, as of other codecs or what lies farther behind the header, is false. */
export function needsEarlier(track: TrackTables, extents: usize, count: u32, buffer: usize): bool {
  if (track.handler != Code.vide || track.encrypted || track.chunkCount == 0) return false;
  const entry = newBox();
  const config = newBox();
  const sets = newConfigSets();
  if (failed() || !readBox(entry, track.entries, track.entries + track.entriesLength)) return false;
  if (!findConfig(entry, config)) return false;
  sets.open(config);
  if (sets.cut) return false;
  const first = load<u64>(track.chunks, Chunk.OFFSET);
  const size: u64 = track.sizes == 0 ? track.constantSize : load<u32>(track.sizes);
  for (let i: u32 = 0; i < count; i++) {
    const extent = extents + <usize>i * Extent.SIZE;
    const offset = load<u64>(extent, Extent.FILE_OFFSET);
    const end = offset + load<u32>(extent, Extent.LENGTH);
    if (!isMediaData(extent, buffer) || first < offset || first >= end) continue;
    const at = buffer + load<u32>(extent, Extent.BUFFER_OFFSET) + <usize>(first - offset);
    return beginsInside(at, at + <usize>min(size, end - first), sets.lengthSize, config.type == Code.hvcC);
  }
  return false;
}

/** Whether the first slice of a sample is of a picture for which others have to be decoded. */
function beginsInside(at: usize, end: usize, lengthSize: u32, hevc: bool): bool {
  while (end - at > lengthSize + 2) {
    const length = lengthBefore(at, lengthSize);
    const unit = at + lengthSize;
    const type = unitType(unit, hevc);
    // H.265 table 7-1: the types of random access points are 16 to 23, those of other pictures smaller.
    if (hevc && type < 32) return type < 16;
    if (!hevc && type >= 1 && type <= 5) return type != 5 && !isIntra(unit, min(length, end - unit));
    if (length > end - unit) return false;
    at = unit + length;
  }
  return false;
}

/** Whether a slice of H.264 is of type I or SI (clause 7.4.3, table 7-6). */
function isIntra(unit: usize, length: usize): bool {
  const bits = payloadBits(unit, <u32>min(length, SLICE_START), 1);
  if (bits == null) return true;
  golomb(bits); // first_mb_in_slice
  const type = golomb(bits) % 5;
  return bits.overrun || type == 2 || type == 4;
}
