/** Waits before a source is connected again, milliseconds: the first, and the longest. */
const FIRST_MS = 1000;
const LONGEST_MS = 30_000;

/**
 * How long to wait after so many failures in a row, milliseconds: twice as long each time, and half of it by chance, so that
 * sources which were lost together do not all come back at once.
 */
export function backoffMs(failures: number, chance: number = Math.random(), longestMs = LONGEST_MS): number {
  const most = Math.min(FIRST_MS * 2 ** failures, longestMs);
  return most / 2 + (chance * most) / 2;
}
