/** Which samples of a track a cut takes. */
import { newOffsetCursor, newRunCursor, newSyncCursor, OffsetCursor, RunCursor, SyncCursor } from "../index/cursors";
import { OffsetsKind, SelectionRule, TrackFlag } from "../abi/names";
import { Selection, TrackRecord } from "../abi/records";
import { recordOf } from "../index/segment-index";
import { failed, make, reserve } from "../memory/status";

/** Goes over a track's samples in decode order, run by run: those of a run differ only in their times, by its duration. */
@unmanaged
export class SampleCursor {
  durations: RunCursor;
  offsets: OffsetCursor;
  syncs: SyncCursor;
  dts: i64;
  // the run that `next` moved to; the times are those of its first sample
  count: u32;
  pts: i64;
  sampleDts: i64;
  duration: u32;
  sync: bool;

  /** Moves to the next run, of `most` samples at most. */
  next(most: u32): void {
    const durations = this.durations;
    const offsets = this.offsets;
    const syncs = this.syncs;
    if (durations.left == 0) durations.refill();
    if (syncs.left == 0) syncs.refill();
    const count = min(min(most, offsets.alike()), min(durations.left, syncs.left));
    durations.left -= count;
    syncs.left -= count;
    this.count = count;
    this.duration = durations.value;
    this.sampleDts = this.dts;
    this.pts = this.dts + offsets.next();
    if (count > 1) offsets.skip(count - 1);
    this.sync = syncs.sync;
    this.dts += <i64>count * durations.value;
  }

  /** Presentation time of the run's last sample. */
  get lastPts(): i64 {
    return this.pts + <i64>(this.count - 1) * this.duration;
  }

  /** How many samples of the run are presented before `time`. */
  before(time: i64): u32 {
    return countBefore(this.pts, this.duration, this.count, time);
  }
}

/** How many of `count` ascending times, the first `from` and the others `step` apart, are below `time`. */
export function countBefore(from: i64, step: u32, count: u32, time: i64): u32 {
  if (from >= time) return 0;
  if (from + <i64>(count - 1) * step < time) return count;
  return <u32>((time - from - 1) / step) + 1;
}

/** Opens the walk over the samples of a track. */
export function openSamples(index: usize, record: usize): SampleCursor {
  const cursor = make<SampleCursor>();
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
export function selectSamples(index: usize, trackIndex: u32, selection: usize): void {
  const record = recordOf(index, trackIndex);
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
  const fromFirst = (load<u32>(selection, Selection.RULES) & SelectionRule.FromFirst) != 0;
  let presentedEnd = i64.MIN_VALUE;
  let shown = i64.MIN_VALUE;
  let before: u32 = 0;
  for (let i: u32 = 0; i < end; i += cursor.count) {
    cursor.next(i < first ? first - i : i == first ? 1 : end - i);
    if (i < first) continue;
    if (i == first) {
      store<i64>(selection, cursor.sampleDts, Selection.DTS);
      store<i64>(selection, cursor.pts, Selection.PTS);
      shown = cursor.pts;
    } else if (cursor.pts <= start) {
      const until = cursor.lastPts <= start ? cursor.count : cursor.before(start + 1);
      const latest = cursor.pts + <i64>(until - 1) * cursor.duration;
      // What follows a sync sample in decode order and precedes it on the screen cannot be decoded, unless all is taken.
      shown = fromFirst && shown > start ? latest : max(shown, latest);
      before = i + until - 1 - first;
    }
    presentedEnd = max(presentedEnd, cursor.lastPts + cursor.duration);
  }
  store<i64>(selection, presentedEnd, Selection.PRESENTED_END);
  store<i64>(selection, shown, Selection.SHOWN);
  store<u32>(selection, before, Selection.BEFORE);
  store<i64>(selection, cursor.dts - cursor.duration, Selection.LAST_DTS);
  store<u32>(selection, cursor.duration, Selection.LAST_DURATION);
  store<i32>(selection, leastOffset(index, record), Selection.LEAST_OFFSET);
}

// A whole track's, so that all pieces of a recording are moved alike.
function leastOffset(index: usize, record: usize): i32 {
  if (!(load<u32>(record, TrackRecord.FLAGS) & TrackFlag.NegativeOffsets)) return 0;
  const offsets = newOffsetCursor();
  if (failed()) return 0;
  offsets.open(index, record);
  const samples = load<u32>(record, TrackRecord.SAMPLES);
  let least: i32 = 0;
  let taken: u32 = 1;
  for (let i: u32 = 0; i < samples; i += taken) {
    taken = min(offsets.alike(), samples - i);
    least = min(least, offsets.next());
    if (taken > 1) offsets.skip(taken - 1);
  }
  return least;
}

function findFirst(index: usize, record: usize, selection: usize): u32 {
  if (load<u32>(selection, Selection.RULES) & SelectionRule.FromFirst) return 0;
  const samples = load<u32>(record, TrackRecord.SAMPLES);
  const start = load<i64>(selection, Selection.START);
  const fromSync = (load<u32>(selection, Selection.RULES) & SelectionRule.FromSync) != 0;
  const cursor = openSamples(index, record);
  if (failed()) return samples;
  if (fromSync) {
    const wanted = start - <i64>load<u32>(selection, Selection.PREROLL);
    let found = samples;
    for (let i: u32 = 0; i < samples; i += cursor.count) {
      cursor.next(samples - i);
      if (!cursor.sync) continue;
      if (cursor.pts > wanted) return found == samples ? i : found;
      const until = cursor.lastPts <= wanted ? cursor.count : cursor.before(wanted + 1);
      found = i + until - 1;
      if (until < cursor.count) return found;
    }
    return found;
  }
  // The sample that START falls into, and before it enough others to make up the pre-roll.
  const preroll = <i64>load<u32>(selection, Selection.PREROLL);
  const nextSync = (load<u32>(selection, Selection.RULES) & SelectionRule.NextSync) != 0;
  for (let i: u32 = 0; i < samples; i += cursor.count) {
    cursor.next(samples - i);
    if (nextSync && !cursor.sync) continue;
    const duration = cursor.duration;
    if (cursor.lastPts + duration > start - preroll) {
      return i + countBefore(cursor.pts + duration, duration, cursor.count, start - preroll + 1);
    }
    if (duration == 0 && cursor.pts >= start) return i;
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
  for (let i: u32 = 0; i < samples && !failed(); i += cursor.count) {
    cursor.next(samples - i);
    const before = cursor.before(until);
    if (before > 0) end = i + before;
    if (before < cursor.count && !reordered) break;
  }
  return end;
}

/** Prefixes in decode order that are still closed, each a sample longer than the one before. */
namespace Closed {
  /** Latest presentation time of the first; each other's is `STEP` later. */
  export const LATEST: usize = 0; // i64
  export const STEP: usize = 8; // u32
  export const COUNT: usize = 12; // u32
  /** Samples of the first. */
  export const SAMPLES: usize = 16; // u32
  export const SIZE: usize = 24;
}

// The largest prefix in decode order that is presented before END and wholly before everything after it.
function findClosedEnd(index: usize, record: usize, selection: usize): u32 {
  if (!(load<u32>(record, TrackRecord.FLAGS) & TrackFlag.Offsets)) return findEnd(index, record, selection);
  const samples = load<u32>(record, TrackRecord.SAMPLES);
  const until = load<i64>(selection, Selection.END);
  const cursor = openSamples(index, record);
  const stack = reserve(runsBound(record) * 2 * Closed.SIZE);
  if (failed()) return 0;
  let top = stack;
  let latest = i64.MIN_VALUE;
  for (let i: u32 = 0; i < samples; i += cursor.count) {
    cursor.next(samples - i);
    const pts = cursor.pts;
    const step = cursor.duration;
    const count = cursor.count;
    top = keepBefore(stack, top, pts);
    // Of the run itself: what ends before its next sample is presented, and all of it.
    const skipped = min(countBefore(pts + step, step, count, latest + 1), count - 1);
    const first = pts + <i64>skipped * step;
    if (step == 0) top = push(top, max(latest, pts), 0, 1, i + count);
    else {
      top = push(top, max(latest, first), 0, 1, i + skipped + 1);
      if (skipped + 1 < count) top = push(top, first + step, step, count - skipped - 1, i + skipped + 2);
    }
    latest = max(latest, cursor.lastPts);
  }
  top = keepBefore(stack, top, until);
  if (top == stack) return 0;
  const last = top - Closed.SIZE;
  return load<u32>(last, Closed.SAMPLES) + load<u32>(last, Closed.COUNT) - 1;
}

function push(to: usize, latest: i64, step: u32, count: u32, samples: u32): usize {
  store<i64>(to, latest, Closed.LATEST);
  store<u32>(to, step, Closed.STEP);
  store<u32>(to, count, Closed.COUNT);
  store<u32>(to, samples, Closed.SAMPLES);
  return to + Closed.SIZE;
}

/** Drops the prefixes that are not presented before `time`. Returns the end of the others. */
function keepBefore(stack: usize, top: usize, time: i64): usize {
  while (top > stack) {
    const last = top - Closed.SIZE;
    const latest = load<i64>(last, Closed.LATEST);
    const kept = countBefore(latest, load<u32>(last, Closed.STEP), load<u32>(last, Closed.COUNT), time);
    if (kept > 0) {
      store<u32>(last, kept, Closed.COUNT);
      break;
    }
    top = last;
  }
  return top;
}

/** Runs that a track has at most. */
function runsBound(record: usize): u64 {
  const samples = load<u32>(record, TrackRecord.SAMPLES);
  if (load<u32>(record, TrackRecord.OFFSETS_KIND) != OffsetsKind.Runs) return samples;
  // Each begins where a run of durations, offsets or sync samples does.
  const durations = load<u32>(record, TrackRecord.DURATIONS_LENGTH) >> 1;
  const offsets = load<u32>(record, TrackRecord.OFFSETS_LENGTH) >> 1;
  return min<u64>(samples, <u64>durations + offsets + load<u32>(record, TrackRecord.SYNC_LENGTH) + 3);
}
