import { rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Segment } from "../../src/catalog/types.ts";
import { random, seedOf } from "../support/random.ts";
import { addSegment, startTestServer, type TestServer } from "./test-server.ts";

const startMs = Date.parse("2026-01-31T10:00:00.250Z");
const chance = random(seedOf(20260131));
const bytes = chance.bytes(3_000_000);
let server: TestServer;

const add = (streamPath = "live/cam1", format: "mp4" | "fmp4" = "mp4"): Promise<Segment> =>
  addSegment(server.parts, { streamPath, startMs, endMs: startMs + 60_000, format }, bytes);
const file = ({ key }: Segment): string => join(server.folder, "media", key);

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** Fields that differ from answer to answer, or that belong to the connection. */
const perAnswer = new Set(["date", "x-request-id", "connection", "keep-alive"]);

describe("a segment by id", () => {
  it("is sent as it is stored, and says what it is", async () => {
    const { id } = await add();
    const response = await server.fetch(`/mp4/download/live/cam1.mp4?id=${id}`);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "video/mp4",
      "content-length": "3000000",
      "accept-ranges": "bytes",
      "cache-control": "public, max-age=31536000, immutable",
      "content-disposition": 'attachment; filename="live_cam1_2026-01-31T10-00-00.250Z.mp4"',
      "boxcar-start": "2026-01-31T10:00:00.250Z",
      "boxcar-end": "2026-01-31T10:01:00.250Z",
      "boxcar-joints": "0",
      "boxcar-gaps": "0",
      "x-content-type-options": "nosniff",
    });
    expect(response.headers.get("etag")).toMatch(/^"stored-[\x21\x23-\x7e]+"$/);
    expect(response.headers.get("x-request-id")).toMatch(/^[\w-]{8,}$/);
    expect(Buffer.compare(Buffer.from(await response.arrayBuffer()), bytes)).toBe(0);
  });

  it("gives the same bytes in 200 random slices", async () => {
    const { id } = await add();
    for (let round = 0; round < 200; round++) {
      const first = chance.below(bytes.length);
      const last = Math.min(first + chance.below(1 << (1 + chance.below(20))), bytes.length - 1);
      const response = await server.fetch(`/mp4/download/live/cam1.mp4?id=${id}`, {
        headers: { range: `bytes=${first}-${last}` },
      });
      const name = `seed ${chance.seed}, ${first}-${last}`;
      expect(response.headers.get("content-range"), name).toBe(`bytes ${first}-${last}/${bytes.length}`);
      const got = Buffer.from(await response.arrayBuffer());
      expect(got.equals(bytes.subarray(first, last + 1)), name).toBe(true);
    }
  });

  it("answers HEAD with the fields of GET", async () => {
    const { id } = await add();
    const fields = async (method: string): Promise<[number, Record<string, string>]> => {
      const response = await server.fetch(`/mp4/download/live/cam1.mp4?id=${id}`, { method });
      await response.arrayBuffer();
      const all = [...response.headers].filter(([name]) => !perAnswer.has(name));
      return [response.status, Object.fromEntries(all)];
    };
    expect(await fields("HEAD")).toEqual(await fields("GET"));
  });

  it("has another entity tag for other bytes", async () => {
    const tags = await Promise.all(
      [await add(), await add()].map(async ({ id }) => {
        const response = await server.fetch(`/mp4/download/live/cam1.mp4?id=${id}`, { method: "HEAD" });
        return response.headers.get("etag");
      }),
    );
    expect(new Set(tags).size).toBe(2);
  });

  it.each([
    ["filename=clip", 'attachment; filename="clip.mp4"'],
    ["filename=clip.MP4&inline=1", 'inline; filename="clip.MP4"'],
    ["filename=..%2f..%2fetc%2fpasswd", 'attachment; filename="passwd.mp4"'],
    ["filename=C:%5Ctemp%5Cx.mp4", 'attachment; filename="x.mp4"'],
    ["filename=%22quoted%22%0d%0aSet-Cookie:%20a=b", String.raw`attachment; filename="\"quoted\"Set-Cookie: a=b.mp4"`],
    ["filename=%E5%BD%95%E5%83%8F", "attachment; filename=\"??.mp4\"; filename*=UTF-8''%E5%BD%95%E5%83%8F.mp4"],
    ["filename=a%E2%80%AE4pm.exe%E2%81%A6", 'attachment; filename="a4pm.exe.mp4"'],
    ["filename=", 'attachment; filename="live_cam1_2026-01-31T10-00-00.250Z.mp4"'],
  ])("is named by ?%s", async (query, expected) => {
    const { id } = await add();
    const response = await server.fetch(`/mp4/download/live/cam1.mp4?id=${id}&${query}`, { method: "HEAD" });
    expect(response.headers.get("content-disposition")).toBe(expected);
  });

  it("must belong to the stream path of the URL", async () => {
    const { id } = await add();
    const reply = await server.call(`/mp4/download/live/cam2.mp4?id=${id}`);
    expect(reply).toMatchObject({ status: 404, json: { code: 404, error: "unknown_id" } });
  });

  it.each([
    ["live/cam1.mp4?id=999999999", 404, "unknown_id"],
    ["live/cam1.mp4?id=99999999999999999999", 400, "bad_parameter"],
    ["live/cam1.mp4?id=abc", 400, "bad_parameter"],
    ["live/cam1.mp4?id=-1", 400, "bad_parameter"],
    ["live/cam1.mp4?id=1&start=5&end=6", 400, "bad_range"],
    ["live/cam1.mp4?id=1&cut=middle", 400, "bad_parameter"],
    ["live/none.mp4", 404, "not_recorded"],
    ["live/cam1.mp4?start=yesterday&end=now", 400, "bad_time"],
    ["live/cam1.mp4?start=2020-01-02T00:00:00Z&end=2020-01-01T00:00:00Z", 400, "bad_range"],
    ["live/none.mp4?start=2020-01-01T00:00:00Z", 404, "not_recorded"],
    ["live/cam1.mp4?start=2030-01-01T00:00:00Z", 404, "not_recorded"],
    ["live/cam1.webm?id=1", 404, "unknown_id"],
    ["live/none", 404, "not_recorded"],
    [".mp4?id=1", 400, "bad_stream_path"],
  ])("%s answers %i %s", async (path, status, error) => {
    const reply = await server.call(`/mp4/download/${path}`);
    expect(reply).toMatchObject({ status, json: { code: status, error } });
    expect(reply.json.message.length).toBeGreaterThan(20);
  });
});

describe("an object that is no longer as it was", () => {
  it("answers with a status when it is missing, replaced or shorter", async () => {
    const missing = await add();
    await rm(file(missing));
    const replaced = await add();
    await writeFile(file(replaced), bytes.subarray(1));
    const short = await add();
    await truncate(file(short), 1000);
    for (const { id } of [missing, replaced, short]) {
      const { status, json } = await server.call(`/mp4/download/live/cam1.mp4?id=${id}`);
      expect([404, 409, 502]).toContain(status);
      expect(json.error).toMatch(/^object_(missing|changed|short)$/);
    }
  });
});

describe("clients that go away", () => {
  it("leave no open file behind", async () => {
    const { id } = await add();
    const open = async (): Promise<number> => {
      const { readdir, readlink } = await import("node:fs/promises");
      const links = (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ""));
      return (await Promise.all(links)).filter((path) => path.startsWith(join(server.folder, "media"))).length;
    };
    for (let i = 0; i < 20; i++) {
      const abort = new AbortController();
      const response = await server.fetch(`/mp4/download/live/cam1.mp4?id=${id}`, { signal: abort.signal });
      await response.body?.getReader().read();
      abort.abort();
    }
    for (let i = 0; i < 300 && (await open()) > 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await open()).toBe(0);
    expect(server.logged.filter(({ message }) => message === "download broken off")).toEqual([]);
  });
});
