import { connect, createServer, type AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { Breather } from "../src/base/breather.ts";
import { SharedBreather } from "../src/base/shared-breather.ts";

/** Works in turns, as plans do, until it is over, or until there were too many of them. */
async function work(isOver: () => boolean, turns: number): Promise<number> {
  const breather = new Breather();
  for (let turn = 1; turn <= turns; turn++) {
    const until = performance.now() + 11;
    while (performance.now() < until);
    await breather.breathe();
    if (isOver()) return turn;
  }
  return Number.POSITIVE_INFINITY;
}

test("sockets have their turn while several work, each for as long as it may at a time", async () => {
  const server = createServer((socket) => socket.end("here"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  let answered = false;
  const { port } = server.address() as AddressInfo;
  connect(port, "127.0.0.1").on("data", () => (answered = true));
  const turns = await Promise.all(Array.from({ length: 4 }, () => work(() => answered, 100)));
  expect(Math.max(...turns)).toBeLessThan(100);
  server.close();
});

test("no more than one of many who have paused goes on in a turn of the event loop", async () => {
  const went: number[] = [];
  const breathers = Array.from({ length: 60 }, () => new Breather());
  const until = performance.now() + 11;
  while (performance.now() < until);
  const all = Promise.all(
    breathers.map(async (breather, i) => {
      await breather.breathe();
      went.push(i);
    }),
  );
  for (let before = 0; went.length < breathers.length; before = went.length) {
    await new Promise((resolve) => setImmediate(resolve));
    expect(went.length - before).toBeLessThanOrEqual(1);
  }
  await all;
  expect(went).toEqual(breathers.map((_, i) => i));
});

test("many who work by one breather have ten milliseconds of a turn together", async () => {
  let nowMs = 0;
  let workedMs = 0;
  const breather = new SharedBreather(() => nowMs);
  const done: number[] = [];
  const all = Promise.all(
    Array.from({ length: 30 }, async (_, i) => {
      for (let step = 0; step < 4; step++) {
        const pause = breather.breathe();
        if (pause !== undefined) await pause;
        nowMs += 2;
        workedMs += 2;
      }
      done.push(i);
    }),
  );
  const turns: number[] = [];
  while (done.length < 30) {
    await new Promise((resolve) => setImmediate(resolve));
    turns.push(workedMs);
    workedMs = 0;
  }
  await all;
  expect(Math.max(...turns)).toBeLessThanOrEqual(20);
  // A turn of its own is not spent on who stays within them.
  expect(turns.length).toBeLessThan(60);
});
