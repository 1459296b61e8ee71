import { Status } from "../abi/names";
import { Box, failIn, fullBoxFlags, fullBoxVersion, readBox, tableCount } from "../memory/reader";
import { failed } from "../memory/status";
import { Code } from "../abi/codes";
import { beginBox, beginFullBox, endBox, put32, Writer } from "../memory/writer";

/** Where the entries of a box begin. */
export function drefEntries(dref: Box): usize {
  return dref.body + 8;
}

/**
 * Data reference, ISO/IEC 14496-12 clause 8.7.2. Only data in the same file is accepted; URLs and aliases are never
 * followed.
 */
export function readDref(box: Box, entry: Box): void {
  fullBoxVersion(box, 0);
  const count = tableCount(box, 4, 8);
  let pointer = drefEntries(box);
  for (let i: u32 = 0; i < count && !failed(); i++) {
    if (!readBox(entry, pointer, box.end)) return failIn(box, Status.BadTable);
    if (entry.end - entry.body < 4) return failIn(entry, Status.BadBoxSize);
    if ((fullBoxFlags(entry) & 1) == 0) return failIn(entry, Status.ExternalData);
    pointer = entry.end;
  }
}

/** Writes `dinf` around it: all media are in the same file. */
export function writeDinf(out: Writer): void {
  const dinf = beginBox(out, Code.dinf);
  const dref = beginFullBox(out, Code.dref, 0, 0);
  put32(out, 1);
  endBox(out, beginFullBox(out, Code.url_, 0, 1)); // `url `, self-contained
  endBox(out, dref);
  endBox(out, dinf);
}
