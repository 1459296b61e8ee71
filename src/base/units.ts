/** An hour, milliseconds: segments are named, and kept ready, by the hour since 1970 that they start in. */
export const HOUR_MS = 3_600_000;

/** A day, milliseconds. */
export const DAY_MS = 24 * HOUR_MS;
