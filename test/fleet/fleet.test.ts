import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { seedOf } from "../support/random.ts";
import { sqldPath } from "../support/sqld.ts";
import { startFleet } from "./fleet.ts";
import { newState, tortureRound } from "./torture.ts";

it.skipIf(sqldPath === undefined)(
  "a fleet loses nothing when its processes are killed",
  { timeout: 180_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "boxcar-fleet-"));
    const state = newState(seedOf(1));
    const fleet = await startFleet(folder);
    try {
      while (state.rounds < 2) await tortureRound(fleet, state);
    } finally {
      await fleet.stop();
      await rm(folder, { recursive: true, force: true });
    }
    console.log(`seed ${state.seed}: ${JSON.stringify(state.counts)}`);
    expect(state.counts.kills).toBeGreaterThanOrEqual(4);
    expect(state.counts.downloads).toBeGreaterThan(0);
  },
);
