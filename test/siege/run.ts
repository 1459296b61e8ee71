/**
 * `npm run siege [-- RUNTIME [SEED [SCALE]]]`: hostile clients on a server on `node` (default), `bun` or `deno`, beside a
 * polite one. Says at the end which bounds held, and ends with 1 when one did not; with 130 when it was interrupted.
 */
import { servers } from "../runtimes/edges.ts";
import { cases, SLOW_READERS } from "./cases.ts";
import { siege, type Outcome } from "./siege.ts";

const [name = "node", seed = "1", scale = "1"] = process.argv.slice(2);
const runtime = servers.find((server) => server === name);
if (runtime === undefined) throw new Error(`${name} is none of ${servers.join(", ")}`);

const interrupted = new AbortController();
process.once("SIGINT", () => {
  interrupted.abort();
});
const startedMs = Date.now();
const outcomes: Outcome[] = [];
console.log(
  `${runtime}, seed ${seed}, scale ${scale}: of the polite client requests, failures, p99 (ms) and worst turn (ms of CPU); MiB after (most); slots after; seconds`,
);
try {
  await siege(runtime, Number(seed), Number(scale), tell, interrupted.signal);
} catch (error) {
  if (!interrupted.signal.aborted) throw error;
  console.log(`interrupted after ${String(outcomes.length)} of ${String(cases.length)} cases`);
}
judge();
if (interrupted.signal.aborted) process.exit(130);

function tell(outcome: Outcome): void {
  outcomes.push(outcome);
  const { requests, failures, p99, worstTurn, memory, most, slots, seconds } = outcome;
  const figures = [requests, failures.length, p99.toFixed(0), worstTurn.toFixed(0), `${memory} (${most})`, slots];
  const cells = [...figures, seconds.toFixed(0)].map((figure) => String(figure).padStart(11));
  console.log(`${String(outcomes.length)}/${String(cases.length)} ${outcome.name.padEnd(36)}${cells.join("")}`);
  for (const failure of failures.slice(0, 5)) console.log(`  ${failure}`);
}

/** Says of each bound whether all cases kept to it. The worst turn is told alone: it depends on the machine. */
function judge(): void {
  const worst = (of: (outcome: Outcome) => number, among = outcomes): number => Math.max(0, ...among.map(of));
  const slow = outcomes.filter((outcome) => outcome.name === SLOW_READERS);
  const bounds: readonly (readonly [string, number, number])[] = [
    ["failures of the polite client", worst(({ failures }) => failures.length), 0],
    ["p99 of the polite client, ms", worst(({ p99 }) => p99), 250],
    ["slots after a case", worst(({ slots }) => slots), 0],
    ["MiB above idle after a case", worst(({ memory }) => memory), 64],
    ["MiB above idle beside slow readers", worst(({ most }) => most, slow), 256],
  ];
  for (const [what, found, bound] of bounds) {
    const held = found <= bound;
    if (!held) process.exitCode = 1;
    console.log(`${held ? "pass" : "FAIL"}  ${what}: ${found.toFixed(0)} (at most ${String(bound)})`);
  }
  console.log(`      worst turn: ${worst(({ worstTurn }) => worstTurn).toFixed(0)} ms of CPU (wanted: 50)`);
  console.log(`      ${((Date.now() - startedMs) / 1000).toFixed(0)} s in all`);
}
