import { Status } from "../abi/names";
import { Box, failIn, fullBoxFlags, fullBoxVersion, readBox, tableCount } from "../memory/reader";
import { failed } from "../memory/status";

/**
 * Data reference, ISO/IEC 14496-12 clause 8.7.2. Only data in the same file is accepted; URLs and aliases are never
 * followed.
 */
export function readDref(box: Box, entry: Box): void {
  fullBoxVersion(box, 0);
  const count = tableCount(box, 4, 8);
  let pointer = box.body + 8;
  for (let i: u32 = 0; i < count && !failed(); i++) {
    if (!readBox(entry, pointer, box.end)) return failIn(box, Status.BadTable);
    if (entry.end - entry.body < 4) return failIn(entry, Status.BadBoxSize);
    if ((fullBoxFlags(entry) & 1) == 0) return failIn(entry, Status.ExternalData);
    pointer = entry.end;
  }
}
