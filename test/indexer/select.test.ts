/** Which samples a cut takes: what the core finds run by run, against one told sample by sample. */
import { expect, test } from "vitest";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { SelectionRule } from "../../src/core/wasm/abi/names.ts";
import type { Selected, Selection } from "../../src/core/wasm/abi/records.ts";
import type { Sample } from "../../src/core/wasm/records/listing.ts";
import { alikeIndex, indexOf, type Timing } from "../support/odd-chunks.ts";
import { random, seedOf, type Random } from "../support/random.ts";

const ROUNDS = 400;
const seed = seedOf(1);
const core = await loadCore();

test(`a cut takes the samples that it has to (seed ${seed})`, () => {
  const numbers = random(seed);
  for (let round = 0; round < ROUNDS; round++) {
    const count = 1 + numbers.below(60);
    const index = indexOf(
      core,
      [[{ offset: 100, description: 1, sizes: Array<number>(count).fill(1) }]],
      [any(numbers)],
    );
    core.withIndex(index, (loaded) => {
      const samples = loaded.samples();
      const end = Math.max(...samples.map(({ dts, duration }) => dts + duration)) + 50;
      for (let i = 0; i < 8; i++) {
        const selection: Selection = {
          start: numbers.below(6) === 0 ? Number.NEGATIVE_INFINITY : numbers.below(end) - 30,
          end: numbers.below(4) === 0 ? Number.POSITIVE_INFINITY : numbers.below(end) - 30,
          rules: numbers.pick([
            0,
            SelectionRule.FromSync,
            SelectionRule.Closed,
            SelectionRule.FromSync | SelectionRule.Closed,
            SelectionRule.NextSync,
          ]),
          preroll: numbers.pick([0, 0, 35]),
        };
        if (selection.start === Number.NEGATIVE_INFINITY) Object.assign(selection, { preroll: 0 });
        const found = loaded.select(0, selection);
        const wanted = selected(samples, selection);
        expect(found.count === 0 ? undefined : found, `round ${round}, ${JSON.stringify(selection)}`).toEqual(wanted);
      }
    });
  }
});

test("a cut of 260 million samples that are all alike is found", () => {
  const index = alikeIndex(core, 260e6);
  const found = core.withIndex(index, (loaded) =>
    loaded.select(0, { start: 12_345, end: 250e6, rules: 0, preroll: 0 }),
  );
  expect(found).toMatchObject({
    first: 12_345,
    count: 250e6 - 12_345,
    dts: 12_345,
    lastDts: 249_999_999,
    lastDuration: 1,
  });
});

/** Runs of a length of their own for each of durations, offsets and sync samples. */
function any(numbers: Random): Timing {
  const column = (values: () => number): ((i: number) => number) => {
    const most = numbers.pick([1, 4, 60]);
    const all: number[] = [];
    while (all.length < 60) {
      const value = values();
      for (let i = 1 + numbers.below(most); i > 0; i--) all.push(value);
    }
    return (i) => all[i] ?? 0;
  };
  const offset = numbers.below(3);
  const spread = numbers.pick([1, 2, 90]);
  const synced = column(() => numbers.below(2));
  return {
    durations: column(() => (numbers.below(5) === 0 ? 0 : numbers.below(40))),
    ...(offset > 0 && { offsets: column(() => (numbers.below(3) === 0 ? 0 : numbers.below(spread) * 10)) }),
    ...(numbers.below(2) === 0 && { syncs: (i: number) => synced(i) === 1 }),
  };
}

/** The rules of Selection, in the words of the schema. */
function selected(samples: readonly Sample[], { start, end, rules, preroll }: Selection): Selected | undefined {
  const all = samples.map((sample) => ({ ...sample, pts: sample.dts + sample.compositionOffset }));
  let first: number;
  if (rules & SelectionRule.FromSync) {
    const syncs = all.flatMap(({ sync }, i) => (sync ? [i] : []));
    const after = syncs.findIndex((i) => (all[i]?.pts ?? 0) > start - preroll);
    first = (after === -1 ? syncs.at(-1) : after === 0 ? syncs[0] : syncs[after - 1]) ?? -1;
  } else {
    const from = start - preroll;
    first = all.findIndex(
      ({ pts, duration, sync }) =>
        (sync || !(rules & SelectionRule.NextSync)) && (pts + duration > from || (duration === 0 && pts >= start)),
    );
  }
  const reordered = all.some(({ compositionOffset }) => compositionOffset !== 0);
  const isEnd = (count: number): boolean => {
    const latest = Math.max(...all.slice(0, count).map(({ pts }) => pts));
    if (!(rules & SelectionRule.Closed) || !reordered) return (all[count - 1]?.pts ?? 0) < end;
    return latest < end && all.slice(count).every(({ pts }) => pts > latest);
  };
  let until = all.length;
  if (!reordered && Number.isFinite(end)) until = all.findIndex(({ pts }) => pts >= end);
  if (until === -1) until = all.length;
  while (until > 0 && !isEnd(until)) until--;
  if (first === -1 || until <= first) return undefined;
  const taken = all.slice(first, until);
  const [head, last] = [taken[0], taken.at(-1)];
  if (head === undefined || last === undefined) return undefined;
  return {
    first,
    count: taken.length,
    dts: head.dts,
    pts: head.pts,
    presentedEnd: Math.max(...taken.map(({ pts, duration }) => pts + duration)),
    lastDts: last.dts,
    lastDuration: last.duration,
    shown: Math.max(head.pts, ...taken.map(({ pts }) => (pts <= start ? pts : head.pts))),
    leastOffset: Math.min(0, ...all.map(({ compositionOffset }) => compositionOffset)),
    before: Math.max(
      0,
      taken.findLastIndex(({ pts }) => pts <= start),
    ),
  };
}
