import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it } from "vitest";
import { TimeSlice } from "../../src/runtime/node/time-slice.ts";
import { ReadsUnderWay } from "../../src/store/file/reads-under-way.ts";

/** Workers that each do `steps` steps, each of which takes `stepMs` on a clock of the test's own; all that they did. */
function working(workers: number, steps: number, stepMs: number): { done: string[]; all: Promise<unknown> } {
  let now = 0;
  const slice = new TimeSlice(0.25, 8, undefined, () => now);
  const done: string[] = [];
  const work = async (name: number): Promise<void> => {
    for (let step = 0; step < steps; step++) {
      await slice.take();
      now += stepMs;
      done.push(`${String(name)}.${String(step)}`);
    }
  };
  return { done, all: Promise.all(Array.from({ length: workers }, (_, name) => work(name))) };
}

it("lets one of many workers do a step in a turn, each in turn", async () => {
  const { done, all } = working(3, 2, 10);
  const seen: number[] = [];
  while (done.length < 6) {
    await nextTurn();
    seen.push(done.length);
  }
  await all;
  // All three had asked before any step was done; from then on there is one in each turn.
  expect(seen).toEqual([4, 5, 6]);
  expect(done).toEqual(["0.0", "1.0", "2.0", "0.1", "1.1", "2.1"]);
});

it("lets a worker that is alone do many short steps in a turn", async () => {
  const { done, all } = working(1, 100, 0.01);
  await nextTurn();
  const first = done.length;
  expect(first).toBeGreaterThan(10);
  expect(first).toBeLessThan(100);
  await all;
  expect(done).toHaveLength(100);
});

it("begins a new slice after a rest", async () => {
  const { done, all } = working(1, 1, 10);
  await all;
  await nextTurn();
  await nextTurn();
  expect(done).toEqual(["0.0"]);
  const again = working(1, 3, 0.01);
  expect(again.done).toEqual([]);
  await again.all;
  expect(again.done).toHaveLength(3);
});

it("has the clients take turns", async () => {
  const slice = new TimeSlice(0, 8);
  const done: string[] = [];
  await Promise.all(
    ["crowd", "crowd", "crowd", "one", "crowd", "other"].map(async (client, i) => {
      await slice.take(() => client);
      done.push(`${client} ${String(i)}`);
    }),
  );
  expect(done).toEqual(["crowd 0", "one 3", "other 5", "crowd 1", "crowd 2", "crowd 4"]);
});

/** Who goes on in each turn, when each of these waits for a step of 1 ms, and a slice is 2 ms. */
async function turnsOf(clients: readonly string[], steps: number): Promise<string[]> {
  let now = 0;
  const slice = new TimeSlice(2, steps, undefined, () => now);
  const done: string[] = [];
  const seen: string[] = [];
  const step = async (client: string): Promise<void> => {
    await slice.take(() => client);
    // Some of what a step does comes behind promises of its own.
    for (let i = 0; i < 9; i++) await Promise.resolve();
    now += 1;
    done.push(client);
  };
  await slice.take();
  now += 2; // of this turn nothing is left
  const all = Promise.all(clients.map(step));
  for (let left = clients.length; left > 0; left -= done.splice(0).length) {
    await nextTurn();
    seen.push(done.join(" "));
  }
  await all;
  return seen;
}

it("has as many go on in a turn as there is time for, of one client where no other waits", async () => {
  const clients = ["crowd", "crowd", "crowd", "crowd", "one", "one", "other"];
  expect(await turnsOf(clients, 8)).toEqual(["crowd one", "other crowd", "one crowd", "crowd"]);
  expect(await turnsOf(clients, 1)).toEqual(["crowd", "one", "other", "crowd", "one", "crowd", "crowd"]);
});

it("has nobody go on while there is enough elsewhere", async () => {
  const elsewhere = new ReadsUnderWay();
  const settle: (() => void)[] = [];
  for (let i = 0; i < 8; i++)
    void elsewhere.count(
      new Promise<void>((resolve) => {
        settle.push(resolve);
      }),
    );
  const slice = new TimeSlice(0, 4, elsewhere);
  const done: string[] = [];
  const all = Promise.all(
    ["first", "second", "third"].map(async (client) => {
      await slice.take(() => client);
      done.push(client);
    }),
  );
  for (let turn = 0; turn < 5; turn++) await nextTurn();
  expect(done).toEqual([]);
  settle[0]?.();
  await all;
  expect(done).toEqual(["first", "second", "third"]);
});
