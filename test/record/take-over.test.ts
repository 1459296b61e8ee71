import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startEdge, type ProcessEdge } from "../runtimes/edges.ts";
import { hasEncoder } from "../support/tools.ts";

const FRAGMENT_S = 2;
const source = { url: "lavfi:testsrc2=size=160x120:rate=25", mode: "auto", fragment: `${FRAGMENT_S}s` };
let folder: string;
const nodes: ProcessEdge[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "boxcar-takeover-"));
});
afterAll(async () => {
  for (const { pid } of nodes) process.kill(pid, "SIGCONT");
  await Promise.all(nodes.map((node) => node.stop()));
  await rm(folder, { recursive: true });
});

async function start(name: string): Promise<ProcessEdge> {
  const node = await startEdge("node", {
    BOXCAR_DATA: join(folder, name),
    BOXCAR_CATALOG: `file:${join(folder, "catalog.db")}`,
    BOXCAR_STORE: `file:${join(folder, "media")}`,
    ...{ BOXCAR_SOURCES_ALLOW: "lavfi", BOXCAR_SOURCE_LEASE: "2", BOXCAR_LOG: "info" },
  });
  nodes.push(node);
  return node;
}

async function data<T>(node: ProcessEdge, path: string, init?: RequestInit): Promise<T[]> {
  return ((await (await fetch(node.url + path, init)).json()) as { data: T[] }).data;
}

interface Job {
  readonly state: string;
  readonly lastSyncTime: string | null;
  readonly reason: { readonly error: string } | null;
}

interface Segment {
  readonly startTime: string;
  readonly endTime: string;
  readonly recording?: boolean;
}

const jobOf = async (node: ProcessEdge): Promise<Job | undefined> => (await data<Job>(node, "/mp4/api/jobs"))[0];

async function stored(node: ProcessEdge): Promise<{ startMs: number; endMs: number }[]> {
  const rows = await data<Segment>(node, "/mp4/api/list/live/a?pageSize=100");
  return rows
    .filter(({ recording }) => recording !== true)
    .map(({ startTime, endTime }) => ({ startMs: Date.parse(startTime), endMs: Date.parse(endTime) }))
    .sort((one, other) => one.startMs - other.startMs);
}

test.skipIf(!(await hasEncoder("libx264")))(
  "a node that stood still never publishes what another one records meanwhile, and loses nothing it had",
  async () => {
    const first = await start("first");
    const second = await start("second");
    const put = { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify(source) };
    await data(first, "/mp4/api/sources/live/a", put);
    await expect.poll(async () => (await stored(first)).length, { timeout: 15_000 }).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 800)); // into the second segment
    process.kill(first.pid, "SIGSTOP");
    const stoppedMs = Date.now();
    await expect.poll(async () => (await jobOf(second))?.state, { timeout: 20_000 }).toBe("recording");
    await expect.poll(async () => (await stored(second)).at(-1)?.endMs, { timeout: 20_000 }).toBeGreaterThan(stoppedMs);
    process.kill(first.pid, "SIGCONT");
    await expect
      .poll(() => jobOf(first), { timeout: 10_000 })
      .toMatchObject({ state: "failed", reason: { error: "taken_over" } });
    await data(second, "/mp4/api/sources/live/a", { method: "DELETE" });
    await expect.poll(async () => (await jobOf(second))?.state).toBe("ended");
    const segments = await stored(second);
    // Within a segment's share of 500 ppm, by which starts follow the clock.
    for (const [i, { startMs }] of segments.entries())
      expect(startMs, JSON.stringify(segments)).toBeGreaterThan((segments[i - 1]?.endMs ?? 0) - FRAGMENT_S);
    // What was on disk when it was stopped is there.
    const until = segments.filter(({ startMs }) => startMs < stoppedMs).at(-1)?.endMs ?? 0;
    expect(until).toBeGreaterThan(stoppedMs - 1500);
  },
  60_000,
);
