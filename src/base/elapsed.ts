/**
 * Milliseconds from a moment until now, by a clock that may be set: endless where it was set back behind the moment, so that nothing
 * waits until it is there again.
 */
export function elapsedMs(nowMs: number, sinceMs: number): number {
  return nowMs < sinceMs ? Number.POSITIVE_INFINITY : nowMs - sinceMs;
}
