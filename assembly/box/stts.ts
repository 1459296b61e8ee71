import { Status, Warning } from "../abi/names";
import { Box, failIn, fullBoxVersion, nativeWords, tableCount } from "../memory/reader";
import { failed } from "../memory/status";
import { fitRuns, TrackTables } from "./track-tables";

/** Decoding times, ISO/IEC 14496-12 clause 8.6.1.2. Needs the sample count. */
export function readStts(box: Box, track: TrackTables): void {
  fullBoxVersion(box, 0);
  const count = tableCount(box, 4, 8);
  if (failed()) return;
  if (count == 0 && track.samples > 0) return failIn(box, Status.Inconsistent);
  track.durations = nativeWords(box.body + 8, <u64>count * 2);
  track.durationRuns = fitRuns(track.durations, count, track, Warning.DurationsRepaired);
}
