import { expect, test } from "vitest";
import type { PartFacts, StreamPart } from "../../src/core/index.ts";
import { PreRoll, PreRollBudget, type KeptPart } from "../../src/record/pre-roll.ts";
import type { Scratch } from "../../src/record/spool.ts";

/** A second of a group of two, a hundred bytes. */
function second(number: number): KeptPart {
  const at = { kind: "part", offset: 0, mediaHeader: Uint8Array.of(8), size: 100 } as const;
  const part: StreamPart = { ...at, moof: new Uint8Array(10).fill(number), media: [new Uint8Array(90).fill(number)] };
  const times = { startMs: number * 1000, endMs: (number + 1) * 1000, startsSync: number % 2 === 0 };
  return { part, facts: times as PartFacts };
}

/** A spool in memory, and what lies in it. */
function scratches(isFull = false): {
  kept: Set<Scratch>;
  scratch: (chunks: readonly Uint8Array[]) => Promise<Scratch>;
} {
  const kept = new Set<Scratch>();
  const scratch = (chunks: readonly Uint8Array[]): Promise<Scratch> => {
    if (isFull) return Promise.reject(new Error("full"));
    const one: Scratch = {
      read: () => Promise.resolve(new Uint8Array(Buffer.concat(chunks))),
      remove: () => Promise.resolve(void kept.delete(one)),
    };
    kept.add(one);
    return Promise.resolve(one);
  };
  return { kept, scratch };
}

async function taken(preRoll: PreRoll, beforeMs: number): Promise<StreamPart[]> {
  const parts: StreamPart[] = [];
  for await (const { part } of preRoll.take(beforeMs)) parts.push(part);
  return parts;
}

test("what came before an event goes on in the spool where memory is used up, and comes back as it was", async () => {
  const [budget, spool] = [new PreRollBudget(450), scratches()];
  const preRoll = new PreRoll(budget, spool, 10_000);
  for (let i = 0; i < 40; i++) await preRoll.add(second(i));
  expect(budget.used).toBeLessThanOrEqual(450);
  expect(spool.kept.size).toBeGreaterThan(0);
  const parts = await taken(preRoll, 9000);
  expect(parts).toEqual(Array.from({ length: 10 }, (_, i) => second(30 + i).part));
  expect([budget.used, spool.kept.size]).toEqual([0, 0]);
});

test("where the spool takes nothing the oldest groups of pictures are dropped", async () => {
  const [budget, spool] = [new PreRollBudget(450), scratches(true)];
  const preRoll = new PreRoll(budget, spool, 10_000);
  for (let i = 0; i < 20; i++) await preRoll.add(second(i));
  expect(budget.used).toBeLessThanOrEqual(450);
  expect(await taken(preRoll, 9000)).toEqual([16, 17, 18, 19].map((i) => second(i).part));
  expect(budget.used).toBe(0);
});
