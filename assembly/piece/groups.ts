/** Groups of pictures, and the times of samples that are named by their numbers. */
import { newSizeCursor } from "../index/cursors";
import { Group, Result, Selected, TrackRecord } from "../abi/records";
import { recordOf } from "../index/segment-index";
import { failed, fail, output, reserve, RESULT } from "../memory/status";
import { Status } from "../abi/names";
import { openSamples } from "./select-samples";

/** Lists the groups of a track. RESULT: address and count of the Group records. */
export function listGroups(index: usize, trackIndex: u32, least: u64): void {
  const record = recordOf(index, trackIndex);
  const samples = load<u32>(record, TrackRecord.SAMPLES);
  const most = load<u32>(record, TrackRecord.SYNC_SAMPLES) + 1;
  const groups = reserve(<u64>most * Group.SIZE);
  const cursor = openSamples(index, record);
  const sizes = newSizeCursor();
  if (failed()) return;
  sizes.open(index, record);
  let count: u32 = 0;
  let group = groups;
  for (let i: u32 = 0; i < samples;) {
    cursor.next(samples - i);
    // Of a run that is all sync samples, each may begin a group.
    for (let taken: u32 = 0; taken < cursor.count;) {
      const pts = cursor.pts + <i64>taken * cursor.duration;
      const grown = count > 0 && (load<u32>(group, Group.SYNC) == 0 || pts - load<i64>(group, Group.PTS) >= <i64>least);
      const begins = count == 0 || (cursor.sync && grown);
      let step = cursor.count - taken;
      if (begins) {
        if (count == most) return fail(Status.BadIndex);
        if (count > 0) group += Group.SIZE;
        count++;
        const bytes = sizes.next();
        store<i64>(group, pts, Group.PTS);
        store<u64>(group, bytes, Group.BYTES);
        store<u32>(group, i + taken, Group.FIRST);
        store<u32>(group, bytes, Group.FIRST_BYTES);
        store<u32>(group, u32(cursor.sync), Group.SYNC);
        step = 1;
      } else {
        if (cursor.sync && cursor.duration > 0) {
          const left = load<i64>(group, Group.PTS) + <i64>least - pts;
          step = <u32>min<i64>(step, (left - 1) / cursor.duration + 1);
        }
        store<u64>(group, load<u64>(group, Group.BYTES) + sizes.sum(step), Group.BYTES);
      }
      taken += step;
    }
    i += cursor.count;
  }
  output(groups, count);
}

/** Fills a Selected record for `count` samples from `first` on. RESULT.COUNT: 1 a sync sample is first, 2 one follows them. */
export function measureRun(index: usize, trackIndex: u32, first: u32, count: u32, selected: usize): void {
  const record = recordOf(index, trackIndex);
  const samples = load<u32>(record, TrackRecord.SAMPLES);
  const end = <u64>first + count;
  if (end == first || end > samples) return fail(Status.BadIndex);
  const cursor = openSamples(index, record);
  if (failed()) return;
  let presentedEnd = i64.MIN_VALUE;
  let syncs: u32 = 0;
  for (let i: u32 = 0; i < end; i += cursor.count) {
    cursor.next(i < first ? first - i : i == first ? 1 : <u32>(end - i));
    if (i < first) continue;
    if (i == first) {
      store<i64>(selected, cursor.sampleDts, Selected.DTS);
      store<i64>(selected, cursor.pts, Selected.PTS);
      syncs = u32(cursor.sync);
    }
    presentedEnd = max(presentedEnd, cursor.lastPts + cursor.duration);
  }
  store<u32>(selected, first, Selected.FIRST);
  store<u32>(selected, <u32>(end - first), Selected.COUNT);
  store<i64>(selected, cursor.dts - cursor.duration, Selected.LAST_DTS);
  store<u32>(selected, cursor.duration, Selected.LAST_DURATION);
  // Nothing is in front of a run, and it is not moved.
  store<u32>(selected, 0, Selected.BEFORE);
  store<i32>(selected, 0, Selected.LEAST_OFFSET);
  if (end < samples) {
    cursor.next(1);
    // What follows begins with its sync sample, whatever is presented before that.
    if (cursor.sync) {
      syncs |= 2;
      presentedEnd = cursor.pts;
    }
  }
  store<i64>(selected, presentedEnd, Selected.PRESENTED_END);
  store<u32>(RESULT, syncs, Result.COUNT);
}
