/** Big-endian loads and box walking (ISO/IEC 14496-12 clause 4.2). Callers check bounds first, once a table. */
import { Status } from "../abi/names";
import { fail, failed, make, reserve } from "./status";

/** A big-endian field of 16 bits. */
export function u16be(pointer: usize): u32 {
  return <u32>bswap<u16>(load<u16>(pointer));
}

/** A big-endian field of 32 bits. */
export function u32be(pointer: usize): u32 {
  return bswap<u32>(load<u32>(pointer));
}

/** A big-endian field of 64 bits. */
export function u64be(pointer: usize): u64 {
  return bswap<u64>(load<u64>(pointer));
}

/**
 * A native copy of `count` u32, with 16 spare bytes behind it; 0 when memory is out. Tables are read that way, since a
 * shuffle turns four at once.
 */
export function nativeWords(from: usize, count: u64): usize {
  const words = reserve((count << 2) + 16);
  if (words == 0) return 0;
  const end = words + <usize>(count << 2);
  for (let to = words; to < end; to += 16, from += 16) {
    const four = v128.load(from);
    v128.store(to, v128.shuffle<u8>(four, four, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
  }
  return words;
}

/** A box inside a buffer that holds it whole. */
@unmanaged
export class Box {
  type: u32 = 0;
  /** First byte of the header. */
  start: usize = 0;
  /** First byte after the header. */
  body: usize = 0;
  /** First byte after the box. */
  end: usize = 0;
}

/** A box that is still to be read. */
export function newBox(): Box {
  return make<Box>();
}

/** What `box` is now. */
export function copyOfBox(box: Box): Box {
  const copy = newBox();
  if (!failed()) memory.copy(changetype<usize>(copy), changetype<usize>(box), offsetof<Box>());
  return copy;
}

/** Notes a failure of a whole box. */
export function failIn(box: Box, status: Status): void {
  fail(status, box.type, box.start);
}

/**
 * Reads the box at `pointer` inside a parent that ends at `limit` into `box`. Returns false at the end, and after a
 * failure. Fewer than 8 trailing bytes count as the end: some writers pad containers with a 4-byte zero (QuickTime).
 */
export function readBox(box: Box, pointer: usize, limit: usize, last: bool = false): bool {
  if (limit - pointer < 8 || pointer >= limit) return false;
  let size: u64 = u32be(pointer);
  let header: usize = 8;
  box.type = u32be(pointer + 4);
  box.start = pointer;
  if (size == 1) {
    if (limit - pointer < 16) {
      fail(Status.Truncated, box.type, pointer);
      return false;
    }
    size = u64be(pointer + 8);
    header = 16;
  } else if (size == 0) {
    // Clause 4.2.2: only the last box of a file may extend to its end.
    if (!last) {
      fail(Status.BadBoxSize, box.type, pointer);
      return false;
    }
    size = limit - pointer;
  }
  if (size < header || size > <u64>(limit - pointer)) {
    fail(Status.BadBoxSize, box.type, pointer);
    return false;
  }
  box.body = pointer + header;
  box.end = pointer + <usize>size;
  return true;
}

/**
 * Reads the box at `pointer`, if a whole one with a header of 8 bytes begins there and ends by `limit`. Never fails: for
 * boxes that only describe, for whose sake nothing is refused.
 */
export function peekBox(box: Box, pointer: usize, limit: usize): bool {
  if (pointer >= limit || limit - pointer < 8) return false;
  const size = u32be(pointer);
  if (size < 8 || <usize>size > limit - pointer) return false;
  box.type = u32be(pointer + 4);
  box.start = pointer;
  box.body = pointer + 8;
  box.end = pointer + size;
  return true;
}

/** A box that stands before the first one inside `parent`; `nextBox` goes on from there. */
export function enter(parent: Box): Box {
  const box = newBox();
  box.end = parent.body;
  return box;
}

/** Goes on to the box behind `box` inside `parent`. Returns false at the end, and after any failure. */
export function nextBox(box: Box, parent: Box): bool {
  return !failed() && readBox(box, box.end, parent.end);
}

/** Version of a full box; its payload starts 4 bytes after `body`. Fails when those 4 bytes are not there. */
export function fullBoxVersion(box: Box, highest: u32): u32 {
  if (box.end - box.body < 4) {
    failIn(box, Status.BadBoxSize);
    return 0;
  }
  const version = load<u8>(box.body);
  if (version > highest) failIn(box, Status.UnsupportedVersion);
  return version;
}

/** Flags of a full box. */
export function fullBoxFlags(box: Box): u32 {
  return u32be(box.body) & 0xff_ffff;
}

/** Entries that a table says it has whose u32 count stands `at` bytes into the body: they need not be there. */
export function statedCount(box: Box, at: usize): u32 {
  return box.end - box.body < at + 4 ? 0 : u32be(box.body + at);
}

/**
 * Entries of a table whose u32 count stands `at` bytes into the body and whose entries of `entrySize` bytes follow it.
 * Fails when they do not fit.
 */
export function tableCount(box: Box, at: usize, entrySize: usize): u32 {
  if (<u64>(box.end - box.body) < at + 4) {
    failIn(box, Status.BadTable);
    return 0;
  }
  const count = u32be(box.body + at);
  if (<u64>count * entrySize > <u64>(box.end - box.body - at - 4)) {
    failIn(box, Status.BadTable);
    return 0;
  }
  return count;
}
