import { Code } from "../abi/codes";
import { beginFullBox, endBox, put32, Writer } from "../memory/writer";

/** Movie fragment header, ISO/IEC 14496-12 clause 8.8.5. Its number is not read: fragments come in file order. */
export function writeMfhd(out: Writer, sequence: u32): void {
  const box = beginFullBox(out, Code.mfhd, 0, 0);
  put32(out, sequence);
  endBox(out, box);
}
