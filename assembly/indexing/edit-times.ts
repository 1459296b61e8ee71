/** The times of a track under its edit list (ISO/IEC 14496-12 clause 8.6.6). */
import { Code } from "../abi/codes";
import { Status, Warning } from "../abi/names";
import { TrackRecord } from "../abi/records";
import { editDuration, editMediaTime, editSize } from "../box/elst";
import { fail, failed, make } from "../memory/status";
import { presentedInterval } from "../read/presentation";
import { MAX_TIME, Run, sumDurations, TrackTables } from "../box/track-tables";

/** An edit list as one edit. */
@unmanaged
class Edit {
  /** Movie ticks before the presentation starts. */
  delay: u64;
  /** Where it starts, ticks of the media; below 0: there is no edit. */
  mediaTime: i64;
  /** Movie ticks that it takes; 0: all that follows. */
  duration: u64;
  warnings: u32;
}

/**
 * Leading empty edits delay, the first media edit says where presentation starts and ends, and those that go on where the one
 * before ends are the same edit. What further edits ask for is reported, not done.
 */
function readEdits(track: TrackTables, movieTimescale: u32): Edit {
  const edit = make<Edit>();
  if (failed()) return edit;
  edit.mediaTime = -1;
  let followed = true;
  const size = editSize(track.editVersion);
  for (let i: u32 = 0; i < track.editCount; i++) {
    const entry = track.edits + <usize>i * size;
    const time = editMediaTime(entry, track.editVersion);
    const length = editDuration(entry, track.editVersion);
    if (length > MAX_TIME) {
      fail(Status.Overflow, Code.elst, entry);
      return edit;
    }
    if (edit.mediaTime >= 0) {
      if (!followed || !goesOn(time * track.fineness, edit, track, movieTimescale)) {
        followed = false;
        edit.warnings |= Warning.EditListSimplified;
      } else edit.duration = length == 0 ? 0 : min(edit.duration + length, MAX_TIME);
    } else if (time < 0) edit.delay = min(edit.delay + length, MAX_TIME + 1);
    else {
      edit.mediaTime = min(time, <i64>MAX_TIME) * track.fineness;
      edit.duration = length;
    }
  }
  return edit;
}

/** Fills the times of a track's record. Returns warnings. */
export function resolveTimes(record: usize, track: TrackTables, movieTimescale: u32): u32 {
  const edit = readEdits(track, movieTimescale);
  if (failed()) return 0;
  const total = sumDurations(track);
  const shift = scaled(edit.delay, movieTimescale, track.timescale);
  if (
    total > MAX_TIME ||
    edit.delay > MAX_TIME ||
    shift > MAX_TIME ||
    edit.mediaTime > <i64>MAX_TIME ||
    track.baseDts > MAX_TIME
  ) {
    fail(Status.Overflow, Code.stts, track.stbl);
    return 0;
  }
  const edited = edit.mediaTime >= 0;
  // A fragmented file's absolute decode times do not go through the edit list's media time alone.
  const firstDts = <i64>track.baseDts + (edited ? <i64>shift - edit.mediaTime : 0);
  store<i64>(record, firstDts, TrackRecord.FIRST_DTS);
  store<u64>(record, total, TrackRecord.DURATION);
  if (track.durationRuns > 0) {
    const last = load<u32>(track.durations + <usize>(track.durationRuns - 1) * Run.SIZE, Run.VALUE);
    store<u32>(record, last, TrackRecord.LAST_DURATION);
  }
  let editEnd = i64.MAX_VALUE;
  // In a fragmented file the duration is 0 or only that of the samples inside moov.
  if (edited && edit.duration > 0 && track.runCount == 0) {
    const shown = scaled(edit.duration + 1, movieTimescale, track.timescale);
    if (shown <= MAX_TIME) editEnd = <i64>(shift + shown);
  }
  store<i64>(record, edited ? <i64>shift : i64.MIN_VALUE, TrackRecord.EDIT_START);
  store<i64>(record, editEnd, TrackRecord.EDIT_END);
  if (presentedInterval(record, track)) return edit.warnings;
  // An edit list that shows nothing at all is taken as none.
  store<i64>(record, <i64>track.baseDts, TrackRecord.FIRST_DTS);
  store<i64>(record, i64.MIN_VALUE, TrackRecord.EDIT_START);
  store<i64>(record, i64.MAX_VALUE, TrackRecord.EDIT_END);
  presentedInterval(record, track);
  return edit.warnings | Warning.EditListSimplified;
}

/** Whether a further edit, from media time `time`, shows what follows the media of `edit`, to within a tick of the movie's; one of no duration has no end. */
function goesOn(time: i64, edit: Edit, track: TrackTables, movieTimescale: u32): bool {
  if (time < 0 || edit.duration == 0) return false;
  const off = time - edit.mediaTime - <i64>scaled(edit.duration, movieTimescale, track.timescale);
  return abs<i64>(off) <= <i64>max<u32>(track.timescale / movieTimescale, 1);
}

/** `value` ticks of timescale `from` in ticks of `to`, rounded to the nearest; above MAX_TIME when that is passed. */
function scaled(value: u64, from: u32, to: u32): u64 {
  const whole = value / from;
  if (whole > MAX_TIME / to) return MAX_TIME + 1;
  return whole * to + ((value % from) * to + (from >> 1)) / from;
}
