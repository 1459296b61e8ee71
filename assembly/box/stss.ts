import { Status } from "../abi/names";
import { Box, fullBoxVersion, tableCount, u32be } from "../memory/reader";
import { fail, failed, reserve } from "../memory/status";
import { appendSync, TrackTables } from "../read/track-tables";

/** Sync samples, ISO/IEC 14496-12 clause 8.6.2: strictly increasing sample numbers from 1. */
export function readStss(box: Box, track: TrackTables): void {
  fullBoxVersion(box, 0);
  const count = tableCount(box, 4, 4);
  if (failed()) return;
  track.syncs = reserve((<u64>count * 2 + 3) * 4);
  if (failed()) return;
  let before: u32 = 0;
  let used: u32 = 0;
  let pointer = box.body + 8;
  for (let i: u32 = 0; i < count; i++, pointer += 4) {
    const sample = u32be(pointer);
    if (sample <= before || sample > track.samples) return fail(Status.BadTable, box.type, pointer);
    used = appendSync(track.syncs, used, sample - before - 1, false);
    used = appendSync(track.syncs, used, 1, true);
    before = sample;
  }
  track.syncRuns = appendSync(track.syncs, used, track.samples - before, false);
}

/** Without `stss` every sample is a sync sample (clause 8.6.2.1). */
export function allSync(track: TrackTables): void {
  track.syncs = reserve(4);
  if (failed()) return;
  track.syncRuns = appendSync(track.syncs, 0, track.samples, true);
}
