import { nearestPicture } from "./asked-times.ts";
import type { IndexQueries } from "./index-queries.ts";
import { leadOf, type SegmentBefore } from "./lead.ts";
import { ROUNDING_MS, type TimedSegment } from "./placed-segment.ts";
import { findReference } from "./reference-queries.ts";
import { isVideo } from "../track-kinds.ts";
import { ticksOf } from "../ticks.ts";

/** What decides where an output starts. */
export interface StartOptions {
  readonly queries: Pick<IndexQueries, "timed" | "select">;
  /** Wall-clock time asked for, milliseconds, end exclusive. */
  readonly startMs: number;
  readonly endMs: number;
  readonly cut: "frame" | "keyframe";
  readonly before: SegmentBefore;
}

/** Where in a segment the output starts. */
export interface OutputStart {
  /** Ticks of its reference track. */
  readonly from: number;
  /** Segments that are decoded before it, in order, from the one with the last sync sample on. */
  readonly lead: readonly TimedSegment[];
}

/**
 * Where the output starts that begins with a segment. Undefined when that is behind the range; `undecodable` when there is no
 * sync sample in the segment or before it.
 */
export async function startIn(
  timed: TimedSegment,
  { startMs, endMs, cut, queries, before }: StartOptions,
): Promise<OutputStart | "undecodable" | undefined> {
  const { reference, segment } = timed;
  const asked =
    startMs > segment.startMs ? nearestPicture(timed.ticksAt(startMs, reference), reference) : reference.start;
  if (timed.wallAt(asked) >= endMs) return undefined;
  if (!isVideo(reference)) return { from: Math.max(asked, reference.firstPts), lead: [] };
  const found = await findReference(queries, timed, asked);
  const isLate = found.count === 0 || found.pts > asked + ticksOf(ROUNDING_MS, reference.timescale);
  if (isLate) {
    const lead = await leadOf(timed, before, (earlier) => queries.timed(earlier));
    if (lead.length > 0) return { from: asked, lead };
  }
  const from = cut === "keyframe" ? Math.max(reference.start, found.pts) : Math.max(asked, found.shown);
  // Without a sync sample nothing of this segment can be decoded.
  return found.count === 0 || timed.wallAt(from) >= endMs ? "undecodable" : { from, lead: [] };
}
