import { Warning } from "../abi";
import { Box, fullBoxVersion, tableCount, u32be } from "../reader";
import { failed, reserve } from "../status";
import { appendRun, Run, TrackTables } from "../track-tables";

/**
 * Composition offsets, ISO/IEC 14496-12 clause 8.6.1.3. Version 0 is read as signed too: writers that meant version 1
 * are common, and no real offset reaches 2^31.
 */
export function readCtts(box: Box, track: TrackTables): void {
  fullBoxVersion(box, 1);
  const count = tableCount(box, 4, 8);
  if (failed()) return;
  track.offsets = reserve((<u64>count + 1) * Run.SIZE);
  if (failed()) return;
  let left = track.samples;
  let used: u32 = 0;
  let pointer = box.body + 8;
  let i: u32 = 0;
  for (; i < count && left > 0; i++, pointer += 8) {
    const samples = min(u32be(pointer), left);
    if (samples < u32be(pointer)) track.warnings |= Warning.OffsetsRepaired;
    used = appendRun(track.offsets, used, samples, u32be(pointer + 4));
    left -= samples;
  }
  if (left > 0 || i < count) track.warnings |= Warning.OffsetsRepaired;
  used = appendRun(track.offsets, used, left, 0);
  track.offsetRuns = used;
}
