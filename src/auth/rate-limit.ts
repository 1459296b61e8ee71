import type { Clock } from "../base/ports.ts";

/** Outcome of a request for one permit. */
export interface Permit {
  readonly granted: boolean;
  /** Permits left at once. */
  readonly remaining: number;
  /** Seconds, rounded up, until all permits are back; when refused, until the next one. */
  readonly seconds: number;
}

const windowMs = 60_000;
/** Keys that are remembered: some hundred bytes each. */
const mostKeys = 10_000;

/**
 * A token bucket a key: it holds as many permits as may be used in a minute, and fills up evenly. A key whose bucket is
 * full is forgotten. When too many others are in use, the one that was used first is forgotten, and starts anew.
 */
export class RateLimit {
  readonly perMinute: number;
  readonly #clock: Clock;
  /** When the bucket of a key will be full, in milliseconds since 1970; in the order of use. */
  readonly #fullMs = new Map<string, number>();

  /** @param perMinute at least 1 */
  constructor(perMinute: number, clock: Clock) {
    this.perMinute = perMinute;
    this.#clock = clock;
  }

  /** Takes one permit of a key, when there is one. */
  take(key: string): Permit {
    const nowMs = this.#clock();
    const costMs = windowMs / this.perMinute;
    const fullMs = Math.max(this.#isAhead(key, nowMs) ? 0 : (this.#fullMs.get(key) ?? 0), nowMs);
    const usedMs = fullMs - nowMs;
    if (usedMs + costMs > windowMs)
      return { granted: false, remaining: 0, seconds: Math.ceil((usedMs + costMs - windowMs) / 1000) };
    this.#fullMs.delete(key);
    this.#fullMs.set(key, fullMs + costMs);
    this.#forget(nowMs);
    const remaining = Math.floor((windowMs - usedMs - costMs) / costMs);
    return { granted: true, remaining, seconds: Math.ceil((usedMs + costMs) / 1000) };
  }

  /** Whether a bucket seems to be emptier than empty: the clock was set back since, and it starts anew. */
  #isAhead(key: string, nowMs: number): boolean {
    return (this.#fullMs.get(key) ?? 0) > nowMs + windowMs;
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#fullMs.size;
  }

  #forget(nowMs: number): void {
    for (const [key, fullMs] of this.#fullMs) {
      if (fullMs > nowMs && !this.#isAhead(key, nowMs) && this.#fullMs.size <= mostKeys) return;
      this.#fullMs.delete(key);
    }
  }
}
