/** When a track is presented: its composition times seen through its edit list. */
import { TrackRecord } from "./records/summary";
import { Run, TrackTables } from "./track-tables";

/**
 * Writes START, END, FIRST_PTS and EARLIEST_PTS of a track record whose decode times and edit bounds are set. Video counts from the
 * first whole frame after the edit's start, anything else from the edit's start itself, inside a sample if need be.
 * False when nothing is presented.
 */
export function presentedInterval(record: usize, track: TrackTables): bool {
  const editStart = load<i64>(record, TrackRecord.EDIT_START);
  const editEnd = load<i64>(record, TrackRecord.EDIT_END);
  const whole = track.handler == 0x76696465;
  let dts = load<i64>(record, TrackRecord.FIRST_DTS);
  let start = i64.MAX_VALUE;
  let earliest = i64.MAX_VALUE;
  let end = i64.MIN_VALUE;
  let duration = track.durations;
  let offset = track.offsets;
  let durationLeft = load<u32>(duration, Run.COUNT);
  let offsetLeft: u32 = track.offsetRuns > 0 ? load<u32>(offset, Run.COUNT) : u32.MAX_VALUE;
  let left = track.samples;
  store<i64>(record, dts + (track.offsetRuns > 0 ? load<i32>(offset, Run.VALUE) : 0), TrackRecord.FIRST_PTS);
  while (left > 0) {
    // Samples of one duration and one offset at once: only the first and the last of them can matter, but for the
    // first that lies after the edit's start.
    const count = min(left, min(durationLeft, offsetLeft));
    const step = <i64>load<u32>(duration, Run.VALUE);
    const first = dts + (track.offsetRuns > 0 ? load<i32>(offset, Run.VALUE) : 0);
    const last = first + step * (count - 1);
    earliest = min(earliest, first);
    if (first >= editStart) start = min(start, first);
    else if (last + (whole ? 0 : step) >= editStart && (whole || last + step > editStart)) {
      const skipped = step == 0 ? 0 : (editStart - first + step - 1) / step;
      start = min(start, whole ? first + skipped * step : editStart);
    }
    if (last + step > editStart) end = max(end, last + step);
    dts += step * count;
    left -= count;
    durationLeft -= count;
    offsetLeft -= track.offsetRuns > 0 ? count : 0;
    if (left == 0) break;
    if (durationLeft == 0) {
      duration += Run.SIZE;
      durationLeft = load<u32>(duration, Run.COUNT);
    }
    if (offsetLeft == 0) {
      offset += Run.SIZE;
      offsetLeft = load<u32>(offset, Run.COUNT);
    }
  }
  end = min(end, editEnd);
  store<i64>(record, earliest, TrackRecord.EARLIEST_PTS);
  store<i64>(record, start, TrackRecord.START);
  store<i64>(record, end, TrackRecord.END);
  return start != i64.MAX_VALUE && start <= end;
}
