import { Code } from "../abi/codes";
import { Status, Warning } from "../abi/names";
import { Box, failIn, fullBoxVersion, nativeWords, tableCount } from "../memory/reader";
import { failed } from "../memory/status";
import { beginTable, setU32be, Writer } from "../memory/writer";
import { fitRuns, TrackTables } from "./track-tables";

/** Bytes of an entry: a Run, but for the order of bytes. */
export const STTS_ENTRY: usize = 8;

/** Decoding times, ISO/IEC 14496-12 clause 8.6.1.2. Needs the sample count. */
export function readStts(box: Box, track: TrackTables): void {
  fullBoxVersion(box, 0);
  const count = tableCount(box, 4, STTS_ENTRY);
  if (failed()) return;
  if (count == 0 && track.samples > 0) return failIn(box, Status.Inconsistent);
  track.durations = nativeWords(box.body + 8, <u64>count * 2);
  track.durationRuns = fitRuns(track.durations, count, track, Warning.DurationsRepaired);
}

/** Begins the box, whose entries follow. Give the result to `endBox`. */
export function beginStts(out: Writer, entries: u32): usize {
  return beginTable(out, Code.stts, 0, entries);
}

/** Sets an entry. */
export function setSttsEntry(at: usize, samples: u32, duration: u32): void {
  setU32be(at, samples);
  setU32be(at + 4, duration);
}
