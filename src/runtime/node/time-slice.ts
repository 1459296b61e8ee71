/** How long one turn of the event loop may spend on bodies, milliseconds. */
const SLICE_MS = 0.25;

/**
 * Shares the event loop between bodies that are being sent and everything else. A turn of the loop accepts one connection
 * and then does all work that is ready: unless bodies pause, whoever connects in a crowd waits for all who came before.
 */
export class TimeSlice {
  readonly #now: () => number;
  readonly #waiting: (() => void)[] = [];
  /** When this turn's slice ends; undefined in a turn that has sent nothing yet. */
  #end: number | undefined;

  /** @param now milliseconds on a clock that never goes back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Asks for the next step. Undefined when nobody waits and there is time left in this turn; else resolves in a later
   * one, in the order of the calls.
   */
  take(): Promise<void> | undefined {
    const end = this.#end ?? this.#begin();
    if (this.#waiting.length === 0 && this.#now() < end) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #begin(): number {
    setImmediate(() => {
      this.#goOn();
    });
    return (this.#end = this.#now() + SLICE_MS);
  }

  /** The turn after: one of those who wait goes on, in a slice of its own. */
  #goOn(): void {
    this.#end = undefined;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#begin();
    next();
  }
}
