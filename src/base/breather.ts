import { clientGone } from "./errors.ts";
import type { Pace } from "./ports.ts";

/** How long work may keep the thread before other work gets a turn. */
export const TURN_MS = 10;

/**
 * The next turn of the event loop: what came meanwhile goes first. Timers are only for where there is nothing else: Node goes
 * on with timers that have expired meanwhile before it looks at any socket, so that two who wait by timers keep everybody
 * else out.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => ("setImmediate" in globalThis ? setImmediate(resolve) : setTimeout(resolve, 0)));
}

const { navigator } = globalThis as { navigator?: { readonly userAgent?: string } };
/** In Workers what goes on ends with its request, whoever else waits for it. */
const CAN_QUEUE = "setImmediate" in globalThis && navigator?.userAgent !== "Cloudflare-Workers";

/** Those who wait for a turn, of whom one goes on in each, in the order in which they came. */
export class TurnQueue {
  readonly #waiting: (() => void)[] = [];

  /** A turn of the event loop in which nobody else of this queue goes on. */
  turn(): Promise<void> {
    if (!CAN_QUEUE) return nextTurn();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === 1) void this.#goOn();
    });
  }

  async #goOn(): Promise<void> {
    while (this.#waiting.length > 0) {
      await nextTurn();
      this.#waiting.shift()?.();
    }
  }
}

/**
 * Work that has paused. A turn of the event loop does all that is ready: sixty who work for 10 ms each would keep whoever comes
 * waiting for 600 ms, again at each step of its answer.
 */
const pausedWork = new TurnQueue();

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
    await pausedWork.turn();
    this.#sinceMs = performance.now();
    if (this.#signal?.aborted === true) throw clientGone();
  }
}
