/** What a file says of the time it was recorded: `MovieClock` of assembly/records/movie-clock.ts. */
import { i64, u32, u64 } from "./view.ts";

/** Texts longer than this are no dates; characters. */
const LONGEST_DATE = 64;

/** Devices that state the creation time of `mvhd` in a way of their own. */
const DEVICES = ["other", "android", "gopro"] as const;

/** What a file says of the time it was recorded. */
export interface MovieClock {
  /** `mvhd`, seconds since 1904-01-01T00:00:00Z; 0 when not stated. */
  readonly creationTime: number;
  /** MediaMTX's `mtxi`, milliseconds since 1970; 0 when not stated. */
  readonly wallClockMs: number;
  readonly device: (typeof DEVICES)[number];
  /** Text of QuickTime's `com.apple.quicktime.creationdate`; empty when not stated. */
  readonly creationDate: string;
}

/** Reads the record at `at`. */
export function readMovieClock(view: DataView, at: number): MovieClock {
  const text = new Uint8Array(view.buffer, u32(view, at + 20), Math.min(u32(view, at + 24), LONGEST_DATE));
  return {
    creationTime: u64(view, at),
    wallClockMs: Math.floor(i64(view, at + 8) / 1e6),
    device: DEVICES[u32(view, at + 16)] ?? "other",
    creationDate: String.fromCharCode(...text),
  };
}
