/** Pictures wait for their turn: a page gets all of its own, and nobody waits for all of another's. */
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { recordNumbered } from "../browser/numbered-recording.ts";

const START = Date.UTC(2026, 0, 31, 10);
const token = "0123456789-abcdefgh";
const patient = { timeout: 20_000 };
const json = { "content-type": "application/json" };

let folder: string;
let video: Buffer<ArrayBuffer>;
let server: TestServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "boxcar-queue-"));
  const [file = ""] = await recordNumbered({ folder, name: "a", segments: 1, seconds: 2 });
  video = await readFile(file);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});
afterAll(() => rm(folder, { recursive: true }));

async function start(env: Record<string, string>): Promise<void> {
  server = await startTestServer({ BOXCAR_CLIENT_RATE: "0", ...env });
  const headers = { authorization: `Bearer ${token}` };
  const put = { method: "PUT", body: video, headers };
  expect((await server.fetch(`/mp4/api/segments/a?start=${START}`, put)).status).toBe(201);
}

/** A decoder that tells of each run and waits until it is let go. */
async function gatedDecoder(): Promise<{ begun: () => Promise<number>; letGo: () => Promise<void> }> {
  const [log, gate, file] = ["log", "gate", "decoder"].map((name) => join(folder, `${name}-${performance.now()}`));
  const wait = `while [ ! -e '${gate}' ]; do sleep 0.02; done`;
  await writeFile(
    file ?? "",
    `#!/bin/sh\n[ "$1" = -version ] && exit 0\necho x >> '${log}'\n${wait}\ncat > /dev/null\nprintf picture\n`,
  );
  await chmod(file ?? "", 0o755);
  vi.stubEnv("FFMPEG_PATH", file);
  return {
    begun: async () => (await readFile(log ?? "", "utf8").catch(() => "")).length / 2,
    letGo: () => writeFile(gate ?? "", ""),
  };
}

it("a page with 20 snapshots, a sheet and screenshots gets them all", async () => {
  await start({ BOXCAR_DECODERS: "2" });
  const range = `start=${START}&end=${START + 2000}`;
  const shot = (ms: number): RequestInit => ({
    ...{ method: "POST", headers: json, body: JSON.stringify({ streamPath: "a", time: START + ms }) },
  });
  const asked = [
    ...Array.from({ length: 20 }, (_, i) => server.fetch(`/mp4/snapshot/a.jpg?width=64&time=${START + i * 80}`)),
    server.fetch(`/mp4/sprite/a.jpg?${range}`),
    ...[10, 50].map((ms) => server.fetch("/api/chat/getVideoScreenshot", shot(ms))),
  ];
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(Array(23).fill(200));
});

it("slow pictures of one client do not block another, and who leaves is not decoded for", async () => {
  const decoder = await gatedDecoder();
  await start({
    BOXCAR_DECODERS: "2",
    BOXCAR_TOKEN: token,
    BOXCAR_GUESTS: "read",
    BOXCAR_TRUSTED_PROXIES: "127.0.0.1",
  });
  const ask = (client: string, ms: number, signal?: AbortSignal): Promise<number> =>
    server
      .fetch(`/mp4/snapshot/a.png?time=${START + ms}`, {
        headers: { "x-forwarded-for": client },
        ...(signal && { signal }),
      })
      .then(({ status }) => status);
  const leaving = new AbortController();
  const greedy = Array.from({ length: 12 }, (_, i) => ask("203.0.113.1", i * 40, leaving.signal).catch(() => 0));
  await expect.poll(decoder.begun, patient).toBe(1);
  const polite = ask("203.0.113.2", 800);
  await expect.poll(decoder.begun, patient).toBe(2); // beside the one of the other, not behind its twelve
  leaving.abort();
  await Promise.all(greedy);
  await decoder.letGo();
  expect(await polite).toBe(200);
  expect(await ask("203.0.113.2", 1200)).toBe(200);
  expect(await decoder.begun()).toBe(3);
});

it("beyond its bound the queue says when to come back", async () => {
  const decoder = await gatedDecoder();
  await start({ BOXCAR_DECODERS: "1" });
  const leaving = new AbortController();
  const replies: unknown[] = [];
  const asked = Array.from({ length: 120 }, async (_, i) => {
    const path = `/mp4/snapshot/a.png?width=${i + 16}&time=${START}`;
    const response = await server.fetch(path, { signal: leaving.signal });
    replies.push([
      response.status,
      response.headers.get("retry-after"),
      ((await response.json()) as { error: string }).error,
    ]);
  });
  await expect.poll(() => replies.length, patient).toBe(19); // of 1 that is decoded and 100 that wait
  expect(replies).toEqual(Array(19).fill([429, "5", "busy"]));
  leaving.abort();
  await Promise.allSettled(asked);
  await decoder.letGo();
  expect((await server.fetch(`/mp4/snapshot/a.png?width=600&time=${START}`)).status).toBe(200);
});
