import type { Group } from "../wasm/abi/records.ts";

/** Bytes that a list takes besides its numbers, and that each number takes. */
const [LIST_BYTES, NUMBER_BYTES] = [300, 8];

/** The fields of a group, in the order in which a list has them. */
export const GROUP_FIELDS = ["first", "pts", "bytes", "firstBytes", "sync"] as const satisfies readonly (keyof Group)[];
const FIELDS = GROUP_FIELDS.length;

/** The groups of pictures of one recording, in order: they cover all samples of its reference track. */
export class GroupList {
  /** The fields of all groups, one group after another: days of them are kept. */
  readonly #numbers: readonly number[] | Float64Array;
  readonly #at: number;
  readonly length: number;

  /** @param from where the list begins in `numbers`, which lists may share @param length groups of the list */
  constructor(numbers: readonly number[] | Float64Array, from = 0, length = numbers.length / FIELDS) {
    this.#numbers = numbers;
    this.#at = from;
    this.length = length;
  }

  /** @param text what `text` gave */
  static read(text: string): GroupList {
    return new GroupList(JSON.parse(text) as number[]);
  }

  /** All numbers as JSON, for the catalog. */
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

/** The last number below `count` for which `holds` is true, found by halving: `holds` is true up to some number and false behind it. 0 when it never is. */
function lastWhere(count: number, holds: (number: number) => boolean): number {
  let [low, high] = [0, count];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}
