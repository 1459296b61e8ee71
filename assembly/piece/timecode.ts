/** How far the numbers of a timecode track go on in a time. */
import { Code } from "../abi/codes";
import { Result } from "../abi/records";
import {
  COUNTER,
  DAY_MAX,
  DROP_FRAME,
  TIMECODE_ENTRY,
  timecodeFlags,
  timecodeFrameDuration,
  timecodeFrames,
  timecodeTimescale,
} from "../box/tmcd";
import { newBox, readBox } from "../memory/reader";
import { failed, RESULT } from "../memory/status";

/**
 * How far a timecode goes on in `ticks` of `timescale`, by the sample entry at `entry`. Result: `total` what its number grows by, 0
 * when the entry is none of 32-bit timecodes; `count` the number that follows the last one of a day, 0 when it counts on.
 */
export function readTimecodeStep(entry: usize, length: u32, ticks: u64, timescale: u32): void {
  const box = newBox();
  if (failed() || !readBox(box, entry, entry + length) || box.end - box.body < TIMECODE_ENTRY) return;
  if (box.type != Code.tmcd) return;
  const flags = timecodeFlags(box);
  const rate = timecodeTimescale(box);
  const duration = timecodeFrameDuration(box);
  const nominal: u64 = timecodeFrames(box);
  if (rate == 0 || duration == 0 || nominal == 0 || timescale == 0 || ticks >= 1 << 53) return;
  // Whole seconds first: frames of many hours pass 64 bits otherwise.
  const scale = <u64>timescale * duration;
  const frames = (ticks / scale) * rate + ((ticks % scale) * rate) / scale;
  store<u64>(RESULT, flags & COUNTER ? frames / nominal : frames, Result.TOTAL);
  if ((flags & (DAY_MAX | COUNTER)) != DAY_MAX) return;
  // Of 30 frames two numbers a minute are left out, but for every tenth.
  const dropped: u64 = flags & DROP_FRAME ? (nominal / 30) * 2 * 54 : 0;
  store<u32>(RESULT, <u32>(nominal * 86400 - dropped * 24), Result.COUNT);
}
