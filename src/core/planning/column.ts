/** A list of numbers, kept as one number while all are equal, else in as few bytes each as they take. */
export class Column {
  #length: number;
  /** The value of all numbers, while `#values` is undefined. */
  #alike: number | undefined;
  /** The numbers, with room for more. */
  #values: Int32Array | Float64Array | undefined;

  /** @param skipped how many numbers in front are never asked for */
  constructor(skipped = 0) {
    this.#length = skipped;
  }

  push(value: number): void {
    const number = this.#length++;
    this.#alike ??= value;
    if (this.#values === undefined && value === this.#alike) return;
    this.#values ??= new Int32Array(0);
    if (this.#values instanceof Int32Array && (value !== (value | 0) || this.#alike !== (this.#alike | 0)))
      this.#values = Float64Array.from(this.#values);
    if (number >= this.#values.length) this.#values = resized(this.#values, 2 * number + 8, this.#alike);
    this.#values[number] = value;
  }

  /** Adds the values [first, end) of others. */
  append(values: Float64Array, first: number, end: number): void {
    for (let i = first; i < end; i++) this.push(values[i] ?? 0);
  }

  /** Adds the same value many times. */
  repeat(value: number, times: number): void {
    for (let i = 0; i < times; i++) this.push(value);
  }

  /** Adds a number that is never asked for. */
  skip(): void {
    if (this.#values === undefined) this.#length++;
    else this.push(this.#alike ?? 0);
  }

  at(number: number): number {
    return this.#values === undefined ? (this.#alike ?? 0) : (this.#values[number] ?? 0);
  }

  /** Gives up the room for more. */
  trim(): void {
    if (this.#values !== undefined) this.#values = this.#values.slice(0, this.#length);
  }

  /** Memory it takes, about. */
  get bytes(): number {
    return 8 + (this.#values?.byteLength ?? 0);
  }
}

function resized<Values extends Int32Array | Float64Array>(values: Values, length: number, filled: number): Values {
  const larger = values instanceof Int32Array ? new Int32Array(length) : new Float64Array(length);
  larger.fill(filled, values.length);
  larger.set(values);
  return larger as Values;
}
