import type { Group } from "../wasm/abi/records.ts";

/** What a list takes besides its numbers, and each of these. */
const [LIST_BYTES, NUMBER_BYTES] = [300, 8];

/** Numbers of a group, in their order. */
export const GROUP_FIELDS = ["first", "pts", "bytes", "firstBytes", "sync"] as const satisfies readonly (keyof Group)[];
const FIELDS = GROUP_FIELDS.length;

/** The groups of pictures of one recording, in order: they cover all samples of its reference track. */
export class GroupList {
  /** Their fields, one group after another: days of them are kept. */
  readonly #numbers: readonly number[] | Float64Array;
  readonly #at: number;
  readonly length: number;

  /** @param from of numbers that others share, the first that is its own, and how many groups it has */
  constructor(numbers: readonly number[] | Float64Array, from = 0, length = numbers.length / FIELDS) {
    this.#numbers = numbers;
    this.#at = from;
    this.length = length;
  }

  /** @param text what `text` gave */
  static read(text: string): GroupList {
    return new GroupList(JSON.parse(text) as number[]);
  }

  /** As text to be kept: all numbers as JSON. */
  get text(): string {
    return JSON.stringify(this.#numbers);
  }

  /** Bytes it takes, about. */
  get weight(): number {
    return LIST_BYTES + NUMBER_BYTES * FIELDS * this.length;
  }

  get(number: number): Group | undefined {
    if (number < 0 || number >= this.length) return undefined;
    const at = this.#at + number * FIELDS;
    const numbers = this.#numbers;
    return {
      first: numbers[at] ?? 0,
      pts: numbers[at + 1] ?? 0,
      bytes: numbers[at + 2] ?? 0,
      firstBytes: numbers[at + 3] ?? 0,
      sync: numbers[at + 4] ?? 0,
    };
  }

  /** Number of the group that begins with a sample; undefined when none does. */
  from(sample: number): number | undefined {
    const number = lastWhere(this.length, (i) => (this.get(i)?.first ?? 0) <= sample);
    return this.get(number)?.first === sample ? number : undefined;
  }

  /** Number of the last group that is presented at or before `ticks`; 0 before the first. */
  at(ticks: number): number {
    return lastWhere(this.length, (i) => (this.get(i)?.pts ?? 0) <= ticks);
  }
}

/** The last of so many numbers for which something holds that holds for none behind one for which it does not; 0 for none. */
function lastWhere(count: number, holds: (number: number) => boolean): number {
  let [low, high] = [0, count];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}
