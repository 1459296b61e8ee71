import { Box, u32be } from "../memory/reader";

/** Bytes of a timecode sample entry (QuickTime File Format, "Timecode Sample Description") up to its frames a second. */
export const TIMECODE_ENTRY: usize = 25;

/** Flags: numbers leave some out, start again after a day, or are those of a counter. */
export const DROP_FRAME: u32 = 1;
export const DAY_MAX: u32 = 2;
export const COUNTER: u32 = 8;

/** Flags. Here and below, of an entry that is known to hold its fields. */
export function timecodeFlags(entry: Box): u32 {
  return u32be(entry.body + 12);
}

/** Ticks a second. */
export function timecodeTimescale(entry: Box): u32 {
  return u32be(entry.body + 16);
}

/** Ticks of a frame. */
export function timecodeFrameDuration(entry: Box): u32 {
  return u32be(entry.body + 20);
}

/** Frames a second, rounded up; those of a step of a counter. */
export function timecodeFrames(entry: Box): u32 {
  return load<u8>(entry.body + 24);
}
