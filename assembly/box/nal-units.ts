/** NAL units one behind the other, each behind its length in four bytes, as samples of live streams have them. */
import { u32be } from "../memory/reader";
import { put16, putBytes, Writer } from "../memory/writer";

/** The first unit of a type from `from` on: address of its length; 0 when there is none. */
export function findUnit(from: usize, end: usize, type: u32, hevc: bool): usize {
  for (let at = from; at < end; at = nextUnit(at, end)) {
    if (isUnit(at, end) && unitType(at + 4, hevc) == type) return at;
  }
  return 0;
}

/** Where the unit behind the one at `at` begins; `end` when that one is cut off. */
export function nextUnit(at: usize, end: usize): usize {
  return isUnit(at, end) ? at + 4 + u32be(at) : end;
}

/** Whether a unit with its length lies between two addresses. */
export function isUnit(at: usize, end: usize): bool {
  return end - at > 4 && u32be(at) > 0 && u32be(at) <= <u32>(end - at - 4);
}

/** Bytes of the unit behind a length of `size` bytes, 1 to 4, at an address. */
export function lengthBefore(at: usize, size: u32): usize {
  let length: usize = 0;
  for (let i: u32 = 0; i < size; i++) length = (length << 8) | load<u8>(at + i);
  return length;
}

/** nal_unit_type of a unit. */
export function unitType(unit: usize, hevc: bool): u32 {
  const first = load<u8>(unit);
  return hevc ? (first >> 1) & 63 : first & 31;
}

/** How many units of a type there are. */
export function countUnits(from: usize, end: usize, type: u32, hevc: bool): u32 {
  let count: u32 = 0;
  for (let at = findUnit(from, end, type, hevc); at != 0; at = findUnit(nextUnit(at, end), end, type, hevc)) count++;
  return count;
}

/** Writes the units of a type, each behind its length in two bytes. */
export function putUnits(out: Writer, from: usize, end: usize, type: u32, hevc: bool): void {
  for (let at = findUnit(from, end, type, hevc); at != 0; at = findUnit(nextUnit(at, end), end, type, hevc)) {
    const length = u32be(at);
    put16(out, length);
    putBytes(out, at + 4, length);
  }
}
