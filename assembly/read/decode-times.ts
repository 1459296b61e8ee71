/** Base media decode times (ISO/IEC 14496-12 clause 8.8.12) against the samples that came before them. */
import { Warning } from "../abi/names";
import { appendRun, Run, TrackTables } from "../box/track-tables";

/** Runs that one decode time adds at most. */
export const JUMP_RUNS: u32 = 2;
/** How often a track's clock may start anew before that is taken for granted: each time, all durations are looked at. */
const MAX_RESTARTS: u32 = 64;

/**
 * Goes on at the decode time that a track fragment states. Where that is later than its samples so far reach, the last of
 * them lasts until then. Where it is earlier, the samples that reach beyond it make room, so that all that follows is at
 * its stated time; but when that would take more than half of all there is, or a sample would last longer than can be
 * written, the track's clock has started anew: its times count on from here. A last sample without a duration shares that of the
 * one before: ffmpeg states so what it writes a sample a fragment.
 */
export function jumpTo(track: TrackTables, stated: u64): void {
  if (track.samples == 0) {
    track.baseDts = stated;
    track.nextDts = stated;
    return;
  }
  const distance = <i64>stated + track.clockShift - <i64>track.nextDts;
  if (distance == 0) return share(track);
  if (track.durationRuns == 0) return;
  if (distance > 0 ? lengthen(track, distance) : shorten(track, -distance)) {
    track.nextDts += distance;
    return;
  }
  track.clockShift -= distance;
  track.restarts += 1;
  track.warnings |= Warning.DurationsRepaired;
}

/** Lets a last sample that lasts no time take half of the one before. */
function share(track: TrackTables): void {
  if (track.durationRuns < 2) return;
  const last = track.durations + <usize>(track.durationRuns - 1) * Run.SIZE;
  const before = load<u32>(last - Run.SIZE, Run.VALUE);
  if (load<u32>(last, Run.VALUE) != 0 || load<u32>(last, Run.COUNT) != 1 || before < 2) return;
  dropLast(track, 2);
  track.durationRuns = appendRun(track.durations, track.durationRuns, 1, before - before / 2);
  track.durationRuns = appendRun(track.durations, track.durationRuns, 1, before / 2);
  track.warnings |= Warning.DurationsRepaired;
}

/** Lets the last sample last longer. False when it cannot. */
function lengthen(track: TrackTables, more: i64): bool {
  const last = track.durations + <usize>(track.durationRuns - 1) * Run.SIZE;
  const duration = <i64>load<u32>(last, Run.VALUE) + more;
  if (duration > <i64>u32.MAX_VALUE) return false;
  dropLast(track, 1);
  track.durationRuns = appendRun(track.durations, track.durationRuns, 1, <u32>duration);
  return true;
}

/** Lets the last samples last a tick each, as many as it takes, and the first of them what is left. False when they cannot. */
function shorten(track: TrackTables, less: i64): bool {
  if (track.restarts >= MAX_RESTARTS || <u64>less > (track.nextDts - <u64>track.baseDts) >> 1) return false;
  let samples: i64 = 0;
  let time: i64 = 0;
  for (let i = track.durationRuns; i > 0 && time - samples < less; i--) {
    const run = track.durations + <usize>(i - 1) * Run.SIZE;
    const value = <i64>load<u32>(run, Run.VALUE);
    let count = <i64>load<u32>(run, Run.COUNT);
    if (value > 1) count = min(count, (less - (time - samples) + value - 2) / (value - 1));
    samples += count;
    time += count * value;
  }
  const first = time - less - (samples - 1);
  if (first < 1) return false;
  dropLast(track, <u32>samples);
  track.durationRuns = appendRun(track.durations, track.durationRuns, 1, <u32>first);
  track.durationRuns = appendRun(track.durations, track.durationRuns, <u32>(samples - 1), 1);
  track.warnings |= Warning.DurationsRepaired;
  return true;
}

/** Takes the last samples off the durations. */
function dropLast(track: TrackTables, samples: u32): void {
  while (samples > 0) {
    const last = track.durations + <usize>(track.durationRuns - 1) * Run.SIZE;
    const count = load<u32>(last, Run.COUNT);
    if (count > samples) return store<u32>(last, count - samples, Run.COUNT);
    samples -= count;
    track.durationRuns -= 1;
  }
}
