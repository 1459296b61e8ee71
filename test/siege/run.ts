/**
 * `npm run siege [-- RUNTIME [SEED [SCALE]]]`: hostile clients on a server on `node` (default), `bun` or `deno`, beside a
 * polite one. Ends with 1 when the polite client saw a failure, or slots or memory did not come back.
 */
import { servers } from "../runtimes/edges.ts";
import { siege } from "./siege.ts";

const [name = "node", seed = "1", scale = "1"] = process.argv.slice(2);
const runtime = servers.find((server) => server === name);
if (runtime === undefined) throw new Error(`${name} is none of ${servers.join(", ")}`);
console.log(
  `${runtime}, seed ${seed}: of the polite client requests, failures, p99 and worst turn (ms); MiB after (most); slots after`,
);
await siege(runtime, Number(seed), Number(scale), (outcome) => {
  const { requests, failures, p99, worstTurn, memory, most, slots } = outcome;
  const figures = [requests, failures.length, p99.toFixed(0), worstTurn.toFixed(0), `${memory} (${most})`, slots];
  console.log(`${outcome.name.padEnd(40)}${figures.map((figure) => String(figure).padStart(12)).join("")}`);
  for (const failure of failures.slice(0, 5)) console.log(`  ${failure}`);
  if (failures.length > 0 || slots > 0 || memory > 64) process.exitCode = 1;
});
