import { LruMap } from "../lru-map.ts";
import type { Plan } from "./plan-range.ts";

/** Bytes of plans kept by default: some days, or some thousands of minutes. */
export const DEFAULT_PLAN_CACHE_BYTES = 16 << 20;
/** What a plan and its layouts take for each segment, and besides: about, for two tracks. */
const SEGMENT_BYTES = 2000;
const PLAN_BYTES = 8000;

/** A plan, and the version of the catalog's rows that it was made from. */
export interface KeptPlan {
  readonly version: string;
  readonly plan: Plan;
}

/** Plans by their query: players and download managers ask for one range many times, part by part. */
export class PlanCache extends LruMap<string, KeptPlan> {
  constructor(budget = DEFAULT_PLAN_CACHE_BYTES) {
    super(budget, ({ plan }) => PLAN_BYTES + plan.segments * SEGMENT_BYTES);
  }
}
