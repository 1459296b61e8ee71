/** Timecode sample entries (QuickTime File Format, "Timecode Sample Description"). */
import { Code } from "../abi/codes";
import { Result } from "../abi/records";
import { Box, newBox, readBox, u32be } from "../memory/reader";
import { failed, RESULT } from "../memory/status";

/** Flags of the entry. */
const DROP_FRAME: u32 = 1;
const DAY_MAX: u32 = 2;
const COUNTER: u32 = 8;

/**
 * How far a timecode goes on in `ticks` of `timescale`, by the sample entry at `entry`. Result: `total` what its number grows by, 0
 * when the entry is none of 32-bit timecodes; `count` the number that follows the last one of a day, 0 when it counts on.
 */
export function readTimecodeStep(entry: usize, length: u32, ticks: u64, timescale: u32): void {
  const box: Box = newBox();
  if (failed() || !readBox(box, entry, entry + length) || box.end - box.body < 25) return;
  if (box.type != Code.tmcd) return;
  const flags = u32be(box.body + 12);
  const rate = u32be(box.body + 16);
  const duration = u32be(box.body + 20);
  const nominal: u64 = load<u8>(box.body + 24);
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
