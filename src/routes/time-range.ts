import type { Catalog } from "../catalog/catalog.ts";
import { BoxcarError } from "../errors.ts";
import { formatTime, type TimeRange } from "../time.ts";

/**
 * A range whose end is known: a missing one is the end of the newest recorded sample.
 * @throws BoxcarError `not_recorded` (404) when nothing is recorded from the start on
 */
export async function boundedRange(
  catalog: Catalog,
  streamPath: string,
  { startMs, endMs }: TimeRange,
): Promise<{ startMs: number; endMs: number }> {
  const end = endMs ?? (await catalog.newestEnd(streamPath));
  if (end !== undefined && end > startMs) return { startMs, endMs: end };
  const message = `Nothing of ${streamPath} is recorded from ${formatTime(startMs)} on. GET /mp4/api/catalog shows what is.`;
  throw new BoxcarError("not_recorded", 404, message, { streamPath });
}
