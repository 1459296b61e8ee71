/** How long work may keep the thread before other work gets a turn. */
const TURN_MS = 10;

/**
 * Lets other work have its turn in long sequences of queries. A local database answers without ever leaving the thread,
 * so that awaiting its answers alone would let nothing else run.
 */
export class Breather {
  #sinceMs = performance.now();

  /** Waits for other work when there has been none for 10 ms. */
  async breathe(): Promise<void> {
    if (performance.now() - this.#sinceMs < TURN_MS) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#sinceMs = performance.now();
  }
}
