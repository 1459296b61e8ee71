/** Columns of whole numbers as few bytes: differences from value to value, in groups of seven bits, lowest first. */

/** Making one takes longer than most of what is read with it. */
const TEXT = new TextDecoder();

/** Writes columns, numbers, texts and bytes one behind another. */
export class ColumnWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;

  /** What was written so far, in memory of its own. */
  get bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** @param value a whole number of at most 52 bits */
  number(value: number): void {
    let rest = value < 0 ? -2 * value - 1 : 2 * value;
    const room = this.#room(8);
    while (rest >= 0x80) {
      room[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    room[this.#length++] = rest;
  }

  /** Values whose count the reader knows. One that is the same all along takes a byte beside its first. */
  column(values: ArrayLike<number>): void {
    const first = values[0] ?? 0;
    const isSame = Array.prototype.every.call(values, (value) => value === first);
    this.number(first);
    this.number(isSame ? 0 : 1);
    for (let i = 1; i < values.length && !isSame; i++) this.number((values[i] ?? 0) - (values[i - 1] ?? 0));
  }

  block(bytes: Uint8Array): void {
    this.number(bytes.length);
    this.#room(bytes.length).set(bytes, this.#length);
    this.#length += bytes.length;
  }

  text(text: string): void {
    this.block(new TextEncoder().encode(text));
  }

  #room(bytes: number): Uint8Array {
    if (this.#length + bytes > this.#bytes.length) {
      const larger = new Uint8Array(2 * (this.#length + bytes));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return this.#bytes;
  }
}

/** Reads what a `ColumnWriter` wrote, in the same order. */
export class ColumnReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length;
  }

  number(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.#at++] ?? 0;
    let rest = byte & 0x7f;
    for (let place = 0x80; byte >= 0x80; place *= 0x80) {
      byte = bytes[this.#at++] ?? 0;
      rest += (byte & 0x7f) * place;
    }
    return rest % 2 === 1 ? -(rest + 1) / 2 : rest / 2;
  }

  column(count: number): Float64Array {
    const values = new Float64Array(count);
    let value = this.number();
    if (this.number() === 0) return values.fill(value);
    values[0] = value;
    for (let i = 1; i < count; i++) values[i] = value += this.number();
    return values;
  }

  /** A view of the same memory. */
  block(): Uint8Array {
    const length = this.number();
    return this.#bytes.subarray(this.#at, (this.#at += length));
  }

  text(): string {
    return TEXT.decode(this.block());
  }
}
