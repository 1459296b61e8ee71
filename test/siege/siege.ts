/** Hostile clients beside a polite one, on a server started by its real entry: what the polite one saw, and what is left. */
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auth, token, upload } from "../runtimes/client.ts";
import { startEdge, type ProcessEdge, type ServerName } from "../runtimes/edges.ts";
import { random } from "../support/random.ts";
import { record, RECORDED_AT } from "../support/recording.ts";
import { cases } from "./cases.ts";
import { politeClients, type Asking, type Seen, type Wanted } from "./polite.ts";

/** What is known after one case. */
export interface Outcome extends Seen {
  readonly name: string;
  /** MiB of resident memory above that of the warm server before the first case, once the hostile clients are gone. */
  readonly memory: number;
  readonly most: number;
  /** Slots in use then. */
  readonly slots: number;
  /** How long it took, until memory and slots were back. */
  readonly seconds: number;
}

const LARGE = 48 << 20;
const SETTLE_MS = 20_000;
/** How long the polite client asks alone first: idle is a server that has answered each kind of request many times. */
const WARM_MS = 5000;
/** A case is done over again until it has taken so long: a 99th percentile needs hundreds of requests. */
const LEAST_MS = 10_000;

/**
 * Tries every case once.
 * @param scale how much of everything: 1 in minutes, 0.1 in seconds
 * @param signal ends it within the case that is tried, by an error
 */
export async function siege(
  runtime: ServerName,
  seed: number,
  scale: number,
  tell: (outcome: Outcome) => void,
  signal?: AbortSignal,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "boxcar-siege-"));
  const edge = await startEdge(runtime, {
    ...{ BOXCAR_DATA: folder, BOXCAR_TOKEN: token, BOXCAR_GUESTS: "read,upload", BOXCAR_TRUSTED_PROXIES: "127.0.0.1" },
    ...{ BOXCAR_CLIENT_RATE: "0", BOXCAR_TOKEN_RATE: "0", BOXCAR_LOG: "info" },
    ...{ BOXCAR_UPLOAD_GRACE: "2", BOXCAR_DOWNLOADS: "2000" },
    MALLOC_TRIM_THRESHOLD_: "131072", // as docs/deploy.md says
  });
  try {
    const { large, wanted } = await prepare(edge.url);
    const asking: Asking = { url: edge.url, pid: edge.pid, authorization: auth.authorization, wanted };
    const politeClient = await politeClients();
    const before = politeClient(asking);
    for (const until = Date.now() + WARM_MS * scale; Date.now() < until;) await downloaded(edge.url + large);
    await before.stop();
    const idle = await residentOf(edge);
    const stopped = aborted(signal);
    for (const { name, run } of cases) {
      const polite = politeClient(asking);
      let most = 0;
      const startedMs = performance.now();
      const watch = setInterval(() => void residentOf(edge).then((now) => (most = Math.max(most, now))), 200);
      const chance = random(seed);
      do await Promise.race([run({ url: edge.url, large, chance, scale }), stopped]);
      while (performance.now() - startedMs < LEAST_MS * scale);
      const { slots, memory } = await settled(edge, idle);
      clearInterval(watch);
      const seconds = (performance.now() - startedMs) / 1000;
      tell({ name, ...(await polite.stop()), memory, most: most - idle, slots, seconds });
    }
  } finally {
    await edge.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Rejects when the signal is given. */
function aborted(signal: AbortSignal | undefined): Promise<never> {
  const rejected = new Promise<never>((_, reject) => {
    signal?.addEventListener("abort", () => {
      reject(new Error("interrupted"));
    });
  });
  rejected.catch(() => undefined); // it may come between two cases
  return rejected;
}

/** Uploads what is asked for, and says what the polite client asks. */
async function prepare(url: string): Promise<{ large: string; wanted: readonly Wanted[] }> {
  const segments = await record({ count: 3, seconds: 2 });
  const files = await Promise.all(segments.map(({ file }) => readFile(file)));
  for (const [i, { startMs }] of segments.entries()) await upload(url, "polite", startMs, files[i] ?? new Uint8Array());
  const [body = new Uint8Array()] = files;
  const free = Buffer.alloc(LARGE);
  free.writeUInt32BE(LARGE, 0);
  free.write("free", 4, "latin1");
  const { url: large } = await upload(url, "large", RECORDED_AT, Buffer.concat([body, free]));
  const path = `/mp4/download/polite.mp4?start=${String(RECORDED_AT + 500)}&end=${String(RECORDED_AT + 5500)}`;
  const whole = new Uint8Array(await (await fetch(url + path, { headers: auth })).arrayBuffer());
  const sha256 = createHash("sha256").update(whole).digest("hex");
  const wanted: readonly Wanted[] = [
    { method: "GET", path, status: 200, sha256 },
    { method: "GET", path: large, fields: { range: "bytes=1000-200999" }, status: 206 },
    { method: "GET", path: "/mp4/api/list/polite", status: 200 },
    { method: "PUT", path: "/mp4/api/segments/own", startMs: RECORDED_AT + 3_600_000, body, status: 201 },
  ];
  return { large, wanted };
}

/** Reads a whole download, beside three others. */
async function downloaded(url: string): Promise<void> {
  const one = async (): Promise<void> => {
    const response = await fetch(url, { headers: auth });
    await response.arrayBuffer();
  };
  await Promise.all([one(), one(), one(), one()]);
}

/** Waits until the slots are back and memory is near where it was, or long enough. */
async function settled(edge: ProcessEdge, idle: number): Promise<{ slots: number; memory: number }> {
  for (const until = Date.now() + SETTLE_MS; ;) {
    const text = await (await fetch(`${edge.url}/metrics`, { headers: auth })).text();
    const gauges = [...text.matchAll(/^boxcar_(?:downloads|uploads) (\d+)$/gm)];
    // The polite client may hold one of each.
    const slots = Math.max(0, gauges.reduce((sum, [, count]) => sum + Number(count), 0) - 2);
    const memory = (await residentOf(edge)) - idle;
    if ((slots === 0 && memory <= 64) || Date.now() > until) return { slots, memory };
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** MiB of resident memory of a server; 0 where there is no `/proc`. */
async function residentOf({ pid }: ProcessEdge): Promise<number> {
  const status = await readFile(`/proc/${String(pid)}/status`, "utf8").catch(() => "");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}
