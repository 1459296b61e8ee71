import { LruMap } from "../base/lru-map.ts";
import type { Plan, RangeOutline } from "../core/plan.ts";

/** Bytes of plans kept by default: some days, or some thousands of minutes. */
export const DEFAULT_PLAN_CACHE_BYTES = 16 << 20;
/** A plan, and the version of the catalog's rows that it was made from. */
export interface KeptPlan {
  readonly version: string;
  readonly plan: RangeOutline | Plan;
}

/** Plans by their query: players and download managers ask for one range many times, part by part. */
export class PlanCache extends LruMap<string, KeptPlan> {
  readonly #largest: number;

  constructor(budget = DEFAULT_PLAN_CACHE_BYTES) {
    super(budget, ({ version, plan }, name) => plan.weight + 2 * (name.length + version.length));
    this.#largest = budget / 2;
  }

  /** Keeps a plan, but for one that would take the place of nearly all others. */
  override set(name: string, kept: KeptPlan): void {
    if (kept.plan.weight <= this.#largest) super.set(name, kept);
  }
}
