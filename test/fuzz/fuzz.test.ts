import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compiledCore } from "../hostile/feed.ts";
import { seedOf } from "../support/random.ts";
import { Fuzzer } from "./case.ts";
import { keptCrashers } from "./crashers.ts";

const COUNT = 30_000;
const seed = seedOf(1);
const fuzzer = new Fuzzer(await compiledCore(), seed);
const crashers = await keptCrashers(fileURLToPath(new URL("./crashers", import.meta.url)));

test.each(crashers)("$name does no harm any more", (kept) => {
  fuzzer.run(0, kept);
});

test(`${COUNT} mutated inputs end in refusals and sound indexes (seed ${seed})`, { timeout: 600_000 }, () => {
  const names = new Map<string, number>();
  const harm: string[] = [];
  for (let i = 0; i < COUNT && harm.length < 10; i++) {
    try {
      const { name } = fuzzer.run(i);
      names.set(name, (names.get(name) ?? 0) + 1);
    } catch (error) {
      harm.push(`case ${i} of seed ${seed}: ${String(error)}`);
    }
  }
  console.log([...names].map(([name, count]) => `${name} ${count}`).join(", "));
  expect(harm).toEqual([]);
  // Mutation reaches deep into the parser, not only its first checks.
  for (const name of ["accepted", "repaired", "bad_table", "outside_file", "bad_description", "time_overflow"]) {
    expect(names.get(name) ?? 0, name).toBeGreaterThan(0);
  }
});
