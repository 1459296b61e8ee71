/** Idle buffers that are kept for the next who take some. */
const KEPT = 8;

/**
 * Large buffers for whoever is fast enough to need them, and no more than so many: thousands of slow clients must not
 * hold one each. Who finds none left goes on with a small one of its own.
 */
export class LentBuffers {
  readonly #size: number;
  readonly #most: number;
  readonly #idle: Uint8Array[] = [];
  #lent = 0;

  /**
   * @param size bytes of each
   * @param most that are lent at once
   */
  constructor(size: number, most: number) {
    this.#size = size;
    this.#most = most;
  }

  /** A buffer of old bytes, or undefined when all are lent. */
  take(): Uint8Array | undefined {
    if (this.#lent >= this.#most) return undefined;
    this.#lent++;
    return this.#idle.pop() ?? Buffer.allocUnsafeSlow(this.#size);
  }

  /** Gives one back, to be used again at once. */
  give(buffer: Uint8Array): void {
    this.#lent--;
    if (this.#idle.length < KEPT) this.#idle.push(buffer);
  }

  /** Gives one back whose bytes may still be read by someone: it is not used again. */
  drop(): void {
    this.#lent--;
  }
}
