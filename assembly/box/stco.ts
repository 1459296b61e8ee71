import { Code } from "../abi/codes";
import { Box, nativeWords, tableCount } from "../memory/reader";
import { beginTable, setU32be, setU64be, Writer } from "../memory/writer";

/** Bytes of an entry of `stco`, and of `co64`. */
export const STCO_ENTRY: usize = 4;
export const CO64_ENTRY: usize = 8;

/** Entries of a box of chunk offsets, ISO/IEC 14496-12 clause 8.7.5, `co64` (wide) or `stco`; 0 after a failure. */
export function countOffsets(box: Box, wide: bool): u32 {
  return tableCount(box, 4, wide ? CO64_ENTRY : STCO_ENTRY);
}

/** A native copy of its entries, to be read by `offsetAt`; 0 when memory is out. */
export function readOffsets(box: Box, wide: bool, entries: u32): usize {
  return nativeWords(box.body + 8, (<u64>entries) << (wide ? 1 : 0));
}

/** An entry of the native copy, whose words of 32 bits stand in the order of the file. */
export function offsetAt(at: usize, wide: bool): u64 {
  return wide ? rotl<u64>(load<u64>(at), 32) : load<u32>(at);
}

/** Begins `co64` or `stco`, whose entries follow. Give the result to `endBox`. */
export function beginOffsets(out: Writer, wide: bool, entries: u32): usize {
  return beginTable(out, wide ? Code.co64 : Code.stco, 0, entries);
}

/** Sets an entry of `co64` or `stco`. */
export function setOffset(at: usize, wide: bool, offset: u64): void {
  if (wide) setU64be(at, offset);
  else setU32be(at, <u32>offset);
}
