import { Warning } from "../abi/names";
import { Box, fullBoxVersion, nativeWords, tableCount } from "../memory/reader";
import { failed } from "../memory/status";
import { fitRuns, TrackTables } from "./track-tables";

/**
 * Composition offsets, ISO/IEC 14496-12 clause 8.6.1.3. Version 0 is read as signed too: writers that meant version 1
 * are common, and no real offset reaches 2^31.
 */
export function readCtts(box: Box, track: TrackTables): void {
  fullBoxVersion(box, 1);
  const count = tableCount(box, 4, 8);
  if (failed()) return;
  track.offsets = nativeWords(box.body + 8, <u64>count * 2);
  track.offsetRuns = fitRuns(track.offsets, count, track, Warning.OffsetsRepaired);
}
