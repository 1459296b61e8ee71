import { Status } from "../abi/names";
import { Box, failIn, fullBoxVersion, u32be, u64be } from "../memory/reader";
import { failed } from "../memory/status";

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
