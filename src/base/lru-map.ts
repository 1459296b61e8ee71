/** A map bounded by the bytes of what it holds: when something new does not fit, what was not used for longest goes. */
export class LruMap<Key, Value> {
  readonly #budget: number;
  readonly #sizeOf: (value: Value, key: Key) => number;
  readonly #entries = new Map<Key, Value>();
  #bytes = 0;

  /**
   * @param budget bytes; something larger is kept until the next one comes
   * @param sizeOf bytes of a value and its key, all that they alone keep in memory; must always say the same of one
   */
  constructor(budget: number, sizeOf: (value: Value, key: Key) => number) {
    this.#budget = budget;
    this.#sizeOf = sizeOf;
  }

  /** Whether there is a value, without counting as its use. */
  has(key: Key): boolean {
    return this.#entries.has(key);
  }

  get(key: Key): Value | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: Key, value: Value): void {
    this.delete(key);
    this.#entries.set(key, value);
    this.#bytes += this.#sizeOf(value, key);
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#budget || oldest === key) break;
      this.delete(oldest);
    }
  }

  delete(key: Key): void {
    const value = this.#entries.get(key);
    if (value === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= this.#sizeOf(value, key);
  }
}
