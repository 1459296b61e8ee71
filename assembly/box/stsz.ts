import { Status } from "../abi/names";
import { Box, failIn, fullBoxVersion, nativeWords, statedCount, tableCount, u16be, u32be } from "../memory/reader";
import { failed, reserve } from "../memory/status";
import { TrackTables } from "./track-tables";
import { Code } from "../abi/codes";
import { beginFullBox, put32, setU32be, Writer } from "../memory/writer";

/** Bytes of an entry of `stsz`. */
export const STSZ_ENTRY: usize = 4;

/** Sample sizes, ISO/IEC 14496-12 clause 8.7.3.2. */
export function readStsz(box: Box, track: TrackTables): void {
  fullBoxVersion(box, 0);
  if (failed()) return;
  if (box.end - box.body < 12) return failIn(box, Status.BadTable);
  track.constantSize = u32be(box.body + 4);
  if (track.constantSize > 0) {
    track.samples = u32be(box.body + 8);
    return;
  }
  const count = tableCount(box, 8, STSZ_ENTRY);
  if (failed()) return;
  track.samples = count;
  // An empty table, as in front of fragments, says nothing about sizes.
  if (count == 0) return;
  track.sizes = nativeWords(box.body + 12, count);
}

/** Compact sample sizes, ISO/IEC 14496-12 clause 8.7.3.3. */
export function readStz2(box: Box, track: TrackTables): void {
  fullBoxVersion(box, 0);
  if (failed()) return;
  if (box.end - box.body < 12) return failIn(box, Status.BadTable);
  const field = load<u8>(box.body + 7);
  const count = u32be(box.body + 8);
  if (field != 4 && field != 8 && field != 16) return failIn(box, Status.BadTable);
  if ((<u64>count * field + 7) / 8 > <u64>(box.end - box.body - 12)) return failIn(box, Status.BadTable);
  track.samples = count;
  // An empty table, as in front of fragments, says nothing about sizes.
  if (count == 0) return;
  track.sizes = reserve(<u64>count * 4 + 16);
  if (failed()) return;
  const from = box.body + 12;
  for (let i: usize = 0; i < count; i++) {
    let size: u32;
    if (field == 16) size = u16be(from + (i << 1));
    else if (field == 8) size = load<u8>(from + i);
    else size = (i & 1) == 0 ? load<u8>(from + (i >> 1)) >> 4 : load<u8>(from + (i >> 1)) & 15;
    store<u32>(track.sizes + (i << 2), size);
  }
}

/** Sizes that the box says it has, which need not be there; 0 of `stz2`: they take less room than samples may. */
export function statedSizes(box: Box): u32 {
  return box.type == Code.stz2 || statedCount(box, 4) > 0 ? 0 : statedCount(box, 8);
}

/** Begins the box, which the sizes follow where `constant`, the bytes of every sample, is 0. Give the result to `endBox`. */
export function beginStsz(out: Writer, constant: u32, samples: u32): usize {
  const box = beginFullBox(out, Code.stsz, 0, 0);
  put32(out, constant);
  put32(out, samples);
  return box;
}

/** Sets an entry of `stsz`. */
export function setStszEntry(at: usize, size: u32): void {
  setU32be(at, size);
}
