/** The thread of a polite client. What hostile clients cost where they run would else be taken for what the server takes. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { parentPort, workerData } from "node:worker_threads";
import type { Asking, Seen, Wanted } from "./polite.ts";

const PAUSE_MS = 40;
const ADDRESS = "203.0.113.250";
/** From one upload's start to that of the next, milliseconds. */
const STEP_MS = 8000;

const { url, pid, authorization, wanted } = workerData as Asking;
const agent = new Agent({ keepAlive: true });
const latencies: number[] = [];
const probes: number[] = [];
const failures: string[] = [];
let stopped = false;

parentPort?.once("message", () => {
  stopped = true;
});
await Promise.all([until(asking), until(probing)]);
agent.destroy();
const sorted = latencies.toSorted((a, b) => a - b);
const p99 = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0;
const seen: Seen = { requests: sorted.length, failures, p99, worstTurn: Math.max(0, ...probes) };
parentPort?.postMessage(seen);

async function until(turn: (i: number) => Promise<void>): Promise<void> {
  for (let i = 0; !stopped; i++) {
    await turn(i);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

async function asking(i: number): Promise<void> {
  const one = wanted[i % wanted.length];
  if (one === undefined) return;
  const round = Math.floor(i / wanted.length);
  const path = one.startMs === undefined ? one.path : `${one.path}?start=${String(one.startMs + round * STEP_MS)}`;
  const startedMs = performance.now();
  const failure = await ask({ ...one, path });
  latencies.push(performance.now() - startedMs);
  if (failure !== undefined) failures.push(`${one.method} ${path}: ${failure}`);
}

async function probing(): Promise<void> {
  const startedMs = ranMs();
  await ask({ method: "GET", path: "/healthz", status: 200 });
  probes.push(ranMs() - startedMs);
}

/** How long the server's main thread has run, milliseconds: hostile clients wait for the same cores. Where Linux does not tell: the time. */
function ranMs(): number {
  try {
    return Number(readFileSync(`/proc/${String(pid)}/task/${String(pid)}/schedstat`, "latin1").split(" ")[0]) / 1e6;
  } catch {
    return performance.now();
  }
}

/** Why a reply is not what it should be; undefined when it is. */
function ask({ method, path, fields, body = new Uint8Array(0), status, sha256 }: Wanted): Promise<string | undefined> {
  const { hostname, port } = new URL(url);
  const headers = { authorization, "x-forwarded-for": ADDRESS, "content-length": body.length, ...fields };
  return new Promise((resolve) => {
    const sent = request({ agent, host: hostname, port, method, path, headers }, (response) => {
      const hash = createHash("sha256");
      response.on("data", (chunk: Buffer) => hash.update(chunk));
      response.once("error", ({ message }) => {
        resolve(`broken: ${message}`);
      });
      response.once("end", () => {
        if (response.statusCode !== status) resolve(`status ${String(response.statusCode)}`);
        else if (sha256 !== undefined && hash.digest("hex") !== sha256) resolve("other bytes");
        else resolve(undefined);
      });
    });
    sent.once("error", ({ message }) => {
      resolve(message);
    });
    sent.end(body);
  });
}
