import type { Context } from "hono";
import type { Plan, RangeOutline } from "../../core/index.ts";
import { type PlanBounds, type RangeQuery, outlineRange, planRange } from "../../recordings/plan-range.ts";
import type { AppContext, AppEnv } from "../context.ts";
import { holdPlan } from "../middleware/limits.ts";

/**
 * `planRange` for a request: bounded, in turn with others, ended when the client has gone; counted and timed. The plan
 * counts as in memory until the request gives its slot back.
 * @throws BoxcarError as `planRange` and `holdPlan` do
 */
export function plannedRange(c: Context<AppEnv>, context: AppContext, query: RangeQuery): Promise<Plan> {
  const mostSegments = context.config.planning.downloadSegments;
  return paced(c, context, async (pace) => {
    const plan = await planRange(context.planning, query, { ...pace, mostSegments });
    holdPlan(c, plan);
    return plan;
  });
}

/** `outlineRange` for a request, in turn with others. @param mostSegments default: those of a timeline @throws BoxcarError as `outlineRange` does */
export function outlinedRange(
  c: Context<AppEnv>,
  context: AppContext,
  query: RangeQuery,
  mostSegments = context.config.planning.timelineSegments,
): Promise<RangeOutline> {
  return paced(c, context, (pace) => outlineRange(context.planning, query, { ...pace, mostSegments }));
}

/** Makes a plan for a request: in turn with others, ended when the client has gone; timed. */
export async function paced<T>(
  c: Context<AppEnv>,
  { planners, metrics, clock }: AppContext,
  make: (bounds: PlanBounds) => Promise<T>,
): Promise<T> {
  const startedMs = clock();
  const pace = planners.pace(c.get("client"), c.req.raw.signal);
  let outcome = "refused";
  try {
    const made = await make({ pace });
    outcome = "planned";
    return made;
  } finally {
    pace.end();
    metrics.planSeconds.observe((clock() - startedMs) / 1000, { outcome });
  }
}
