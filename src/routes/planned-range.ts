import type { Plan, RangeQuery } from "../plan/plan-range.ts";
import { planRange } from "../plan/plan-range.ts";
import type { AppContext } from "./context.ts";

/** `planRange`, counted and timed. @throws BoxcarError as `planRange` does */
export async function plannedRange({ planning, metrics, clock }: AppContext, query: RangeQuery): Promise<Plan> {
  const startedMs = clock();
  let outcome = "refused";
  try {
    const plan = await planRange(planning, query);
    outcome = "planned";
    return plan;
  } finally {
    metrics.planSeconds.observe((clock() - startedMs) / 1000, { outcome });
  }
}
