/** The short form of `npm run siege`: what does not depend on how fast the machine is. */
import { expect, it } from "vitest";
import { seedOf } from "../support/random.ts";
import { cases } from "./cases.ts";
import { siege, type Outcome } from "./siege.ts";

it("a polite client sees no failure beside hostile ones, and all slots come back", async () => {
  const seed = seedOf(41);
  const outcomes: Outcome[] = [];
  await siege("node", seed, 0.05, (outcome) => outcomes.push(outcome));
  const told = outcomes.map(({ name, failures, slots }) => ({ name, failures, slots }));
  expect(told, `seed ${seed}`).toEqual(cases.map(({ name }) => ({ name, failures: [], slots: 0 })));
  for (const { name, requests } of outcomes) expect(requests, name).toBeGreaterThan(0);
});
