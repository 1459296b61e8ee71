/** Bytes by name, the least recently used dropped first. */
export class ByteCache {
  readonly #budget: number;
  readonly #entries = new Map<string, Uint8Array>();
  #bytes = 0;

  /** @param budget bytes kept at most; what is larger by itself is not kept */
  constructor(budget: number) {
    this.#budget = budget;
  }

  get(name: string): Uint8Array | undefined {
    const found = this.#entries.get(name);
    if (found === undefined) return undefined;
    this.#entries.delete(name);
    this.#entries.set(name, found);
    return found;
  }

  set(name: string, bytes: Uint8Array): void {
    this.#bytes += bytes.length - (this.#entries.get(name)?.length ?? 0);
    this.#entries.delete(name);
    this.#entries.set(name, bytes);
    for (const [oldest, { length }] of this.#entries) {
      if (this.#bytes <= this.#budget) return;
      this.#entries.delete(oldest);
      this.#bytes -= length;
    }
  }
}
