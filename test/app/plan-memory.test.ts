import { request, type IncomingMessage } from "node:http";
import { afterAll, beforeAll, expect, it } from "vitest";
import { box } from "../support/boxes.ts";
import { buildMovie, videoEntry } from "../support/movie.ts";
import { RECORDED_AT } from "../support/recording.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

/** Bytes of a sample entry, of which every segment has another one. */
const DESCRIBED = 200 << 10;
const path = `/mp4/download/cam.mp4?start=${String(RECORDED_AT)}&duration=2s`;

let server: TestServer;
beforeAll(async () => {
  // Room for two plans that keep two such sample entries each, several times over.
  server = await startTestServer({ BOXCAR_PLAN_MEMORY: "4M" });
  for (const i of [0, 1]) {
    const entries = [videoEntry("mp4v", 160, 120, box("uuid", new Uint8Array(DESCRIBED).fill(i)))];
    // More than sockets hold: a download runs as long as it is not read.
    const samples = Array.from({ length: 25 }, () => ({ data: new Uint8Array(1 << 20), duration: 40 }));
    const { file } = buildMovie({ tracks: [{ handler: "vide", timescale: 1000, entries, samples, size: [160, 120] }] });
    const init = { method: "PUT", body: new Uint8Array(file) };
    const { status } = await server.call(`/mp4/api/segments/cam?start=${String(RECORDED_AT + i * 1000)}`, init);
    expect(status).toBe(201);
  }
});
afterAll(() => server.close());

/** A download that is left unread. */
function unread(): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port: server.port, path, agent: false }, resolve).on("error", reject).end();
  });
}

const held = async (): Promise<number> =>
  Number(/^boxcar_plan_bytes (\d+)$/m.exec(await (await server.fetch("/metrics")).text())?.[1]);

it("plans of downloads that run have a bound in bytes together, and count until their download ends", async () => {
  expect((await server.fetch(path, { method: "HEAD" })).status).toBe(200);
  expect(await held()).toBe(0);
  const running = [await unread(), await unread()];
  expect(running.map(({ statusCode }) => statusCode)).toEqual([200, 200]);
  expect(await held()).toBeGreaterThan(2 * 2 * DESCRIBED);
  const refused = await server.call(path);
  expect([refused.status, refused.json.error]).toEqual([429, "too_many_plans"]);
  for (const each of running) each.destroy();
  await expect.poll(held, { interval: 20, timeout: 10_000 }).toBe(0);
  expect((await server.fetch(path, { headers: { range: "bytes=0-9" } })).status).toBe(206);
});

it("captions count as long as their request, before they are written", async () => {
  const hours = (count: number): Promise<Response> =>
    server.fetch(`/mp4/hls/cam/clock/0-${String(count * 3_600_000)}+0000.vtt`, { method: "HEAD" });
  const [short, day] = [await hours(1), await hours(24)];
  expect([short.status, day.status]).toEqual([200, 429]);
  expect(await held()).toBe(0);
});
