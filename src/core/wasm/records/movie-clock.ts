/** What a file says of the time it was recorded. */
import { ClockDevice } from "../abi/names.ts";
import { readMovieClock as readRecord } from "../abi/records.ts";

/** Texts longer than this are no dates; characters. */
const LONGEST_DATE = 64;

/** What a file says of the time it was recorded. */
export interface MovieClock {
  /** `mvhd`, seconds since 1904-01-01T00:00:00Z; 0 when not stated. */
  readonly creationTime: number;
  /** MediaMTX's `mtxi`, milliseconds since 1970; 0 when not stated. */
  readonly wallClockMs: number;
  /** Devices that state the creation time of `mvhd` in a way of their own. */
  readonly device: "other" | "android" | "gopro";
  /** Text of QuickTime's `com.apple.quicktime.creationdate`; empty when not stated. */
  readonly creationDate: string;
}

/** Reads the record at `at`. */
export function readMovieClock(view: DataView, at: number): MovieClock {
  const { creationTime, wallClock, device, date, dateLength } = readRecord(view, at);
  const text = new Uint8Array(view.buffer, date, Math.min(dateLength, LONGEST_DATE));
  return {
    creationTime,
    wallClockMs: Math.floor(wallClock / 1e6),
    device: device === ClockDevice.Android ? "android" : device === ClockDevice.GoPro ? "gopro" : "other",
    creationDate: String.fromCharCode(...text),
  };
}
