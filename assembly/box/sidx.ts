import { Code } from "../abi/codes";
import { SIDX_ENTRY } from "../abi/names";
import { beginFullBox, endBox, put16, put32, put64, Writer } from "../memory/writer";

/** A reference that starts with a stream access point of type 1, a sync sample. */
const STARTS_WITH_SAP: u32 = 0x9000_0000;

/**
 * Writes all of a segment index, ISO/IEC 14496-12 clause 8.16.3, but its `count` references. It is not read.
 * @param start earliest presentation time, ticks of `timescale`
 * @param distance bytes between the box and the first fragment it refers to
 */
export function writeSidx(out: Writer, trackId: u32, timescale: u32, start: u64, distance: u64, count: u32): void {
  const box = beginFullBox(out, Code.sidx, 1, 0);
  put32(out, trackId);
  put32(out, timescale);
  put64(out, start);
  put64(out, distance);
  put16(out, 0);
  put16(out, count);
  endBox(out, box, <u64>count * SIDX_ENTRY);
}

/** Writes a reference to a fragment of `size` bytes. @param duration ticks of the box's timescale */
export function putSidxEntry(out: Writer, size: u32, duration: u32, sync: bool): void {
  put32(out, size);
  put32(out, duration);
  put32(out, sync ? STARTS_WITH_SAP : 0);
}
