import { Status } from "../abi/names";
import { Box, failIn, fullBoxVersion, u32be, u64be } from "../memory/reader";
import { failed } from "../memory/status";
import { Code } from "../abi/codes";
import { beginFullBox, endBox, put64, Writer } from "../memory/writer";

/** Base media decode time, ISO/IEC 14496-12 clause 8.8.12: decode time of the fragment's first sample. */
export function readTfdt(box: Box): u64 {
  const version = fullBoxVersion(box, 1);
  if (failed()) return 0;
  if (box.end - box.body < (version == 1 ? 12 : 8)) {
    failIn(box, Status.BadBoxSize);
    return 0;
  }
  return version == 1 ? u64be(box.body + 4) : u32be(box.body + 4);
}

/** Writes the box. @param time decode time of the fragment's first sample, ticks of the track */
export function writeTfdt(out: Writer, time: u64): void {
  const box = beginFullBox(out, Code.tfdt, 1, 0);
  put64(out, time);
  endBox(out, box);
}
