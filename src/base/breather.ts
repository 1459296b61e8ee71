import { clientGone } from "./errors.ts";
import type { Pace } from "./ports.ts";

/** How long work may keep the thread before other work gets a turn. */
const TURN_MS = 10;

/**
 * Calls back in the next turn of the event loop. Timers are only for where there is nothing else: Node goes on with timers that
 * have expired meanwhile before it looks at any socket, so that two who wait by timers keep everybody else out.
 */
const nextTurn: (then: () => void) => void =
  "setImmediate" in globalThis ? (then) => setImmediate(then) : (then) => setTimeout(then, 0);

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
    await new Promise<void>(nextTurn);
    this.#sinceMs = performance.now();
    if (this.#signal?.aborted === true) throw clientGone();
  }
}
