/**
 * `npm run torture [-- ROUNDS [SEED]]`: rounds on a fleet until so many are done (100), with a seed (1). What it did is
 * kept in build/torture/data after every round: started again, it goes on where it ended. A new seed starts anew.
 */
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startFleet } from "./fleet.ts";
import { newState, tortureRound, type TortureState } from "./torture.ts";

const [rounds = 100, seed = 1] = process.argv.slice(2).map(Number);
const folder = fileURLToPath(new URL("data", import.meta.url));
const file = join(folder, "state.json");

async function load(): Promise<TortureState> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  const known = text === undefined ? undefined : (JSON.parse(text) as TortureState);
  if (known?.seed === seed && known.rounds < rounds) return known;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return newState(seed);
}

async function save(state: TortureState): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(state));
  await rename(`${file}.new`, file);
}

const state = await load();
console.log(state.rounds === 0 ? `seed ${seed}` : `seed ${seed}, going on after round ${state.rounds}`);
const fleet = await startFleet(folder);
try {
  while (state.rounds < rounds) {
    const startedMs = performance.now();
    await tortureRound(fleet, state);
    await save(state);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    console.log(`round ${state.rounds} of ${rounds}, ${seconds} s: ${JSON.stringify(state.counts)}`);
  }
} finally {
  await fleet.stop();
}
