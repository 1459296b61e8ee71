/** Lists whose replies are large: what their clients have not read yet is bounded. */
import { request, type ClientRequest, type IncomingMessage } from "node:http";
import { afterEach, expect, test } from "vitest";
import type { Source } from "../../src/catalog/sources.ts";
import type { StreamEvent } from "../../src/catalog/events.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const [mallory, alice] = ["mallory-0123456789", "alice-0123456789abc"];
const scopes = (name: string): string[] => [`record:${name}/*`, `read:${name}/*`];
const env = {
  BOXCAR_TOKENS: JSON.stringify([
    { name: "mallory", token: mallory, scopes: scopes("m") },
    { name: "alice", token: alice, scopes: scopes("a") },
    { name: "admin", token: "admin-0123456789abc", scopes: ["admin"] },
  ]),
  BOXCAR_CLIENT_RATE: "0",
};
const as = (token: string): { headers: Record<string, string> } => ({ headers: { authorization: `Bearer ${token}` } });

let server: TestServer;
const readers: ClientRequest[] = [];
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.destroy();
  await server.close();
});

/** The status of a reply that is not read. */
async function unread(path: string, token: string): Promise<number | undefined> {
  const sent = request({ host: "127.0.0.1", port: server.port, path, agent: false, ...as(token) }).end();
  readers.push(sent);
  const reply = await new Promise<IncomingMessage>((resolve, reject) =>
    sent.once("response", resolve).once("error", reject),
  );
  reply.on("error", () => undefined).pause();
  return reply.statusCode;
}

const replyBytes = async (): Promise<number> => {
  const text = await (await server.fetch("/metrics", as("admin-0123456789abc"))).text();
  return Number(/^boxcar_reply_bytes (\d+)$/m.exec(text)?.[1]);
};

async function setSources(streamPaths: readonly string[], label: string): Promise<void> {
  for (const streamPath of streamPaths) {
    const source: Source = {
      ...{ streamPath, url: "rtsp://127.0.0.1:1/", mode: "demand", labels: { label }, owner: "", isStopped: false },
      ...{ fragmentMs: null, retentionMs: null, retentionBytes: null, protectedMs: null },
    };
    await server.parts.catalog.sources.put(source);
  }
}

async function addEvents(count: number, text: string): Promise<void> {
  for (let i = 0; i < count; i++) {
    const event: Omit<StreamEvent, "id"> = {
      ...{ streamPath: "m/1", eventId: String(i), name: text, description: text, level: "low" },
      ...{ startMs: 1000 + i, endMs: Date.now() + 60_000, createdMs: Date.now() - 1000 },
    };
    await server.parts.catalog.events.add(event);
  }
}

const large = "x".repeat(128 << 10);
const names = (client: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${client}/${i}`);

test.each([
  ["/mp4/api/sources", () => setSources([...names("m", 144), "a/1"], large)],
  ["/mp4/api/event/list/m/1?pageSize=1000", () => addEvents(72, large)],
])("%s: who does not read is refused what would take more memory than one client may have", async (path, fill) => {
  server = await startTestServer(env);
  await fill();
  expect(await unread(path, mallory)).toBe(200);
  const refused = await server.call(path, as(mallory));
  expect(refused).toMatchObject({ status: 429, json: { error: "busy" } });
  expect(await replyBytes()).toBeGreaterThanOrEqual(18 << 20);
  expect((await server.call("/mp4/api/sources", as(alice))).status).toBe(200);
  for (const reader of readers.splice(0)) reader.destroy();
  await expect.poll(replyBytes, { interval: 20 }).toBe(0);
  const whole = await server.call(path, as(mallory));
  expect(whole.status).toBe(200);
  expect((whole.json.data as object[]).length).toBeGreaterThanOrEqual(72);
  await expect.poll(replyBytes, { interval: 20 }).toBe(0);
});

test("who does not read keeps nobody waiting, not even the same client", async () => {
  server = await startTestServer({ ...env, BOXCAR_TOKENS: "", BOXCAR_TOKEN: mallory });
  await setSources(names("m", 64), large.slice(0, 16 << 10));
  for (let i = 0; i < 20; i++) expect(await unread("/mp4/api/sources", mallory)).toBe(200);
  expect((await server.call("/mp4/api/sources?pageSize=1", as(mallory))).json.data).toHaveLength(1);
});

test("a client that does not read a list is cut off", async () => {
  server = await startTestServer({ ...env, BOXCAR_DOWNLOAD_GRACE: "1", BOXCAR_LEAST_DOWNLOAD_RATE: "100000000" });
  await setSources(names("m", 144), large);
  expect(await unread("/mp4/api/sources", mallory)).toBe(200);
  await expect.poll(replyBytes, { interval: 50, timeout: 10_000 }).toBe(0);
  expect(server.lines.map(({ message }) => message)).toContain("download cut off");
});

test("sources come in pages, of those that the caller may record", async () => {
  server = await startTestServer(env);
  await setSources([...names("a", 3), ...names("m", 5)], "door");
  const page = async (query: string): Promise<unknown> => {
    const { json } = await server.call(`/mp4/api/sources${query}`, as(mallory));
    const { data, total, pageNum, pageSize, code } = json;
    return [(data as Source[]).map(({ streamPath }) => streamPath), { code, total, pageNum, pageSize }];
  };
  expect(await page("")).toEqual([names("m", 5), { code: 0, total: 5, pageNum: 1, pageSize: 1000 }]);
  expect(await page("?pageNum=2&pageSize=2")).toEqual([["m/2", "m/3"], { code: 0, total: 5, pageNum: 2, pageSize: 2 }]);
  expect(await page("?pageNum=4&pageSize=2")).toEqual([[], { code: 0, total: 5, pageNum: 4, pageSize: 2 }]);
  const head = await server.fetch("/mp4/api/sources", { method: "HEAD", ...as(mallory) });
  const whole = await (await server.fetch("/mp4/api/sources", as(mallory))).text();
  expect([head.status, head.headers.get("content-length")]).toEqual([200, String(whole.length)]);
});

test("what ends very many events tells of the newest", async () => {
  server = await startTestServer(env);
  await addEvents(12, "\u6f22".repeat(2500));
  const body = JSON.stringify({ streamPath: "m/1" });
  const stopped = await server.call("/mp4/api/event/stop", { method: "POST", body, ...as(mallory) });
  expect((stopped.json.data as { eventId: string }[]).map(({ eventId }) => eventId)).toEqual([
    "6",
    "7",
    "8",
    "9",
    "10",
    "11",
  ]);
});
