/** Wall-clock interval in milliseconds, end exclusive. */
export interface Interval {
  readonly startMs: number;
  readonly endMs: number;
}

/** How far before a range and behind it something is looked for, milliseconds. */
export interface Around {
  readonly beforeMs: number;
  readonly behindMs: number;
}

/** Neither before nor behind it. */
export const NOTHING_AROUND: Around = { beforeMs: 0, behindMs: 0 };

/** Whether something reaches into a range, or into what is around it. @param around default: nothing */
export function reachesInto(what: Interval, range: Interval, { beforeMs, behindMs } = NOTHING_AROUND): boolean {
  return what.startMs < range.endMs + behindMs && what.endMs > range.startMs - beforeMs;
}
