import { expect, test } from "vitest";
import { mutate } from "../fuzz/mutate.ts";
import { random, seedOf } from "../support/random.ts";
import { compiledCore, feedIndex, indexFile, WatchedCore } from "./feed.ts";
import { goodFiles } from "./good.ts";
import { sealed } from "./seal.ts";

const ROUNDS = 2000;
const seed = seedOf(1);
const module = await compiledCore();
const watched = new WatchedCore(module);
const indexes = goodFiles.map((file) => indexFile(watched.core, file).index);

test.each(indexes.map((index, i) => [i, index] as const))("the seal of index %i is understood", (_, index) => {
  expect(Buffer.compare(sealed(index), index)).toBe(0);
});

test(`a damaged index is refused (seed ${seed})`, () => {
  const numbers = random(seed);
  for (let i = 0; i < ROUNDS; i++) {
    const good = numbers.pick(indexes);
    const bad = mutate(good, numbers.pick(indexes), numbers, true);
    const same = Buffer.compare(bad, good) === 0;
    expect(feedIndex(watched, bad).name, `round ${i}`).toBe(same ? "accepted" : "bad_index");
  }
});

test(`a forged index ends every call, without a trap, in bounds (seed ${seed})`, () => {
  const numbers = random(seed + 1);
  const names = new Map<string, number>();
  for (let i = 0; i < ROUNDS; i++) {
    const { name } = feedIndex(watched, sealed(mutate(numbers.pick(indexes), numbers.pick(indexes), numbers, true)));
    names.set(name, (names.get(name) ?? 0) + 1);
  }
  console.log([...names].map(([name, count]) => `${name} ${count}`).join(", "));
  const known = ["accepted", "bad_index", "out_of_memory", "too_many", "time_overflow"];
  expect([...names.keys()].filter((name) => !known.includes(name))).toEqual([]);
});
