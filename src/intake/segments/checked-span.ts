import type { Interval } from "../../base/interval.ts";
import { BoxcarError } from "../../base/errors.ts";
import { wholeDuration } from "../../core/index.ts";
import { EARLIEST_MS, formatTime, isDate, LATEST_MS } from "../../base/time.ts";
import { DAY_MS } from "../../base/units.ts";

/** How long a segment may last unless `BOXCAR_MAX_DURATION` says otherwise: 31 days. */
const DEFAULT_MAX_DURATION_MS = 31 * DAY_MS;

/** A stretch of wall-clock time that a segment may have: whole milliseconds since 1970, the end exclusive. */
export type SegmentSpan = Interval;

/**
 * Holds the times of a segment to their bounds, before anything of it is kept: one row beyond them would harm every list
 * that it is in. A segment without any duration, such as a single picture, lasts one millisecond.
 * @param durationMs how long the reference track is presented
 * @throws BoxcarError `time_out_of_bounds` (422) unless start and end lie in the years 0001 to 9999 (RFC 3339),
 *   `segment_too_long` (422) above `maxDurationMs`
 */
export function checkedSpan(startMs: number, durationMs: number, maxDurationMs = DEFAULT_MAX_DURATION_MS): SegmentSpan {
  // Negated, so that what is no number is refused, too.
  if (!(durationMs <= maxDurationMs)) {
    const message = `The segment states a duration of ${shown(durationMs)}; ${shown(maxDurationMs)} are allowed. Repair its sample durations, split the recording, or raise BOXCAR_MAX_DURATION.`;
    throw new BoxcarError("segment_too_long", message, { maxDurationMs });
  }
  const span = { startMs: Math.floor(startMs), endMs: Math.floor(startMs) + wholeDuration(durationMs) };
  if (isDate(span.startMs) && isDate(span.endMs)) return span;
  const message = `The segment would not lie between ${formatTime(EARLIEST_MS)} and ${formatTime(LATEST_MS)}. Give its start as start=….`;
  throw new BoxcarError("time_out_of_bounds", message);
}

function shown(ms: number): string {
  return ms < DAY_MS ? `${String(ms / 1000)} s` : `${(ms / DAY_MS).toFixed(1)} days`;
}
