import { DAY_MS } from "../base/units.ts";

/**
 * Times as people read them: wall clock in the browser's zone; of files that do not state when they were recorded, and count
 * from 1970, the time from their start.
 */

/** Before that no recording was made: 1971, milliseconds. */
const FIRST_WALL_MS = 365 * DAY_MS;

/** What to add to a time for the `Date` whose UTC fields are shown. */
export function zoneMs(ms: number): number {
  return ms < FIRST_WALL_MS ? 0 : -new Date(ms).getTimezoneOffset() * 60_000;
}

const fieldsOf = (ms: number): string => new Date(Math.max(0, ms) + zoneMs(ms)).toISOString();

/** `2026-01-31` */
export function dateText(ms: number): string {
  return fieldsOf(ms).slice(0, 10);
}

/** `10:07:13`, or with milliseconds `10:07:13.040` */
export function clockText(ms: number, withMs = false): string {
  return fieldsOf(ms).slice(11, withMs ? 23 : 19);
}

/** `2026-01-31 10:07:13.040` */
export function momentText(ms: number): string {
  return ms < FIRST_WALL_MS ? clockText(ms, true) : `${dateText(ms)} ${clockText(ms, true)}`;
}
