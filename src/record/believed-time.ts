import type { Clock } from "../base/ports.ts";
import type { Leases } from "../catalog/leases.ts";

/** How far ahead of when it was last believed a clock may be, milliseconds: it was set, or no node has run for as long. */
const LONGEST_LEAP_MS = 86_400_000;
/** How long a clock that is further ahead must go on until it is believed, milliseconds. */
const DOUBTED_MS = 21_600_000;
const LEASE = "believed time";

/** The time, for what cannot be undone when a clock was wrong: one that leaps ahead is not believed at once. */
export class BelievedTime {
  readonly #leases: Leases;
  readonly #monotonic: Clock;
  #doubt: { readonly lastMs: number; readonly sinceMs: number } | undefined;

  /** @param monotonic a clock that is never set */
  constructor(leases: Leases, monotonic: Clock) {
    this.#leases = leases;
    this.#monotonic = monotonic;
  }

  /** The time by a clock, or the last one that was believed, by any node of the catalog, while that one is doubted. */
  async at(nowMs: number): Promise<number> {
    const lastMs = await this.#leases.lastTurn(LEASE);
    if (lastMs !== undefined && nowMs - lastMs > LONGEST_LEAP_MS) {
      // Nodes whose clocks are right go on meanwhile, and then this one is wrong.
      if (this.#doubt?.lastMs !== lastMs) this.#doubt = { lastMs, sinceMs: this.#monotonic() };
      if (this.#monotonic() - this.#doubt.sinceMs < DOUBTED_MS) return lastMs;
    }
    this.#doubt = undefined;
    await this.#leases.takeTurn(LEASE, nowMs, nowMs);
    return nowMs;
  }
}
