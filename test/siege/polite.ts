/** A client that does what clients do, while others do what they should not; and what it sees. */
import { createHash } from "node:crypto";
import { Agent, request } from "node:http";
import { auth } from "../runtimes/client.ts";

/** What the polite client saw. */
export interface Seen {
  readonly requests: number;
  /** Replies that were missing, broken or not what they should be. */
  readonly failures: readonly string[];
  /** Milliseconds. */
  readonly p99: number;
  /** The longest that the server took for a request that asks nothing of it: no turn of its event loop was longer. */
  readonly worstTurn: number;
}

/** Something that the polite client asks for, and what it has to get. */
export interface Wanted {
  readonly method: string;
  readonly path: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly status: number;
  /** SHA-256 of the reply, where that is known. */
  readonly sha256?: string | undefined;
}

const PAUSE_MS = 40;
const ADDRESS = "203.0.113.250";

/** Asks for one thing after another until it is told to stop. */
export function politeClient(url: string, wanted: (turn: number) => Wanted): { stop(): Promise<Seen> } {
  const agent = new Agent({ keepAlive: true });
  const latencies: number[] = [];
  const probes: number[] = [];
  const failures: string[] = [];
  let stopped = false;
  const until = async (turn: (i: number) => Promise<void>): Promise<void> => {
    for (let i = 0; !stopped; i++) {
      await turn(i);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  };
  const asking = until(async (i) => {
    const one = wanted(i);
    const startedMs = performance.now();
    const failure = await ask(agent, url, one);
    latencies.push(performance.now() - startedMs);
    if (failure !== undefined) failures.push(`${one.method} ${one.path}: ${failure}`);
  });
  const probing = until(async () => {
    const startedMs = performance.now();
    await ask(agent, url, { method: "GET", path: "/healthz", status: 200 });
    probes.push(performance.now() - startedMs);
  });
  return {
    stop: async () => {
      stopped = true;
      await Promise.all([asking, probing]);
      agent.destroy();
      const sorted = latencies.toSorted((a, b) => a - b);
      const p99 = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0;
      return { requests: sorted.length, failures, p99, worstTurn: Math.max(0, ...probes) };
    },
  };
}

/** Why a reply is not what it should be; undefined when it is. */
function ask(agent: Agent, url: string, wanted: Wanted): Promise<string | undefined> {
  const { hostname, port } = new URL(url);
  const { method, path, body = new Uint8Array(0) } = wanted;
  const { authorization } = auth;
  const headers = { authorization, "x-forwarded-for": ADDRESS, "content-length": body.length, ...wanted.fields };
  return new Promise((resolve) => {
    const sent = request({ agent, host: hostname, port, method, path, headers }, (response) => {
      const hash = createHash("sha256");
      response.on("data", (chunk: Buffer) => hash.update(chunk));
      response.once("error", ({ message }) => {
        resolve(`broken: ${message}`);
      });
      response.once("end", () => {
        if (response.statusCode !== wanted.status) resolve(`status ${String(response.statusCode)}`);
        else if (wanted.sha256 !== undefined && hash.digest("hex") !== wanted.sha256) resolve("other bytes");
        else resolve(undefined);
      });
    });
    sent.once("error", ({ message }) => {
      resolve(message);
    });
    sent.end(body);
  });
}
