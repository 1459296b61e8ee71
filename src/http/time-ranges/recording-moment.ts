import type { Context } from "hono";
import { BoxcarError } from "../../base/errors.ts";
import { framesOf } from "../../pictures/storyboard.ts";
import type { ShownSegment } from "../../pictures/shown-at.ts";
import type { AppContext, AppEnv } from "../context.ts";
import { outlinedRange } from "./planned-range.ts";
import { boundedRange, requiredRange } from "./bounded-range.ts";

/**
 * What a download shows at a moment of its own time.
 * @param query of the download: `id`, or its time range and `gaps`
 * @param timeMs milliseconds from its start; beyond its end: its last picture
 * @throws BoxcarError `unknown_id` (404), `missing_start` (400), and as `parseTimeRange` and `outlineRange` do
 */
export async function downloadedAt(
  c: Context<AppEnv>,
  context: AppContext,
  streamPath: string,
  query: URLSearchParams,
  timeMs: number,
): Promise<ShownSegment> {
  const { catalog, config, clock } = context;
  const id = query.get("id");
  if (id !== null) {
    const segment = /^\d{1,15}$/.test(id) ? await catalog.segment(Number(id)) : undefined;
    if (segment?.streamPath !== streamPath)
      throw new BoxcarError("unknown_id", `${streamPath} has no segment ${id.slice(0, 32)}.`);
    return { segment, atMs: segment.startMs + timeMs };
  }
  const one = (name: string): string | undefined => query.get(name) ?? undefined;
  const times = { range: one("range"), start: one("start"), end: one("end"), duration: one("duration"), tz: one("tz") };
  const range = requiredRange(times, config.timeZone, clock(), "The URL of a download says what it holds: id,");
  const { startMs, endMs } = await boundedRange(catalog, streamPath, range);
  const gaps = query.get("gaps") === "keep" ? "keep" : "skip";
  const plan = await outlinedRange(c, context, { streamPath, startMs, endMs, cut: "frame", gaps, changes: "inband" });
  const reading = plan.clock.findLast(({ atMs }) => atMs <= timeMs) ?? { atMs: 0, wallMs: plan.startMs };
  const wallMs = Math.min(reading.wallMs + timeMs - reading.atMs, plan.endMs - 1);
  const [frame] = await framesOf(catalog, streamPath, plan, [wallMs]);
  if (frame !== undefined) return frame;
  throw new BoxcarError("not_recorded", `Nothing of ${streamPath} is recorded in the range of the download.`);
}
