/** A body that is taken in pieces: one that breaks off just ends, and tells its failure afterwards. */
export class BreakingInput {
  /** Why the body broke off. */
  failure: Error | undefined;
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #tooLong: () => Error;
  #left: number;
  #chunk: Uint8Array | undefined;

  /** @param limit bytes; a body of more fails with what `tooLong` makes */
  constructor(body: AsyncIterable<Uint8Array>, limit: number, tooLong: () => Error) {
    this.#iterator = body[Symbol.asyncIterator]();
    this.#left = limit;
    this.#tooLong = tooLong;
  }

  /** Whether no more bytes come. */
  async atEnd(): Promise<boolean> {
    while (this.#chunk === undefined || this.#chunk.length === 0) {
      if (this.failure !== undefined) return true;
      try {
        const next = await this.#iterator.next();
        if (next.done === true) return true;
        this.#left -= next.value.length;
        if (this.#left < 0) throw this.#tooLong();
        this.#chunk = next.value;
      } catch (error) {
        this.#chunk = undefined;
        this.failure = error instanceof Error ? error : new Error(String(error));
        return true;
      }
    }
    return false;
  }

  /** The next bytes, at most `size` of them. A chunk is only valid until the next one is asked for. */
  async *take(size: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let left = size; left > 0 && !(await this.atEnd());) {
      const chunk = this.#chunk ?? new Uint8Array();
      const part = chunk.subarray(0, left);
      this.#chunk = chunk.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }

  /** Gives up what has not been taken. */
  async close(): Promise<void> {
    await this.#iterator.return?.();
  }
}
