/**
 * `npm run fuzz`: mutated inputs by the million, on every processor. Goes on where it was stopped; what does harm is kept
 * in test/fuzz/crashers. Options: `--count` cases in all (10^7), `--seed` (1), `--threads`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { compiledCore } from "../hostile/feed.ts";
import { Fuzzer } from "./case.ts";
import { keepCrasher } from "./crashers.ts";

/** Cases a thread takes at once. */
const BATCH = 5000;
/** A case that runs longer hangs: its thread is ended. Milliseconds. */
const PATIENCE = 20_000;
const STATE = "build/fuzz-state.json";
const CRASHERS = join("test", "fuzz", "crashers");

interface Job {
  readonly seed: number;
  /** The case that is running. */
  readonly at: Int32Array;
}

/** A batch that is done, and the cases in it that did harm. */
interface Report {
  readonly from: number;
  readonly harm: readonly (readonly [number, string])[];
}

if (isMainThread) await main();
else await work(workerData as Job);

async function work({ seed, at }: Job): Promise<void> {
  const fuzzer = new Fuzzer(await compiledCore(), seed);
  parentPort?.on("message", ({ from, to }: { from: number; to: number }) => {
    const harm: [number, string][] = [];
    for (let i = from; i < to; i++) {
      Atomics.store(at, 0, i);
      try {
        fuzzer.run(i);
      } catch (error) {
        harm.push([i, error instanceof Error ? (error.stack ?? error.message) : String(error)]);
      }
    }
    parentPort?.postMessage({ from, harm } satisfies Report);
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { count: { type: "string" }, seed: { type: "string" }, threads: { type: "string" } },
  });
  const count = Number(values.count ?? 1e7);
  const seed = Number(values.seed ?? 1);
  const fuzzer = new Fuzzer(await compiledCore(), seed);
  const begun = Date.now();
  const first = resumeAt(seed);
  let next = first;
  let done = first;
  let harmed = 0;
  console.log(`seed ${seed}, cases ${first} to ${count}`);
  const running = new Set<number>();

  const note = async (i: number, why: string): Promise<void> => {
    harmed++;
    console.error(`case ${i}: ${await keepCrasher(CRASHERS, `${seed}-${i}`, fuzzer.make(i))}\n${why}`);
  };
  const finished = (from: number, to: number): void => {
    running.delete(from);
    done += to - from;
    // Everything below the lowest running batch is done.
    writeFileSync(STATE, JSON.stringify({ seed, next: Math.min(next, ...running) }));
    const rate = (done - first) / ((Date.now() - begun) / 1000);
    process.stdout.write(`\r${done} of ${count}, ${Math.round(rate)} a second, ${harmed} did harm   `);
  };

  const thread = async (from: number, to: number): Promise<void> => {
    for (;;) {
      if (from >= to) {
        if (next >= count) return;
        [from, to] = [next, Math.min(count, next + BATCH)];
        next = to;
      }
      const hung = await runBatches(from, to);
      if (hung === undefined) return;
      await note(hung.at, `no answer within ${PATIENCE} ms`);
      [from, to] = [hung.at + 1, hung.to];
      if (from >= to) finished(hung.from, hung.to);
    }
  };

  /** Runs batches in one worker until none is left, or one hangs. */
  const runBatches = (from: number, to: number): Promise<{ at: number; from: number; to: number } | undefined> => {
    const at = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { seed, at } satisfies Job });
    let seen = -1;
    const start = (): void => {
      running.add(from);
      worker.postMessage({ from, to });
    };
    start();
    return new Promise((resolve, reject) => {
      const watch = setInterval(() => {
        const now = Atomics.load(at, 0);
        if (now === seen) end({ at: now, from, to });
        seen = now;
      }, PATIENCE);
      const end = (hung?: { at: number; from: number; to: number }): void => {
        clearInterval(watch);
        void worker.terminate().then(() => resolve(hung));
      };
      worker.on("error", reject);
      worker.on("message", (report: Report) => {
        finished(from, to);
        void Promise.all(report.harm.map(([i, why]) => note(i, why))).then(() => {
          if (next >= count) {
            end();
            return;
          }
          [from, to] = [next, Math.min(count, next + BATCH)];
          next = to;
          start();
        }, reject);
      });
    });
  };

  const threads = Number(values.threads ?? availableParallelism());
  await Promise.all(Array.from({ length: threads }, () => thread(0, 0)));
  console.log(`\n${done - first} cases in ${Math.round((Date.now() - begun) / 1000)} s, ${harmed} did harm`);
  process.exitCode = harmed > 0 ? 1 : 0;
}

/** Where the last run with this seed stopped; 0 when there was none. */
function resumeAt(seed: number): number {
  try {
    const state = JSON.parse(readFileSync(STATE, "utf8")) as { seed: number; next: number };
    return state.seed === seed ? state.next : 0;
  } catch {
    return 0;
  }
}
