/** Big-endian stores and boxes of known structure into a buffer that the caller sized. */
import { reserve } from "./status";

/** Bytes that are being written, big-endian; there must be room for them. */
@unmanaged
export class Writer {
  start: usize;
  next: usize;
}

/** A writer over `capacity` fresh bytes; null when memory is out. */
export function newWriter(capacity: u64): Writer | null {
  const writer = changetype<Writer>(reserve(offsetof<Writer>()));
  const start = reserve(capacity);
  if (start == 0) return null;
  writer.start = start;
  writer.next = start;
  return writer;
}

/** Writes 8 bits. */
export function put8(writer: Writer, value: u32): void {
  store<u8>(writer.next, <u8>value);
  writer.next += 1;
}

/** Writes 16 bits. */
export function put16(writer: Writer, value: u32): void {
  store<u16>(writer.next, bswap<u16>(<u16>value));
  writer.next += 2;
}

/** Writes 32 bits. */
export function put32(writer: Writer, value: u32): void {
  setU32be(writer.next, value);
  writer.next += 4;
}

/** Writes 64 bits. */
export function put64(writer: Writer, value: u64): void {
  setU64be(writer.next, value);
  writer.next += 8;
}

/** Sets a big-endian field of 32 bits. */
export function setU32be(at: usize, value: u32): void {
  store<u32>(at, bswap<u32>(value));
}

/** Sets a big-endian field of 64 bits. */
export function setU64be(at: usize, value: u64): void {
  store<u64>(at, bswap<u64>(value));
}

/** Writes zeros. */
export function putZeros(writer: Writer, count: usize): void {
  memory.fill(writer.next, 0, count);
  writer.next += count;
}

/** Writes bytes as they are. */
export function putBytes(writer: Writer, from: usize, count: usize): void {
  memory.copy(writer.next, from, count);
  writer.next += count;
}

/** Begins a box; give the result to `endBox`. */
export function beginBox(writer: Writer, type: u32): usize {
  const start = writer.next;
  put32(writer, 0);
  put32(writer, type);
  return start;
}

/** Begins a full box (clause 4.2.2). */
export function beginFullBox(writer: Writer, type: u32, version: u32, flags: u32): usize {
  const start = beginBox(writer, type);
  put32(writer, (version << 24) | flags);
  return start;
}

/** Begins a full box that has a count of entries, and then these. */
export function beginTable(writer: Writer, type: u32, version: u32, entries: u32): usize {
  const start = beginFullBox(writer, type, version, 0);
  put32(writer, entries);
  return start;
}

/** Ends a box, or leaves it out where nothing is in it. */
export function endUnlessEmpty(writer: Writer, start: usize): void {
  if (writer.next - start > 8) endBox(writer, start);
  else writer.next = start;
}

/** Goes on behind `count` bytes that are to be set. Returns where they are. */
export function room(writer: Writer, count: usize): usize {
  const at = writer.next;
  writer.next += count;
  return at;
}

/** Ends a box, `more` bytes of which are spliced in later. Returns its size. */
export function endBox(writer: Writer, start: usize, more: u64 = 0): u64 {
  const size = <u64>(writer.next - start) + more;
  setU32be(start, <u32>size);
  return size;
}
