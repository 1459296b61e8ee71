import { Status, Warning } from "../abi";
import { Box, fullBoxVersion, tableCount, u32be } from "../reader";
import { failed, reserve, fail } from "../status";
import { appendRun, Run, TrackTables } from "../track-tables";

/** Decoding times, ISO/IEC 14496-12 clause 8.6.1.2. Needs the sample count. */
export function readStts(box: Box, track: TrackTables): void {
  fullBoxVersion(box, 0);
  const count = tableCount(box, 4, 8);
  if (failed()) return;
  if (count == 0 && track.samples > 0) return fail(Status.Inconsistent, box.type, box.start);
  track.durations = reserve((<u64>count + 1) * Run.SIZE);
  if (failed()) return;
  let left = track.samples;
  let used: u32 = 0;
  let pointer = box.body + 8;
  let duration: u32 = 0;
  let i: u32 = 0;
  for (; i < count && left > 0; i++, pointer += 8) {
    const samples = min(u32be(pointer), left);
    if (samples < u32be(pointer)) track.warnings |= Warning.DurationsRepaired;
    duration = u32be(pointer + 4);
    used = appendRun(track.durations, used, samples, duration);
    left -= samples;
  }
  if (left > 0 || i < count) track.warnings |= Warning.DurationsRepaired;
  used = appendRun(track.durations, used, left, duration);
  track.durationRuns = used;
}
