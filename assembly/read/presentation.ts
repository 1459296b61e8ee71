/** When a track is presented: its composition times seen through its edit list. */
import { Code } from "../abi/codes";
import { TrackRecord } from "../abi/records";
import { Run, TrackTables } from "../box/track-tables";

/**
 * Writes START, END, FIRST_PTS and EARLIEST_PTS of a track record whose decode times and edit bounds are set. Video counts from the
 * first whole frame after the edit's start, anything else from the edit's start itself, inside a sample if need be.
 * False when nothing is presented.
 */
export function presentedInterval(record: usize, track: TrackTables): bool {
  const editStart = load<i64>(record, TrackRecord.EDIT_START);
  const editEnd = load<i64>(record, TrackRecord.EDIT_END);
  const whole = track.handler == Code.vide;
  let dts = load<i64>(record, TrackRecord.FIRST_DTS);
  let start = i64.MAX_VALUE;
  let earliest = i64.MAX_VALUE;
  let end = i64.MIN_VALUE;
  const composed = track.offsetRuns > 0;
  let run = track.offsets;
  let offset: i64 = 0;
  let offsetLeft: u32 = composed ? 0 : u32.MAX_VALUE;
  store<i64>(record, dts + (composed ? load<i32>(run, Run.VALUE) : 0), TrackRecord.FIRST_PTS);
  const durationsEnd = track.durations + <usize>track.durationRuns * Run.SIZE;
  for (let duration = track.durations; duration < durationsEnd; duration += Run.SIZE) {
    const step = <i64>load<u32>(duration, Run.VALUE);
    let left = load<u32>(duration, Run.COUNT);
    while (left > 0) {
      if (offsetLeft == 0) {
        offsetLeft = load<u32>(run, Run.COUNT);
        offset = load<i32>(run, Run.VALUE);
        run += Run.SIZE;
      }
      // Samples of one duration and one offset at once: only the first and the last of them can matter, but for the
      // first that lies after the edit's start.
      const count = min(left, offsetLeft);
      left -= count;
      offsetLeft -= count;
      const first = dts + offset;
      dts += step * count;
      const last = dts - step + offset;
      earliest = min(earliest, first);
      if (last + step > editStart) end = max(end, last + step);
      if (first >= editStart) start = min(start, first);
      else if (whole ? last >= editStart : last + step > editStart) {
        const skipped = step == 0 ? 0 : (editStart - first + step - 1) / step;
        start = min(start, whole ? first + skipped * step : editStart);
      }
    }
  }
  end = min(end, editEnd);
  store<i64>(record, earliest, TrackRecord.EARLIEST_PTS);
  store<i64>(record, start, TrackRecord.START);
  store<i64>(record, end, TrackRecord.END);
  return start != i64.MAX_VALUE && start <= end;
}
