import { execFileSync, spawn } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { BoxcarError } from "../../src/base/errors.ts";
import type { Store } from "../../src/base/ports.ts";
import { FileStore } from "../../src/store/file/file.ts";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { record } from "../support/recording.ts";
import { packetHashes } from "../support/tools.ts";

let file: string;
let stream: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  const [segment] = await record({ count: 1, seconds: 6, fragmented: true });
  file = segment?.file ?? "";
  stream = new Uint8Array(await readFile(file));
});

interface Job {
  readonly state: string;
  readonly keeping: number;
  readonly bitrate: number;
  readonly frameRate: number;
  readonly driftMs: number;
  readonly dropped: number;
  readonly spoolSeconds: number | null;
  readonly reason: { readonly error: string } | null;
}

async function jobOf(server: TestServer): Promise<Job | undefined> {
  return ((await server.call("/mp4/api/jobs")).json.data as Job[])[0];
}

async function packets(server: TestServer, path: string): Promise<string[]> {
  const whole = await server.fetch(path);
  expect(whole.status).toBe(200);
  const saved = join(server.folder, "whole.mp4");
  await writeFile(saved, new Uint8Array(await whole.arrayBuffer()));
  return packetHashes(saved);
}

/** A store that takes nothing while it is away. */
function leaving(store: Store): { store: Store; isAway: boolean } {
  const away = (): never => {
    throw new BoxcarError("store_failed", "The store is away.");
  };
  const parts: { store: Store; isAway: boolean } = {
    isAway: true,
    store: {
      get: (...given) => store.get(...given),
      delete: (key) => store.delete(key),
      list: (prefix) => store.list(prefix),
      head: async (key) => (parts.isAway ? away() : store.head(key)),
      put: async (...given) => (parts.isAway ? away() : store.put(...given)),
    } satisfies Store,
  };
  return parts;
}

test("a store that is away loses nothing: the job says how long the spool lasts, and a later server brings it there", async () => {
  const shared = await mkdtemp(join(tmpdir(), "boxcar-shared-"));
  const places = {
    BOXCAR_CATALOG: `file:${join(shared, "catalog.db")}`,
    BOXCAR_STORE: `file:${join(shared, "media")}`,
  };
  const away = leaving(new FileStore(join(shared, "media")));
  const server = await startTestServer(places, { store: away.store });
  const { folder } = server;
  let more: (chunk: Uint8Array) => void = () => undefined;
  let end: () => void = () => undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      more = (chunk) => {
        controller.enqueue(chunk);
      };
      end = () => {
        controller.close();
      };
    },
  });
  const init = { method: "POST", body, duplex: "half" } as RequestInit;
  const pushing = server.fetch("/mp4/live/live/a?fragment=2s", init);
  more(stream.subarray(0, 1));
  await new Promise((resolve) => setTimeout(resolve, 1100));
  more(stream.subarray(1));
  await expect.poll(() => jobOf(server)).toMatchObject({ state: "recording", keeping: 2, dropped: 0, reason: null });
  const job = await jobOf(server);
  const bits = ((stream.length - 1300) * 8) / 6;
  expect(job?.bitrate).toBeGreaterThan(bits * 0.95);
  expect(job?.bitrate).toBeLessThan(bits * 1.05);
  expect(job?.frameRate).toBeCloseTo(25, 0);
  expect(Math.abs(job?.driftMs ?? Number.NaN)).toBeLessThan(10_000);
  const { bavail, bsize } = await statfs(folder);
  const seconds = (bavail * bsize * 8) / (job?.bitrate ?? 1);
  expect((job?.spoolSeconds ?? 0) / seconds).toBeGreaterThan(0.5);
  expect((job?.spoolSeconds ?? 0) / seconds).toBeLessThan(2);
  expect(await (await server.fetch("/metrics")).text()).toMatch(
    /boxcar_recording_bits_per_second\{stream="live\/a"\} \d/,
  );
  // It can be had all the same.
  const recorded = async (): Promise<number> =>
    ((await server.call("/mp4/api/list/live/a")).json.data as { durationMs: number }[]).reduce(
      (sum, { durationMs }) => sum + durationMs,
      0,
    );
  await expect.poll(recorded).toBe(6000);
  expect(await packets(server, "/mp4/download/live/a.mp4?partial=1")).toEqual(await packetHashes(file));
  // A kill now would leave the spool as it is: another server brings it all to the store, each segment once.
  const again = await mkdtemp(join(tmpdir(), "boxcar-again-"));
  const spool = join(again, "spool");
  await cp(join(folder, "spool"), spool, { recursive: true });
  // Its number is that of another process for now, so that it seems to live.
  const other = spawn("sleep", ["60"]);
  for (const name of await readdir(spool)) await writeFile(join(spool, name, "owner"), String(other.pid));
  const next = await startTestServer(places, { recoverMs: 20 }, again);
  expect((await next.call("/mp4/api/list/live/a")).json.total).toBe(0);
  other.kill();
  await expect.poll(async () => (await next.call("/mp4/api/list/live/a")).json.total, { timeout: 5000 }).toBe(3);
  expect(await packets(next, "/mp4/download/live/a.mp4")).toEqual(await packetHashes(file));
  await next.close();
  // The one that goes on after all finds that, when the store is back.
  away.isAway = false;
  end();
  await pushing;
  expect(await jobOf(server)).toMatchObject({ state: "ended", keeping: 0, setAside: 0, spoolSeconds: null });
  expect((await server.call("/mp4/api/list/live/a")).json.total).toBe(3);
  expect(await packets(server, "/mp4/download/live/a.mp4")).toEqual(await packetHashes(file));
  await server.close();
  await rm(shared, { recursive: true });
});

test("who pushes what cannot be taken is told at once, also while the store is away", async () => {
  const folder = await mkdtemp(join(tmpdir(), "boxcar-away-"));
  const away = leaving(new FileStore(folder));
  const server = await startTestServer({}, { store: away.store });
  const body = Buffer.concat([stream, Uint8Array.of(0, 0, 0, 4, 0x6d, 0x6f, 0x6f, 0x66)]); // a box shorter than its head
  expect((await server.call("/mp4/live/live/a?fragment=2s", { method: "POST", body })).status).toBe(422);
  expect(await jobOf(server)).toMatchObject({ state: "failed", keeping: 3 });
  away.isAway = false;
  await expect.poll(() => jobOf(server), { timeout: 4000 }).toMatchObject({ keeping: 0 });
  await server.close();
  await rm(folder, { recursive: true });
});

test("a full disk ends a part, not what was recorded, and says so", async (context) => {
  const disk = await mkdtemp(join(tmpdir(), "boxcar-small-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=200k", "tmpfs", disk], { stdio: "pipe" });
  } catch {
    context.skip("tmpfs cannot be mounted");
  }
  try {
    const other = await mkdtemp(join(tmpdir(), "boxcar-roomy-"));
    const places = {
      BOXCAR_CATALOG: `file:${join(other, "catalog.db")}`,
      BOXCAR_STORE: `file:${join(other, "media")}`,
    };
    const server = await startTestServer(places, {}, join(disk, "data"));
    const init = { method: "POST", body: stream, duplex: "half" } as RequestInit;
    const pushed = await server.call("/mp4/live/live/full?fragment=60s", init);
    expect(pushed).toMatchObject({ status: 507, json: { error: "store_full" } });
    const failed = { state: "failed", dropped: 1, keeping: 0, reason: { error: "store_full" } };
    await expect.poll(() => jobOf(server), { timeout: 5000 }).toMatchObject(failed);
    const kept = await packets(server, "/mp4/download/live/full.mp4");
    expect(kept.length).toBeGreaterThan(25);
    expect(kept).toEqual((await packetHashes(file)).slice(0, kept.length));
    await server.close().catch(() => undefined);
    await rm(other, { recursive: true });
  } finally {
    execFileSync("umount", ["--lazy", disk]);
    await rm(disk, { recursive: true, force: true });
  }
});
