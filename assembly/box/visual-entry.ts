import { Box, u16be } from "../memory/reader";
import { put16, put32, putZeros, Writer } from "../memory/writer";

/** Bytes of a VisualSampleEntry, ISO/IEC 14496-12 clause 12.1.3, in front of the boxes in it. */
export const VISUAL_ENTRY: usize = 78;

/** Width, in whole samples, of an entry that is known to hold one. */
export function visualWidth(entry: Box): u32 {
  return u16be(entry.body + 24);
}

/** Its height. */
export function visualHeight(entry: Box): u32 {
  return u16be(entry.body + 26);
}

/** Writes the fields of an entry. */
export function putVisualEntry(out: Writer, width: u32, height: u32): void {
  putZeros(out, 6);
  put16(out, 1); // data reference
  putZeros(out, 16);
  put16(out, width);
  put16(out, height);
  put32(out, 72 << 16);
  put32(out, 72 << 16);
  put32(out, 0);
  put16(out, 1); // a picture a sample
  putZeros(out, 32);
  put16(out, 24);
  put16(out, 0xffff);
}
