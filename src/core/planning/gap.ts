/** What lies between two segments of a recording (rules 1 and 4 of a plan), by their distance: from the end of one to the start of the next. */

/** Whether a distance is a gap. All milliseconds. @param toleranceMs up to which there is none */
export function isGap(distanceMs: number, toleranceMs: number): boolean {
  return distanceMs > toleranceMs;
}

/**
 * Whether segments overlap: the later one starts farther before the end of the earlier one than starts are inexact. All milliseconds.
 * @param durationMs of the later one: half of a short one is never inexact
 */
export function isOverlap(distanceMs: number, durationMs: number, toleranceMs: number): boolean {
  return -distanceMs > overlapTolerated(durationMs, toleranceMs);
}

/** By how much a segment may start before the end of the one before it and be taken to follow it. All milliseconds. */
export function overlapTolerated(durationMs: number, toleranceMs: number): number {
  return Math.min(toleranceMs, durationMs / 2);
}
