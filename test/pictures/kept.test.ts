/** What of the decoded pictures is kept, under which identity, and how much. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { PictureDecoder } from "../../src/base/ports.ts";
import { pictureDecoder } from "../../src/runtime/ffmpeg/picture-decoder.ts";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { recordNumbered } from "../browser/numbered-recording.ts";
import { greyOf, numberIn } from "./numbers.ts";

const START = Date.UTC(2026, 0, 31, 10);
const real = pictureDecoder({ memory: 1 << 30, log: () => undefined });

let folder: string;
let first: Buffer<ArrayBuffer>;
let second: Buffer<ArrayBuffer>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "boxcar-kept-"));
  const [a = ""] = await recordNumbered({ folder, name: "a", segments: 1, seconds: 2 });
  const [b = ""] = await recordNumbered({ folder, name: "b", segments: 1, seconds: 2, first: 1000 });
  [first, second] = [await readFile(a), await readFile(b)];
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs a test on a server whose decoder counts. */
async function counted(
  env: Record<string, string>,
  test: (server: TestServer, decoded: () => number) => Promise<void>,
): Promise<void> {
  let count = 0;
  const decoder: PictureDecoder = {
    still: (mp4, shape) => {
      count++;
      return real.still(mp4, shape);
    },
    sheet: (mp4s, shape) => {
      count++;
      return real.sheet(mp4s, shape);
    },
  };
  const server = await startTestServer(env, { decoder });
  try {
    await put(server, first);
    await test(server, () => count);
  } finally {
    await server.close();
  }
}

async function put(server: TestServer, body: Buffer<ArrayBuffer>): Promise<void> {
  const { status } = await server.call(`/mp4/api/segments/a?start=${START}`, { method: "PUT", body });
  expect(status).toBe(201);
}

async function snapshot(server: TestServer, ms: number, more = ""): Promise<{ etag: string | null; number: number }> {
  const response = await server.fetch(`/mp4/snapshot/a.png?time=${START + ms}${more}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  expect(response.status).toBe(200);
  return { etag: response.headers.get("etag"), number: numberIn(await greyOf(bytes)) };
}

it("a frame is decoded once, whatever moment of it is asked for, and once for each shape", () =>
  counted({}, async (server, decoded) => {
    const { etag } = await snapshot(server, 1000);
    for (const [ms, more] of [
      [1001, ""],
      [1039, ""],
      [1900, "&seek=keyframe"],
    ] as const)
      expect(await snapshot(server, ms, more)).toEqual({ etag, number: 25 });
    expect(decoded()).toBe(1);
    expect((await snapshot(server, 1040)).number).toBe(26);
    expect((await snapshot(server, 1000, "&width=96")).etag).not.toBe(etag);
    expect(decoded()).toBe(3);
    const sheet = `/mp4/sprite/a.jpg?start=${START}&duration=2s&interval=1s`;
    for (const path of [sheet, sheet, `${sheet}&gaps=keep`]) expect((await server.fetch(path)).status).toBe(200);
    expect(decoded()).toBe(4);
  }));

it("one that several clients ask for at once is decoded once", () =>
  counted({}, async (server, decoded) => {
    const found = await Promise.all(Array.from({ length: 10 }, () => snapshot(server, 520)));
    expect(new Set(found.map(({ etag }) => etag)).size).toBe(1);
    expect(decoded()).toBe(1);
  }));

it("other content under the same path and time is another picture", () =>
  counted({}, async (server, decoded) => {
    expect((await snapshot(server, 0)).number).toBe(0);
    const { json } = await server.call("/mp4/api/list/a");
    const [{ id } = { id: 0 }] = json.data as { id: number }[];
    await server.call(`/mp4/api/delete/a?ids=${id}`, { method: "POST" });
    await put(server, second);
    expect((await snapshot(server, 0)).number).toBe(1000);
    expect(decoded()).toBe(2);
  }));

const CACHE = 2200;
/** What each picture counts beside its bytes, at two bytes a character: the name it is kept under. */
const NAME = 350;

it("no more is kept than BOXCAR_PICTURE_CACHE says, the least recently used dropped first", () =>
  counted({ BOXCAR_PICTURE_CACHE: String(CACHE) }, async (server, decoded) => {
    const sizes: number[] = [];
    for (const frame of [0, 1, 2]) {
      const response = await server.fetch(`/mp4/snapshot/a.png?time=${START + frame * 40}`);
      sizes.push((await response.arrayBuffer()).byteLength);
    }
    const most = Math.max(...sizes);
    expect(2 * (most + NAME), "two of them have room, three have not").toBeLessThanOrEqual(CACHE);
    expect(sizes.reduce((sum, size) => sum + size + NAME, 0)).toBeGreaterThan(CACHE);
    expect(decoded()).toBe(3);
    await snapshot(server, 40);
    await snapshot(server, 80);
    expect(decoded()).toBe(3);
    await snapshot(server, 0);
    expect(decoded()).toBe(4);
    await snapshot(server, 40);
    expect(decoded(), "this one had to make room").toBe(5);
  }));
