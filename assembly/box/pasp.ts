import { Code } from "../abi/codes";
import { Box, u32be } from "../memory/reader";
import { beginBox, endBox, put32, Writer } from "../memory/writer";

/** `width`, 16.16, of pictures whose samples are as wide as the box says (ISO/IEC 14496-12 clause 12.1.4); as it is when that cannot be. */
export function displayedWidth(pasp: Box, width: u64): u64 {
  if (pasp.end - pasp.body < 8 || u32be(pasp.body + 4) == 0) return width;
  const wide = (width * u32be(pasp.body)) / u32be(pasp.body + 4);
  return wide <= u32.MAX_VALUE ? wide : width;
}

/** Writes the box. */
export function writePasp(out: Writer, horizontal: u32, vertical: u32): void {
  const box = beginBox(out, Code.pasp);
  put32(out, horizontal);
  put32(out, vertical);
  endBox(out, box);
}
