import { Code } from "../abi/codes";
import { beginFullBox, endBox, put64, Writer } from "../memory/writer";

/** Movie extends header, ISO/IEC 14496-12 clause 8.8.2. It is not read: the fragments say it better. @param duration movie ticks */
export function writeMehd(out: Writer, duration: u64): void {
  const box = beginFullBox(out, Code.mehd, 1, 0);
  put64(out, duration);
  endBox(out, box);
}
