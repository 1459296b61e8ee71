/**
 * Tells sample descriptions apart by what matters to a decoder: bit rates and the like, which differ from segment to
 * segment, do not.
 */
import { Code } from "../abi/codes";
import { entryChildren } from "../box/stsd";
import { Box, newBox, readBox, u32be } from "../memory/reader";
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
  while (end - pointer >= 8 && pointer < end) {
    const size = u32be(pointer);
    if (size < 8 || size > <u32>(end - pointer)) break;
    const type = u32be(pointer + 4);
    if (type == Code.esds) hash = addElementary(hash, pointer, pointer + size);
    else if (type == Code.dfLa) hash = addFlac(hash, pointer, pointer + size);
    else if (type == Code.wave && outermost) {
      hash = addChildren(add(hash, pointer, pointer + 8), pointer + 8, pointer + size, false);
    } else if (type != Code.btrt) hash = add(hash, pointer, pointer + size);
    pointer += size;
  }
  return add(hash, pointer, end);
}

// `esds`: the buffer size and both bit rates are the last 11 of the 13 fixed bytes of the decoder configuration
// descriptor (ISO/IEC 14496-1 clause 7.2.6.6), tag 4.
function addElementary(hash: u64, start: usize, end: usize): u64 {
  let pointer = start + 12;
  while (pointer < end) {
    const tag = load<u8>(pointer);
    let body = pointer + 1;
    while (body < end && load<u8>(body) >= 128) body++;
    body++;
    if (tag == 3 && body + 3 <= end) {
      const flags = load<u8>(body + 2);
      pointer = body + 3 + (flags & 0x80 ? 2 : 0) + (flags & 0x20 ? 2 : 0);
      if (flags & 0x40 && pointer < end) pointer += 1 + <usize>load<u8>(pointer);
      continue;
    }
    if (tag != 4 || body + 13 > end) break;
    hash = add(hash, start, body + 2);
    return add(hash, body + 13, end);
  }
  return add(hash, start, end);
}

// `dfLa`: STREAMINFO also states frame sizes, the number of samples and a checksum of all of them (RFC 9639 section
// 8.2). Only block sizes, sample rate, channels and depth are a decoder's business.
function addFlac(hash: u64, start: usize, end: usize): u64 {
  const info = start + 16;
  if (info + 34 > end) return add(hash, start, end);
  hash = add(hash, info, info + 4);
  hash = add(hash, info + 10, info + 13);
  return (hash ^ (load<u8>(info + 13) >> 4)) * FNV_PRIME;
}
