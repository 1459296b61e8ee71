import { Code } from "../abi/codes";
import { Status } from "../abi/names";
import { Box, fullBoxVersion, tableCount, u32be } from "../memory/reader";
import { fail, failed, make, reserve } from "../memory/status";
import { beginTable, setU32be, Writer } from "../memory/writer";
import { appendSync, Run, TrackTables } from "./track-tables";

/** Bytes of an entry. */
export const STSS_ENTRY: usize = 4;

/** Sync samples, ISO/IEC 14496-12 clause 8.6.2: strictly increasing sample numbers from 1. */
export function readStss(box: Box, track: TrackTables): void {
  fullBoxVersion(box, 0);
  const count = tableCount(box, 4, STSS_ENTRY);
  if (failed()) return;
  track.syncs = reserve((<u64>count * 2 + 3) * 4);
  if (failed()) return;
  let before: u32 = 0;
  let used: u32 = 0;
  let pointer = box.body + 8;
  for (let i: u32 = 0; i < count; i++, pointer += STSS_ENTRY) {
    const sample = u32be(pointer);
    if (sample <= before || sample > track.samples) return fail(Status.BadTable, box.type, pointer);
    used = appendSync(track.syncs, used, sample - before - 1, false);
    used = appendSync(track.syncs, used, 1, true);
    before = sample;
  }
  track.syncRuns = appendSync(track.syncs, used, track.samples - before, false);
}

/** Begins the box, whose entries follow. Give the result to `endBox`. */
export function beginStss(out: Writer, entries: u32): usize {
  return beginTable(out, Code.stss, 0, entries);
}

/** Sets an entry. @param sample its number, from 1 */
export function setStssEntry(at: usize, sample: u32): void {
  setU32be(at, sample);
}

/**
 * Without `stss` every sample is a sync sample (clause 8.6.2.1). That cannot be where some are presented before others that are decoded
 * earlier: writers also leave out a table that has no entries. Then the first one is, if nothing is presented before it, or none.
 */
export function impliedSyncs(track: TrackTables): void {
  track.syncs = reserve(3 * 4);
  track.syncsImplied = true;
  if (failed()) return;
  const order = newPresentedOrder(track);
  if (failed()) return;
  beginSyncs(track, order.same ? track.samples : u32(order.firstIsFirst));
}

/** Takes the first samples of a track without `stss` for its sync samples. */
export function beginSyncs(track: TrackTables, syncs: u32): void {
  const used = appendSync(track.syncs, 0, syncs, true);
  track.syncRuns = appendSync(track.syncs, used, track.samples - syncs, false);
}

/** How the order in which samples are presented stands to that in which they are decoded. */
@unmanaged
class PresentedOrder {
  same: bool;
  /** Whether nothing is presented before the first sample. */
  firstIsFirst: bool;
}

function newPresentedOrder(track: TrackTables): PresentedOrder {
  const order = make<PresentedOrder>();
  if (failed()) return order;
  order.same = true;
  order.firstIsFirst = true;
  if (track.offsetRuns == 0) return order;
  let run = track.offsets;
  let left: u32 = load<u32>(run, Run.COUNT);
  const first = <i64>load<i32>(run, Run.VALUE);
  let latest = i64.MIN_VALUE;
  let dts: i64 = 0;
  const end = track.durations + <usize>track.durationRuns * Run.SIZE;
  for (let duration = track.durations; duration < end; duration += Run.SIZE) {
    const step = <i64>load<u32>(duration, Run.VALUE);
    let samples = load<u32>(duration, Run.COUNT);
    while (samples > 0) {
      if (left == 0) {
        run += Run.SIZE;
        left = load<u32>(run, Run.COUNT);
      }
      const count = min(samples, left);
      const pts = dts + load<i32>(run, Run.VALUE);
      if (pts < latest) order.same = false;
      if (pts < first) order.firstIsFirst = false;
      dts += step * count;
      latest = max(latest, pts + step * (count - 1));
      samples -= count;
      left -= count;
    }
  }
  return order;
}
