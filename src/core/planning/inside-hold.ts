import { overlapTolerated } from "./gap.ts";
import type { IndexQueries } from "./index-queries.ts";
import type { TimedSegment } from "./placed-segment.ts";
import { decodableFrom, holdAt } from "./reference-queries.ts";

/** A segment that was left for another while it held a picture, and where it goes on. */
export interface LeftSegment {
  readonly timed: TimedSegment;
  /** Ticks of its reference track. */
  readonly ticks: number;
  /** Wall clock, milliseconds. */
  readonly atMs: number;
}

/** A segment that lies where the one before holds a picture amid others. */
export interface InsideHold {
  /** From where on it can be decoded, ticks of its reference track; -Infinity: from its first sample. */
  readonly from: number;
  /** Until when the picture is held, wall clock, milliseconds. */
  readonly untilMs: number;
  readonly left: LeftSegment;
}

/** Tells whether a segment lies in such a hold; else it overlaps the one before and ends after it, or that one covers it. */
export async function insideHold(
  queries: Pick<IndexQueries, "select">,
  timed: TimedSegment,
  before: TimedSegment,
  toleranceMs: number,
): Promise<InsideHold | "overlapping" | "covered"> {
  const tolerated = overlapTolerated(timed.durationMs, toleranceMs);
  const ticks = await holdAt(queries, before, timed.segment.startMs, toleranceMs);
  const atMs = ticks === undefined ? Number.NEGATIVE_INFINITY : before.wallAt(ticks);
  const isHeld = timed.endMs <= atMs + tolerated || (Number.isFinite(atMs) && timed.endMs > before.endMs);
  if (ticks === undefined || !isHeld) return timed.endMs - before.sampledEndMs > tolerated ? "overlapping" : "covered";
  const from = await decodableFrom(queries, timed);
  if (from === undefined) return "covered";
  const untilMs = timed.wallAt(Math.max(from, timed.reference.start));
  return { from, untilMs, left: { timed: before, ticks, atMs } };
}
