import { nextTurn, TURN_MS, TurnQueue } from "./breather.ts";
import type { Clock, Pace } from "./ports.ts";

/**
 * Lets other work have its turn where many connections work, each for a moment at a time: what counts is how long all of them
 * together have had the thread in this turn of the event loop.
 */
export class SharedBreather implements Pace {
  readonly #nowMs: Clock;
  readonly #paused = new TurnQueue();
  /** When the first of them began in this turn. */
  #sinceMs: number | undefined;

  /** @param nowMs milliseconds from anywhere on, never set */
  constructor(nowMs: Clock = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  breathe(): Promise<void> | undefined {
    const nowMs = this.#nowMs();
    if (this.#sinceMs === undefined) {
      this.#sinceMs = nowMs;
      void nextTurn().then(() => {
        this.#sinceMs = undefined;
      });
    }
    return nowMs - this.#sinceMs < TURN_MS ? undefined : this.#paused.turn();
  }
}

/** What arrives of live streams is worked on by it: pushes, and sources. */
export const liveBreather = new SharedBreather();
