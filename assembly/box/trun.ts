import { Status } from "../abi/names";
import { Box, failIn, fullBoxFlags, fullBoxVersion, u32be } from "../memory/reader";
import { failed } from "../memory/status";
import { Code } from "../abi/codes";
import { beginFullBox, put32, setU32be, Writer } from "../memory/writer";

export const DATA_OFFSET: u32 = 0x1;
export const FIRST_SAMPLE_FLAGS: u32 = 0x4;
export const DURATION: u32 = 0x100;
export const SAMPLE_SIZE: u32 = 0x200;
export const SAMPLE_FLAGS: u32 = 0x400;
export const COMPOSITION: u32 = 0x800;

/** Bytes of an entry that has the `fields` of `flags`. */
export function trunEntrySize(fields: u32): usize {
  return popcnt<u32>(fields & (DURATION | SAMPLE_SIZE | SAMPLE_FLAGS | COMPOSITION)) * 4;
}

/** A track run, its entries still in the metadata buffer. */
@unmanaged
export class TrackRun {
  flags: u32;
  samples: u32;
  dataOffset: i32;
  firstFlags: u32;
  entrySize: usize;
  /** Where the first entry has its fields, so far as `flags` say that it does. */
  durations: usize;
  sizes: usize;
  sampleFlags: usize;
  offsets: usize;
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
  run.entrySize = trunEntrySize(flags);
  run.durations = box.body + head;
  run.sizes = run.durations + trunEntrySize(flags & DURATION);
  run.sampleFlags = run.sizes + trunEntrySize(flags & SAMPLE_SIZE);
  run.offsets = run.sampleFlags + trunEntrySize(flags & SAMPLE_FLAGS);
  if (<u64>run.samples * run.entrySize > <u64>(box.end - run.durations)) failIn(box, Status.BadTable);
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

/** Writes the `fields` of an entry. */
export function putTrunEntry(out: Writer, fields: u32, duration: u32, size: u32, flags: u32, offset: i32): void {
  let at = out.next;
  if (fields & DURATION) {
    setU32be(at, duration);
    at += 4;
  }
  if (fields & SAMPLE_SIZE) {
    setU32be(at, size);
    at += 4;
  }
  if (fields & SAMPLE_FLAGS) {
    setU32be(at, flags);
    at += 4;
  }
  if (fields & COMPOSITION) {
    setU32be(at, offset);
    at += 4;
  }
  out.next = at;
}
