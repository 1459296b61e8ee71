import { Code } from "../abi/codes";
import { Box, u32be } from "../memory/reader";
import { beginBox, endBox, put32, Writer } from "../memory/writer";

/** The major brand of a file type, ISO/IEC 14496-12 clause 4.3; 0 when it is cut off. */
export function majorBrand(box: Box): u32 {
  return box.end - box.body < 4 ? 0 : u32be(box.body);
}

/** Writes the box. */
export function writeFtyp(out: Writer, fragmented: bool): void {
  const box = beginBox(out, Code.ftyp);
  const major = fragmented ? Code.iso6 : Code.isom;
  put32(out, major);
  put32(out, 0x200);
  put32(out, major);
  put32(out, fragmented ? Code.iso5 : Code.iso2);
  put32(out, Code.mp41);
  endBox(out, box);
}
