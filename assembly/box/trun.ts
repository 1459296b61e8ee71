import { Status } from "../abi/names";
import { Box, failIn, fullBoxFlags, fullBoxVersion, u32be } from "../memory/reader";
import { failed } from "../memory/status";
import { Code } from "../abi/codes";
import { beginFullBox, put32, Writer } from "../memory/writer";

export const DATA_OFFSET: u32 = 0x1;
export const FIRST_SAMPLE_FLAGS: u32 = 0x4;
export const DURATION: u32 = 0x100;
export const SAMPLE_SIZE: u32 = 0x200;
export const SAMPLE_FLAGS: u32 = 0x400;
export const COMPOSITION: u32 = 0x800;

/** A track run, its entries still in the metadata buffer. */
@unmanaged
export class TrackRun {
  flags: u32;
  samples: u32;
  dataOffset: i32;
  firstFlags: u32;
  /** First entry. */
  entries: usize;
  entrySize: u32;
}

/** Track run, ISO/IEC 14496-12 clause 8.8.8. */
export function readTrun(box: Box, run: TrackRun): void {
  fullBoxVersion(box, 1);
  if (failed()) return;
  const flags = fullBoxFlags(box);
  const head: usize = 8 + (flags & DATA_OFFSET ? 4 : 0) + (flags & FIRST_SAMPLE_FLAGS ? 4 : 0);
  if (box.end - box.body < head) return failIn(box, Status.BadBoxSize);
  run.flags = flags;
  run.samples = u32be(box.body + 4);
  run.dataOffset = flags & DATA_OFFSET ? <i32>u32be(box.body + 8) : 0;
  run.firstFlags = flags & FIRST_SAMPLE_FLAGS ? u32be(box.body + head - 4) : 0;
  run.entries = box.body + head;
  run.entrySize = popcnt<u32>(flags & (DURATION | SAMPLE_SIZE | SAMPLE_FLAGS | COMPOSITION)) * 4;
  if (<u64>run.samples * run.entrySize > <u64>(box.end - run.entries)) failIn(box, Status.BadTable);
}

/**
 * Begins the box, whose entries follow. Give the result to `endBox`.
 * @param fields of the entries, as in `flags`
 * @param dataOffset from the start of the `moof`
 */
export function beginTrun(out: Writer, fields: u32, samples: u32, dataOffset: u32): usize {
  // Composition offsets of version 1 have a sign.
  const box = beginFullBox(out, Code.trun, 1, fields | DATA_OFFSET);
  put32(out, samples);
  put32(out, dataOffset);
  return box;
}
