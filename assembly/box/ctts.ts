import { Code } from "../abi/codes";
import { Warning } from "../abi/names";
import { Box, fullBoxVersion, nativeWords, tableCount } from "../memory/reader";
import { failed } from "../memory/status";
import { beginTable, setU32be, Writer } from "../memory/writer";
import { fitRuns, TrackTables } from "./track-tables";

/** Bytes of an entry: a Run, but for the order of bytes. */
export const CTTS_ENTRY: usize = 8;

/**
 * Composition offsets, ISO/IEC 14496-12 clause 8.6.1.3. Version 0 is read as signed too: writers that meant version 1
 * are common, and no real offset reaches 2^31.
 */
export function readCtts(box: Box, track: TrackTables): void {
  fullBoxVersion(box, 1);
  const count = tableCount(box, 4, CTTS_ENTRY);
  if (failed()) return;
  track.offsets = nativeWords(box.body + 8, <u64>count * 2);
  track.offsetRuns = fitRuns(track.offsets, count, track, Warning.OffsetsRepaired);
}

/** Begins the box, whose entries follow. Give the result to `endBox`. @param signed whether any offset is below 0 */
export function beginCtts(out: Writer, signed: bool, entries: u32): usize {
  return beginTable(out, Code.ctts, u32(signed), entries);
}

/** Sets an entry. */
export function setCttsEntry(at: usize, samples: u32, offset: i32): void {
  setU32be(at, samples);
  setU32be(at + 4, offset);
}
