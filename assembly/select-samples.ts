/** Which samples of a track a cut takes. */
import { newOffsetCursor, newRunCursor, newSyncCursor, OffsetCursor, RunCursor, SyncCursor } from "./cursors";
import { SelectionRule, TrackFlag } from "./abi/names";
import { Selection, TrackRecord } from "./abi/records";
import { recordOf } from "./segment-index";
import { cleared, failed, reserve } from "./status";

/** Goes over a track's samples in decode order. */
@unmanaged
class SampleCursor {
  durations: RunCursor;
  offsets: OffsetCursor;
  syncs: SyncCursor;
  dts: i64;
  // the sample `next` moved to
  pts: i64;
  sampleDts: i64;
  duration: u32;
  sync: bool;

  next(): void {
    if (this.durations.left == 0) this.durations.refill();
    this.durations.left--;
    this.duration = this.durations.value;
    this.sampleDts = this.dts;
    this.pts = this.dts + this.offsets.next();
    this.sync = this.syncs.next();
    this.dts += this.duration;
  }
}

function openSamples(index: usize, record: usize): SampleCursor {
  const cursor = changetype<SampleCursor>(cleared(offsetof<SampleCursor>()));
  cursor.durations = newRunCursor();
  cursor.offsets = newOffsetCursor();
  cursor.syncs = newSyncCursor();
  if (failed()) return cursor;
  cursor.durations.open(index, record, TrackRecord.DURATIONS_OFFSET);
  cursor.offsets.open(index, record);
  cursor.syncs.open(index, record);
  cursor.dts = load<i64>(record, TrackRecord.FIRST_DTS);
  return cursor;
}

/** Fills the second part of the Selection record. */
export function selectSamples(index: usize, slot: u32, selection: usize): void {
  const record = recordOf(index, slot);
  const samples = load<u32>(record, TrackRecord.SAMPLES);
  const first = findFirst(index, record, selection);
  store<u32>(selection, 0, Selection.COUNT);
  if (failed() || first >= samples) return;
  const end =
    load<u32>(selection, Selection.RULES) & SelectionRule.Closed
      ? findClosedEnd(index, record, selection)
      : findEnd(index, record, selection);
  if (failed() || end <= first) return;
  store<u32>(selection, first, Selection.FIRST);
  store<u32>(selection, end - first, Selection.COUNT);
  const cursor = openSamples(index, record);
  if (failed()) return;
  const start = load<i64>(selection, Selection.START);
  let presentedEnd = i64.MIN_VALUE;
  let shown = i64.MIN_VALUE;
  for (let i: u32 = 0; i < end; i++) {
    cursor.next();
    if (i < first) continue;
    if (i == first) {
      store<i64>(selection, cursor.sampleDts, Selection.DTS);
      store<i64>(selection, cursor.pts, Selection.PTS);
      shown = cursor.pts;
    } else if (cursor.pts <= start) shown = max(shown, cursor.pts);
    presentedEnd = max(presentedEnd, cursor.pts + cursor.duration);
  }
  store<i64>(selection, presentedEnd, Selection.PRESENTED_END);
  store<i64>(selection, shown, Selection.SHOWN);
  store<i64>(selection, cursor.sampleDts, Selection.LAST_DTS);
  store<u32>(selection, cursor.duration, Selection.LAST_DURATION);
}

function findFirst(index: usize, record: usize, selection: usize): u32 {
  const samples = load<u32>(record, TrackRecord.SAMPLES);
  const start = load<i64>(selection, Selection.START);
  const fromSync = (load<u32>(selection, Selection.RULES) & SelectionRule.FromSync) != 0;
  const cursor = openSamples(index, record);
  if (failed()) return samples;
  if (fromSync) {
    const wanted = start - <i64>load<u32>(selection, Selection.PREROLL);
    let found = samples;
    for (let i: u32 = 0; i < samples; i++) {
      cursor.next();
      if (!cursor.sync) continue;
      if (cursor.pts <= wanted) found = i;
      else return found == samples ? i : found;
    }
    return found;
  }
  // The sample that START falls into, and before it enough others to make up the pre-roll.
  const preroll = <i64>load<u32>(selection, Selection.PREROLL);
  const nextSync = (load<u32>(selection, Selection.RULES) & SelectionRule.NextSync) != 0;
  for (let i: u32 = 0; i < samples; i++) {
    cursor.next();
    if (nextSync && !cursor.sync) continue;
    if (cursor.pts + cursor.duration > start - preroll || (cursor.duration == 0 && cursor.pts >= start)) return i;
  }
  return samples;
}

// One past the last sample, in decode order, that is presented before END.
function findEnd(index: usize, record: usize, selection: usize): u32 {
  const samples = load<u32>(record, TrackRecord.SAMPLES);
  const until = load<i64>(selection, Selection.END);
  if (until >= load<i64>(record, TrackRecord.FIRST_DTS) + (1 << 53)) return samples;
  const reordered = (load<u32>(record, TrackRecord.FLAGS) & TrackFlag.Offsets) != 0;
  const cursor = openSamples(index, record);
  let end: u32 = 0;
  for (let i: u32 = 0; i < samples && !failed(); i++) {
    cursor.next();
    if (cursor.pts < until) end = i + 1;
    else if (!reordered) break;
  }
  return end;
}

// The largest prefix in decode order that is presented before END and wholly before everything after it.
function findClosedEnd(index: usize, record: usize, selection: usize): u32 {
  if (!(load<u32>(record, TrackRecord.FLAGS) & TrackFlag.Offsets)) return findEnd(index, record, selection);
  const samples = load<u32>(record, TrackRecord.SAMPLES);
  const until = load<i64>(selection, Selection.END);
  const cursor = openSamples(index, record);
  // Latest presentation time of each prefix that is still closed: i64, with its length.
  const stack = reserve(<u64>samples * 16 + 16);
  if (failed()) return 0;
  let depth: usize = 0;
  let latest = i64.MIN_VALUE;
  for (let i: u32 = 0; i < samples; i++) {
    cursor.next();
    while (depth > 0 && load<i64>(stack + ((depth - 1) << 4)) >= cursor.pts) depth--;
    latest = max(latest, cursor.pts);
    store<i64>(stack + (depth << 4), latest);
    store<u32>(stack + (depth << 4), i + 1, 8);
    depth++;
  }
  while (depth > 0 && load<i64>(stack + ((depth - 1) << 4)) >= until) depth--;
  return depth == 0 ? 0 : load<u32>(stack + ((depth - 1) << 4), 8);
}
