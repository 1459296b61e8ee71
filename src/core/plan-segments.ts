import { reachesInto } from "../base/interval.ts";
import { BoxcarError } from "../base/errors.ts";
import { formatTime } from "../base/time.ts";
import { identityOf, isWhole, planPages, type Plan } from "./plan.ts";
import { DEFAULT_GAP_TOLERANCE_MS, type PlanParts, type SegmentsQuery } from "./compose.ts";
import { aroundHoles } from "./planning/hole.ts";
import { follows } from "./planning/lead.ts";
import { recordedSources } from "./recorded-sources.ts";
import type { SegmentSource } from "./segment.ts";

/** What files are planned with. */
export type SegmentsParts = Pick<PlanParts, "core" | "gapToleranceMs" | "sha256">;

/** A range of files, and how an output is made of it. Defaults: `frame`, `skip`, `inband`. */
export type SegmentsRange = Pick<SegmentsQuery, "startMs" | "endMs"> & Partial<SegmentsQuery>;

/**
 * Plans one output of files, in the order of their starts: equal files with ETags and equal ranges give equal bytes.
 * @throws BoxcarError `not_recorded` (404) when nothing of them falls into the range; `no_sync_sample`, `codec_change`, `encrypted`
 *   and `too_many_changes` (409), `gap_too_long` (400), and as getting indexes does
 *
 * @example
 * const plan = await planSegments({ core }, [{ ...indexed, startMs: 0, read }], { startMs: 1500, endMs: 4000 });
 * for await (const chunk of plan.media("mp4").read({ offset: 0, length: plan.size("mp4") })) await out.write(chunk);
 */
export async function planSegments(
  parts: SegmentsParts,
  sources: readonly SegmentSource[],
  range: SegmentsRange,
): Promise<Plan> {
  const query: SegmentsQuery = { cut: "frame", gaps: "skip", changes: "inband", ...range };
  const { segments, store, indexes } = recordedSources(sources);
  const { startMs, endMs } = query;
  const toleranceMs = parts.gapToleranceMs ?? DEFAULT_GAP_TOLERANCE_MS;
  const inOrder = segments.toSorted((a, b) => a.startMs - b.startMs);
  const around = aroundHoles(query, toleranceMs);
  const asked = inOrder.filter((segment) => reachesInto(segment, query, around));
  const plan = await planPages({ ...parts, store, indexes }, [asked], query, {
    identity: identityOf(query),
    before: ({ startMs: at }) => Promise.resolve(inOrder.findLast((one) => follows(one, at, toleranceMs))),
    mostPieces: Number.POSITIVE_INFINITY,
  });
  if (plan !== undefined && isWhole(plan)) return plan;
  const message = `Nothing of these files is shown between ${formatTime(startMs)} and ${formatTime(endMs)}.`;
  throw new BoxcarError("not_recorded", message);
}
