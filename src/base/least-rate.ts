/** How slow a client may be. */
export interface LeastRate {
  /** Bytes a second, on average; 0: as slow as it likes. */
  readonly bytesPerSecond: number;
  /** Milliseconds by which a client may be behind that rate. */
  readonly graceMs: number;
}

/**
 * What one client may still keep a transfer waiting. Only the time counts in which the transfer waits for the client, and
 * bytes earn it back, up to the grace: a pause is forgiven, a byte a second is not.
 */
export class Patience {
  readonly #rate: LeastRate;
  #leftMs: number;

  constructor(rate: LeastRate) {
    this.#rate = rate;
    this.#leftMs = rate.bytesPerSecond === 0 ? Number.POSITIVE_INFINITY : rate.graceMs;
  }

  /**
   * Waits for the client.
   * @param step what resolves to bytes that it has sent or taken
   * @returns what `step` gives, or undefined when patience has run out; `step` then goes on unheeded
   */
  async wait<Result>(step: Promise<Result>, bytesOf: (result: Result) => number): Promise<Result | undefined> {
    if (this.#leftMs === Number.POSITIVE_INFINITY) return step;
    const startedMs = performance.now();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => {
        resolve(undefined);
      }, this.#leftMs);
    });
    try {
      const result = await Promise.race([step, late]);
      if (result === undefined) return undefined;
      const earnedMs = (bytesOf(result) / this.#rate.bytesPerSecond) * 1000;
      this.#leftMs = Math.min(this.#rate.graceMs, this.#leftMs - (performance.now() - startedMs) + earnedMs);
      return result;
    } finally {
      clearTimeout(timer);
      step.catch(() => undefined); // it may fail later, when nobody waits any more
    }
  }
}
