/**
 * Tells sample descriptions apart by what matters to a decoder: bit rates and the like, which differ from segment to
 * segment, do not.
 */
import { Code } from "../abi/codes";
import { BLOCK_SIZES, FLAC_FORMAT, streamInfo } from "../box/dfla";
import { RATES_LENGTH, readEsds } from "../box/esds";
import { entryChildren } from "../box/stsd";
import { Box, newBox, peekBox, readBox } from "../memory/reader";
import { failed } from "../memory/status";

const FNV_OFFSET: u64 = 0xcbf29ce484222325;
const FNV_PRIME: u64 = 0x100000001b3;

/** FNV-1a, 64 bits, over all sample entries without what only tells of the file they came from. */
export function hashDescriptions(entries: usize, length: u32, handler: u32): u64 {
  const entry = newBox();
  if (failed()) return 0;
  const end = entries + length;
  let hash = FNV_OFFSET;
  for (let pointer = entries; readBox(entry, pointer, end); pointer = entry.end) {
    const children = min(entryChildren(entry, handler), entry.end);
    hash = add(hash, entry.start + 4, children);
    hash = addChildren(hash, children, entry.end, true);
  }
  return hash;
}

function add(hash: u64, from: usize, to: usize): u64 {
  for (; from < to; from++) hash = (hash ^ load<u8>(from)) * FNV_PRIME;
  return hash;
}

// QuickTime puts the `esds` of sound into a `wave`.
function addChildren(hash: u64, pointer: usize, end: usize, outermost: bool): u64 {
  const box = newBox();
  if (failed()) return hash;
  for (; peekBox(box, pointer, end); pointer = box.end) {
    if (box.type == Code.esds) hash = addElementary(hash, box);
    else if (box.type == Code.dfLa) hash = addFlac(hash, box);
    else if (box.type == Code.wave && outermost) {
      hash = addChildren(add(hash, box.start, box.body), box.body, box.end, false);
    } else if (box.type != Code.btrt) hash = add(hash, box.start, box.end);
  }
  return add(hash, pointer, end);
}

function addElementary(hash: u64, esds: Box): u64 {
  const rates = readEsds(esds).rates;
  if (rates == 0) return add(hash, esds.start, esds.end);
  return add(add(hash, esds.start, rates), rates + RATES_LENGTH, esds.end);
}

// Only block sizes, sample rate, channels and depth are a decoder's business.
function addFlac(hash: u64, dfLa: Box): u64 {
  const info = streamInfo(dfLa);
  if (info == 0) return add(hash, dfLa.start, dfLa.end);
  const format = info + FLAC_FORMAT;
  hash = add(add(hash, info, info + BLOCK_SIZES), format, format + 3);
  return (hash ^ (load<u8>(format + 3) >> 4)) * FNV_PRIME;
}
