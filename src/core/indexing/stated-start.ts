import { digitPrecision, isDate } from "../../base/time.ts";
import { localToInstant } from "../../base/time-zone.ts";
import type { MovieClock } from "../wasm/records/movie-clock.ts";

/** Seconds from 1904-01-01 to 1970-01-01, the epochs of ISO base media files and of everyone else. */
const EPOCH_1904 = 2_082_844_800;
/** Clocks that were never set count from 1904 or 1970: what they state before 1971 means nothing. Milliseconds. */
const FIRST_MEANT_MS = Date.UTC(1971, 0, 1);

/**
 * Where a file states the start of its recording: QuickTime's `com.apple.quicktime.creationdate`, MediaMTX's `mtxi`, or
 * the creation time of `mvhd`, which is the start by the specification, the end on Android, and local time on a GoPro.
 */
export type StatedSource = "quicktime" | "mediamtx" | "mvhd" | "mvhd_end" | "mvhd_local";

/** When a recording starts, as its file states it. */
export interface StatedStart {
  /** Milliseconds since 1970; of `mvhd_local`, the local time as if it were UTC. */
  readonly ms: number;
  /** How far it may be off either way, milliseconds: what the statement leaves out. */
  readonly precisionMs: number;
  readonly source: StatedSource;
}

/**
 * When a recording starts, as its file states it; undefined when it states nothing that means a date.
 * @param durationMs how long its reference track is presented
 */
export function statedStart(clock: MovieClock, durationMs: number): StatedStart | undefined {
  const quicktime = parseCreationDate(clock.creationDate);
  if (quicktime !== undefined && isMeant(quicktime.ms)) return { ...quicktime, source: "quicktime" };
  if (isMeant(clock.wallClockMs)) return { ms: clock.wallClockMs, precisionMs: 0, source: "mediamtx" };
  const ms = (clock.creationTime - EPOCH_1904) * 1000;
  if (!isMeant(ms)) return undefined;
  const precisionMs = digitPrecision(0);
  if (clock.device === "android") return { ms: Math.round(ms - durationMs), precisionMs, source: "mvhd_end" };
  return { ms, precisionMs, source: clock.device === "gopro" ? "mvhd_local" : "mvhd" };
}

/** The instant of a stated start. @param zone of local times, as `checkTimeZone` takes it */
export function instantOf({ ms, source }: StatedStart, zone: string): number {
  return source === "mvhd_local" ? localToInstant(ms, zone) : ms;
}

function isMeant(ms: number): boolean {
  return ms >= FIRST_MEANT_MS && isDate(ms);
}

/** ISO 8601 as devices write it: `2026-01-31T12:00:00+0800`, also with a fraction, `+08:00` or `Z`. */
function parseCreationDate(text: string): Pick<StatedStart, "ms" | "precisionMs"> | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(?:Z|([-+]\d\d):?(\d\d))$/.exec(text);
  if (match === null) return undefined;
  const [, second = "", fraction = "", hours, minutes = ""] = match;
  const ms = Date.parse(second + fraction + (hours === undefined ? "Z" : `${hours}:${minutes}`));
  return { ms, precisionMs: digitPrecision(Math.max(0, fraction.length - 1)) };
}
