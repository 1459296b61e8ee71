import type { Catalog } from "../../catalog/catalog.ts";
import type { Interval } from "../../base/interval.ts";
import { BoxcarError } from "../../base/errors.ts";
import { recordedTime } from "../../recordings/with-growing.ts";
import { formatTime } from "../../base/time.ts";
import { parseTimeRange, type TimeParameters, type TimeRange } from "../../base/time-range.ts";

/**
 * The range that a query asks for, which it must.
 * @param call how the sentence of the refusal begins
 * @throws BoxcarError `missing_start` (400), and as `parseTimeRange` does
 */
export function requiredRange(times: TimeParameters, zone: string, nowMs: number, call: string): TimeRange {
  const range = parseTimeRange(times, zone, nowMs);
  if (range !== undefined) return range;
  throw new BoxcarError("missing_start", `${call} range=A~B, start and end, or start and duration.`);
}

/**
 * A range whose ends are known: missing ones are those of what is recorded.
 * @throws BoxcarError `not_recorded` (404) when nothing is recorded from the start on, or until the end
 */
export async function boundedRange(
  catalog: Catalog,
  streamPath: string,
  { startMs, endMs }: TimeRange,
): Promise<Interval> {
  if (startMs !== undefined && endMs !== undefined) return { startMs, endMs };
  const recorded = await recordedTime(catalog, streamPath);
  const bounded = { startMs: startMs ?? recorded?.startMs ?? 0, endMs: endMs ?? recorded?.endMs ?? 0 };
  if (recorded !== undefined && bounded.endMs > bounded.startMs) return bounded;
  const from = startMs === undefined ? "" : ` from ${formatTime(startMs)} on`;
  const to = endMs === undefined ? "" : ` until ${formatTime(endMs)}`;
  const message = `Nothing of ${streamPath} is recorded${from}${to}.`;
  throw new BoxcarError("not_recorded", message, {
    streamPath,
    ...(startMs !== undefined && { startTime: formatTime(startMs) }),
    ...(endMs !== undefined && { endTime: formatTime(endMs) }),
  });
}
