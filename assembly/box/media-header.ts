import { Code } from "../abi/codes";
import { beginFullBox, endBox, put32, putZeros, Writer } from "../memory/writer";

/** `vmhd`, `smhd` or `nmhd`, ISO/IEC 14496-12 clauses 12.1.2, 12.2.2 and 8.4.5.2. They hold nothing that is read. */
export function writeMediaHeader(out: Writer, handler: u32): void {
  if (handler == Code.vide) {
    const box = beginFullBox(out, Code.vmhd, 0, 1);
    putZeros(out, 8);
    endBox(out, box);
  } else if (handler == Code.soun) {
    const box = beginFullBox(out, Code.smhd, 0, 0);
    put32(out, 0);
    endBox(out, box);
  } else endBox(out, beginFullBox(out, Code.nmhd, 0, 0));
}
