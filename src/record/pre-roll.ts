import type { PartFacts, StreamPart } from "../core/index.ts";
import type { Scratch, Spool } from "./spool.ts";

/** How long a group of pictures may last that is kept, milliseconds. */
const LONGEST_GROUP_MS = 300_000;

/** A part with what it holds. */
export interface KeptPart {
  readonly part: StreamPart;
  readonly facts: PartFacts;
}

/** A part in memory, or one whose bytes are in the spool: `moof`, then the media. */
interface Kept extends KeptPart {
  readonly spilled?: { readonly scratch: Scratch; readonly moofBytes: number };
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
 * The last parts of a stream, from a sync sample on: what an event recording begins with. They are in memory, and in the spool where the
 * budget is used up. It spans at least the time asked for, unless the spool takes nothing either: then the oldest groups of pictures are dropped.
 */
export class PreRoll {
  readonly #budget: PreRollBudget;
  readonly #spool: Pick<Spool, "scratch">;
  readonly #longestMs: number;
  #parts: Kept[] = [];

  /** @param longestMs milliseconds that are kept at least */
  constructor(budget: PreRollBudget, spool: Pick<Spool, "scratch">, longestMs: number) {
    this.#budget = budget;
    this.#spool = spool;
    this.#longestMs = longestMs;
  }

  /** Adds the next part. */
  async add(kept: KeptPart): Promise<void> {
    this.#parts.push(this.#isFull(kept.part.size) ? await this.#spilled(kept) : kept);
    this.#budget.used += inMemory(this.#parts.at(-1));
    const endMs = kept.facts.endMs;
    for (let next = this.#nextGroup(); next > 0; next = this.#nextGroup()) {
      const isLong = endMs - (this.#parts[next]?.facts.startMs ?? 0) >= this.#longestMs;
      if (!isLong && !this.#isFull(0)) return;
      this.#drop(next);
    }
    // The spool would take a stream that has no sync samples for as long as it lasts.
    if (this.#isFull(0) || endMs - (this.#parts[0]?.facts.startMs ?? endMs) > this.#longestMs + LONGEST_GROUP_MS)
      this.clear();
  }

  /** Takes out what spans at least the last `beforeMs` milliseconds, from a sync sample on; the rest is dropped. */
  async *take(beforeMs: number): AsyncGenerator<KeptPart, void, undefined> {
    const endMs = this.#parts.at(-1)?.facts.endMs ?? 0;
    const first = this.#parts.findLastIndex(({ facts }) => facts.startsSync && endMs - facts.startMs >= beforeMs);
    const from = first < 0 ? this.#parts.findIndex(({ facts }) => facts.startsSync) : first;
    try {
      this.#drop(from < 0 ? this.#parts.length : from);
      for (let [kept] = this.#parts; kept !== undefined; [kept] = this.#parts) {
        yield await readBack(kept);
        this.#drop(1);
      }
    } finally {
      this.clear();
    }
  }

  /** Drops everything. */
  clear(): void {
    this.#drop(this.#parts.length);
  }

  /** Where the second group of pictures begins; -1: there is none. */
  #nextGroup(): number {
    return this.#parts.findIndex(({ facts }, i) => i > 0 && facts.startsSync);
  }

  #isFull(bytes: number): boolean {
    return this.#budget.used + bytes > this.#budget.most;
  }

  /** The part with its bytes in the spool; as it is where that takes nothing. */
  async #spilled({ part, facts }: KeptPart): Promise<Kept> {
    const scratch = await this.#spool.scratch([part.moof, ...part.media]).catch(() => undefined);
    if (scratch === undefined) return { part, facts };
    const left = { moof: new Uint8Array(0), mediaHeader: part.mediaHeader.slice(), media: [] };
    return { part: { ...part, ...left }, facts, spilled: { scratch, moofBytes: part.moof.length } };
  }

  #drop(count: number): void {
    for (const kept of this.#parts.slice(0, count)) {
      this.#budget.used -= inMemory(kept);
      void kept.spilled?.scratch.remove();
    }
    this.#parts = this.#parts.slice(count);
  }
}

/** Bytes that a part takes in memory. */
function inMemory(kept: Kept | undefined): number {
  return kept === undefined || kept.spilled !== undefined ? 0 : kept.part.size;
}

async function readBack({ part, facts, spilled }: Kept): Promise<KeptPart> {
  if (spilled === undefined) return { part, facts };
  const bytes = await spilled.scratch.read();
  const { moofBytes } = spilled;
  return { part: { ...part, moof: bytes.subarray(0, moofBytes), media: [bytes.subarray(moofBytes)] }, facts };
}
