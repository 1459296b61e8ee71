import { millisecondsOf } from "../ticks.ts";
import { shownEndMs } from "./asked-times.ts";
import { heldOverEnd, openEnd, type PlacedSegment } from "./placed-segment.ts";
import type { ShownTimes } from "./recorded-times.ts";

/** Ends are stated in whole milliseconds, rounded up. */
const WHOLE_MS = 1;

/** Where all segments of a range have landed. */
export interface Placement extends ShownTimes {
  /** Wall clock, milliseconds, end exclusive. */
  readonly startMs: number;
  readonly endMs: number;
  /** Segments that are only decoded. */
  readonly leading: number;
  /** End of the picture, milliseconds from the start of the output. */
  readonly pictureEndMs: number;
  /** End of the presentation in milliseconds from its start, Infinity when nothing is hidden at the end. */
  readonly presentedMs: number;
}

/** Where an output ends, by its last segment. @param untilMs end of what is asked for, wall clock, milliseconds, exclusive */
export function endsOf(
  last: PlacedSegment,
  untilMs: number,
): Pick<Placement, "endMs" | "pictureEndMs" | "presentedMs"> {
  const { reference, segment, endMs: statedEndMs } = last.timed;
  const openMs = millisecondsOf(openEnd(last, reference), reference.timescale);
  const isHeldOver = heldOverEnd(last, reference) !== undefined;
  const endMs = isHeldOver ? last.untilMs : Math.min(last.untilMs, statedEndMs + openMs);
  // Up to the end that is stated means all of it, also where the last sample is stated to last no time.
  const isWhole = openMs > 0 && Math.abs(untilMs - statedEndMs) <= WHOLE_MS;
  const askedEndMs = isWhole ? endMs : untilMs;
  const bounded = askedEndMs < Number.MAX_SAFE_INTEGER;
  return {
    endMs,
    pictureEndMs: millisecondsOf(last.outputStart, last.timescale) + endMs - segment.startMs,
    presentedMs: bounded ? shownEndMs(last, askedEndMs) : Number.POSITIVE_INFINITY,
  };
}
