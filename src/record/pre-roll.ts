import type { PartFacts, StreamPart } from "../core/index.ts";

/** A part with what it holds. */
export interface KeptPart {
  readonly part: StreamPart;
  readonly facts: PartFacts;
}

/** Bytes that the pre-rolls of all sources may have together. */
export class PreRollBudget {
  used = 0;
  readonly most: number;

  /** @param most bytes */
  constructor(most: number) {
    this.most = most;
  }
}

/**
 * The last parts of a stream, in memory, from a sync sample on: what an event recording begins with. It spans at least the time
 * asked for, unless the budget is used up: then the oldest groups of pictures are dropped.
 */
export class PreRoll {
  readonly #budget: PreRollBudget;
  readonly #longestMs: number;
  #parts: KeptPart[] = [];

  /** @param longestMs milliseconds that are kept at least */
  constructor(budget: PreRollBudget, longestMs: number) {
    this.#budget = budget;
    this.#longestMs = longestMs;
  }

  /** Adds the next part. */
  add(kept: KeptPart): void {
    this.#parts.push(kept);
    this.#budget.used += kept.part.size;
    const endMs = kept.facts.endMs;
    for (;;) {
      const next = this.#parts.findIndex(({ facts }, i) => i > 0 && facts.startsSync);
      const isLong = next > 0 && endMs - (this.#parts[next]?.facts.startMs ?? 0) >= this.#longestMs;
      const isOver = this.#budget.used > this.#budget.most;
      if (!isLong && !isOver) return;
      if (next < 0 && !isOver) return;
      this.#drop(next < 0 ? this.#parts.length : next);
      if (this.#parts.length === 0) return;
    }
  }

  /** Takes out what spans at least the last `beforeMs` milliseconds, from a sync sample on; the rest is dropped. */
  take(beforeMs: number): KeptPart[] {
    const endMs = this.#parts.at(-1)?.facts.endMs ?? 0;
    const first = this.#parts.findLastIndex(({ facts }) => facts.startsSync && endMs - facts.startMs >= beforeMs);
    const from = first < 0 ? this.#parts.findIndex(({ facts }) => facts.startsSync) : first;
    const taken = from < 0 ? [] : this.#parts.slice(from);
    this.clear();
    return taken;
  }

  /** Drops everything. */
  clear(): void {
    this.#drop(this.#parts.length);
  }

  #drop(count: number): void {
    for (const { part } of this.#parts.slice(0, count)) this.#budget.used -= part.size;
    this.#parts = this.#parts.slice(count);
  }
}
