import { clientGone } from "./errors.ts";
import type { Pace } from "./ports.ts";

/** How long work may keep the thread before other work gets a turn. */
const TURN_MS = 10;

/**
 * Lets other work have its turn in long sequences of queries. A local database answers without ever leaving the thread,
 * so that awaiting its answers alone would let nothing else run.
 */
export class Breather implements Pace {
  readonly #signal: AbortSignal | undefined;
  #sinceMs = performance.now();

  /** @param signal aborted when nobody waits for the work any more */
  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  breathe(): Promise<void> | undefined {
    if (this.#signal?.aborted === true) throw clientGone();
    return performance.now() - this.#sinceMs < TURN_MS ? undefined : this.#pause();
  }

  async #pause(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#sinceMs = performance.now();
    if (this.#signal?.aborted === true) throw clientGone();
  }
}
