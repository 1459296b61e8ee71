/** When garbage is worth a collection; that memory comes back is `npm run siege`. */
import { expect, it } from "vitest";
import { Garbage } from "../../src/runtime/node/give-memory-back.ts";

const MiB = 1 << 20;

it("collects three times after 64 MiB have come up, more than one download leaves, and then from what is left", () => {
  const garbage = new Garbage(40 * MiB);
  const look = (held: number): boolean => garbage.isWorthIt({ held: held * MiB, connections: 1, busy: 0 });
  expect(look(103)).toBe(false);
  for (let i = 0; i < 3; i++) {
    expect(look(104)).toBe(true);
    garbage.collected({ held: 60 * MiB, connections: 1 });
  }
  expect(look(104)).toBe(false);
  // V8 has collected by itself: from there on.
  expect(look(30)).toBe(false);
  expect(look(94)).toBe(true);
});

it("collects three times when a crowd has gone, though nothing came up: what it held lies there", () => {
  const garbage = new Garbage(40 * MiB);
  const look = (connections: number): boolean => garbage.isWorthIt({ held: 50 * MiB, connections, busy: 0 });
  expect([10, 100, 80, 37, 36].map(look)).toEqual([false, false, false, false, true]);
  for (let i = 0; i < 3; i++) {
    garbage.collected({ held: 50 * MiB, connections: 0 });
    expect(look(0)).toBe(i < 2);
  }
});

it("waits while somebody would be kept waiting", () => {
  const garbage = new Garbage(0);
  expect(garbage.isWorthIt({ held: 900 * MiB, connections: 0, busy: 0.3 })).toBe(false);
  expect(garbage.isWorthIt({ held: 900 * MiB, connections: 0, busy: 0.29 })).toBe(true);
});

it("collects beside a crowd on Bun although others wait, since what those held who have gone came up beside it", () => {
  const garbage = new Garbage(40 * MiB, 32 * MiB);
  const look = (held: number, connections: number): boolean =>
    garbage.isWorthIt({ held: held * MiB, connections, busy: 1 });
  expect([look(90, 63), look(71, 64), look(72, 1)]).toEqual([false, false, true]);
  garbage.collected({ held: 50 * MiB, connections: 1 });
  expect(look(90, 63)).toBe(false);
});
