import type { Removed } from "./retention.ts";

/** What retention has removed of a stream, and why. */
interface Total {
  readonly streamPath: string;
  readonly reason: Removed["reason"];
  segments: number;
  bytes: number;
}

/** Counts what retention removes, by stream and reason. */
export class RemovedTotals {
  readonly #totals = new Map<string, Total>();

  /** The counts, each by itself. */
  get all(): Iterable<Readonly<Total>> {
    return this.#totals.values();
  }

  /** Counts a segment. */
  add({ segment: { streamPath, size }, reason }: Removed): void {
    const name = `${reason} ${streamPath}`;
    const total = this.#totals.get(name) ?? { streamPath, reason, segments: 0, bytes: 0 };
    total.segments++;
    total.bytes += size;
    this.#totals.set(name, total);
  }
}
