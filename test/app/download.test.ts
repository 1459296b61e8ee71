import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { random, seedOf } from "../support/random.ts";
import { RECORDED_AT, record } from "../support/recording.ts";
import { startTestServer, type Reply, type TestServer } from "./test-server.ts";

const chance = random(seedOf(7));
const day = 86_400_000;
let server: TestServer;

/** `count` segments of two seconds, put one after another from `startMs`, but for those left out. */
async function upload(path: string, startMs: number, count: number, without: readonly number[] = []): Promise<void> {
  const segments = await record({ count: 6, seconds: 2 });
  for (const [i, { file }] of segments.slice(0, count).entries()) {
    if (without.includes(i)) continue;
    const query = `start=${startMs + i * 2000}`;
    const init = { method: "PUT", body: await readFile(file) };
    const { status, json } = await server.call(`/mp4/api/segments/${path}?${query}`, init);
    expect({ status, message: json.message }).toEqual({ status: 201, message: "" });
  }
}

const time = (ms: number): string => encodeURIComponent(new Date(RECORDED_AT + ms).toISOString());
const between = (fromMs: number, toMs: number): string => `start=${time(fromMs)}&end=${time(toMs)}`;

async function download(pathAndQuery: string): Promise<{ status: number; headers: Headers; bytes: Buffer }> {
  const response = await server.fetch(`/mp4/download/${pathAndQuery}`);
  const { status, headers } = response;
  return { status, headers, bytes: Buffer.from(await response.arrayBuffer()) };
}

const timeline = async (
  pathAndQuery: string,
): Promise<{ status: number; json: Reply; data: Record<string, unknown> }> => {
  const { status, json } = await server.call(`/mp4/api/timeline/${pathAndQuery}`);
  return { status, json, data: (json.data ?? {}) as Record<string, unknown> };
};

beforeAll(async () => {
  server = await startTestServer();
  await upload("live/cam1", RECORDED_AT, 6);
  await upload("live/gap", RECORDED_AT, 6, [2, 3]);
});
afterAll(() => server.close());

describe.each(["mp4", "fmp4"])("a range as .%s", (format) => {
  it("whose first object is gone answers with a status, whole or in part", async () => {
    const path = `live/gone-${format}`;
    await upload(path, RECORDED_AT, 2);
    const asked = `/mp4/download/${path}.${format}?${between(500, 3000)}`;
    for await (const { segments } of server.parts.catalog.recorded(path, RECORDED_AT, RECORDED_AT + 1000))
      for (const { key } of segments) await server.parts.store.delete(key);
    for (const range of ["", "bytes=0-", "bytes=10-2000000", "bytes=20000-20009,0-9"]) {
      const { status, json } = await server.call(asked, { headers: range === "" ? {} : { range } });
      expect({ range, status, error: json.error }).toEqual({ range, status: 404, error: "object_missing" });
    }
    expect((await server.fetch(asked, { method: "HEAD" })).status).toBe(200);
  });

  it("states its length, what it delivers, and how long it may be kept", async () => {
    const { status, headers, bytes } = await download(`live/cam1.${format}?${between(1000, 9000)}`);
    expect(status).toBe(200);
    expect(headers.get("content-length")).toBe(String(bytes.length));
    expect(headers.get("content-type")).toBe("video/mp4");
    expect(headers.get("etag")).toMatch(/^"[\x21\x23-\x7e]+"$/);
    expect(headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(headers.get("boxcar-joints")).toBe("4");
    expect(headers.get("boxcar-gaps")).toBe("0");
    expect(Math.abs(Date.parse(headers.get("boxcar-start") ?? "") - RECORDED_AT - 1000)).toBeLessThanOrEqual(40);
    expect(Math.abs(Date.parse(headers.get("boxcar-end") ?? "") - RECORDED_AT - 9000)).toBeLessThanOrEqual(40);
    expect(bytes.subarray(4, 8).toString()).toBe("ftyp");
  });

  it("is the same bytes in 200 random slices", async () => {
    const path = `live/cam1.${format}?${between(700, 11_300)}`;
    const { bytes } = await download(path);
    for (let round = 0; round < 200; round++) {
      const first = chance.below(bytes.length);
      const last = Math.min(first + chance.below(1 << (1 + chance.below(18))), bytes.length - 1);
      const response = await server.fetch(`/mp4/download/${path}`, { headers: { range: `bytes=${first}-${last}` } });
      const name = `seed ${chance.seed}, ${first}-${last}`;
      expect(response.status, name).toBe(206);
      const got = Buffer.from(await response.arrayBuffer());
      expect(got.equals(bytes.subarray(first, last + 1)), name).toBe(true);
    }
  });

  it("is the same however its times are written", async () => {
    const plain = await download(`live/cam1.${format}?${between(1000, 5000)}`);
    for (const query of [
      `start=${(RECORDED_AT + 1000) / 1000}&duration=4s`,
      `range=${RECORDED_AT + 1000}~${RECORDED_AT + 5000}`,
      "range=2026-01-31T10:00:01~10:00:05",
      "range=2026-01-31T18:00:01~18:00:05&tz=Asia/Shanghai",
    ]) {
      const other = await download(`live/cam1.${format}?${query}`);
      expect(other.headers.get("etag"), query).toBe(plain.headers.get("etag"));
      expect(other.bytes.equals(plain.bytes), query).toBe(true);
    }
  });

  it("ends with the newest sample when no end is given, and then must be asked for again", async () => {
    const open = await download(`live/cam1.${format}?start=${time(8000)}`);
    const closed = await download(`live/cam1.${format}?${between(8000, 12_000)}`);
    expect(open.bytes.equals(closed.bytes)).toBe(true);
    expect(open.headers.get("cache-control")).toBe("public, no-cache");
  });

  it("may start at the sync sample before", async () => {
    const { headers } = await download(`live/cam1.${format}?${between(2500, 4000)}&cut=keyframe`);
    expect(Math.abs(Date.parse(headers.get("boxcar-start") ?? "") - RECORDED_AT - 2000)).toBeLessThanOrEqual(40);
  });

  it("tells its gaps, and has another length when they are kept", async () => {
    const skipped = await download(`live/gap.${format}?${between(0, 12_000)}`);
    const kept = await download(`live/gap.${format}?${between(0, 12_000)}&gaps=keep`);
    for (const { status, headers } of [skipped, kept]) {
      expect({ status, gaps: headers.get("boxcar-gaps") }).toEqual({ status: 200, gaps: "1" });
      expect(headers.get("cache-control"), "the gap may still be filled").toBe("public, no-cache");
    }
    expect(skipped.headers.get("etag")).not.toBe(kept.headers.get("etag"));
  });

  it("is not there where nothing is recorded", async () => {
    for (const [path, query] of [
      ["live/cam1", between(-day, -day / 2)],
      ["live/cam1", between(day, 2 * day)],
      ["live/gap", between(5000, 7000)],
      ["live/none", between(0, 1000)],
    ]) {
      const { status, json } = await server.call(`/mp4/download/${path}.${format}?${query}`);
      expect({ status, error: json.error }).toEqual({ status: 404, error: "not_recorded" });
    }
  });
});

describe("one segment by id in the other format", () => {
  it("is remuxed whole", async () => {
    const { json } = await server.call("/mp4/api/list/live/cam1?pageSize=1");
    const [{ id, startTime }] = json.data as [{ id: number; startTime: string }];
    const { status, headers, bytes } = await download(`live/cam1.fmp4?id=${id}`);
    expect(status).toBe(200);
    expect(bytes.includes("moof")).toBe(true);
    expect(headers.get("boxcar-start")).toBe(startTime);
    expect(headers.get("content-length")).toBe(String(bytes.length));
  });
});

describe("timeline", () => {
  it("says beforehand what a download holds", async () => {
    const query = between(1000, 9000);
    const { status, data } = await timeline(`live/cam1?${query}`);
    expect(status).toBe(200);
    const mp4 = await download(`live/cam1.mp4?${query}`);
    const fmp4 = await download(`live/cam1.fmp4?${query}`);
    expect(data).toMatchObject({
      streamPath: "live/cam1",
      startTime: mp4.headers.get("boxcar-start"),
      endTime: mp4.headers.get("boxcar-end"),
      segments: 5,
      joints: 4,
      gaps: [],
      size: { mp4: mp4.bytes.length, fmp4: fmp4.bytes.length },
    });
    expect(data.coverage).toHaveLength(1);
    expect(data.codecs).toMatch(/^avc1\.[0-9a-f]{6},mp4a\.40\.2$/i);
  });

  it("shows gaps where they are", async () => {
    const { data } = await timeline(`live/gap?${between(0, 12_000)}`);
    const gaps = data.gaps as { startTime: string; endTime: string }[];
    expect(gaps).toHaveLength(1);
    expect(Math.abs(Date.parse(gaps[0]?.startTime ?? "") - RECORDED_AT - 4000)).toBeLessThanOrEqual(100);
    expect(Math.abs(Date.parse(gaps[0]?.endTime ?? "") - RECORDED_AT - 8000)).toBeLessThanOrEqual(100);
    expect(data.coverage).toHaveLength(2);
  });

  it.each([
    ["live/cam1", 400, "missing_start"],
    [`live/none?${between(0, 1000)}`, 404, "not_recorded"],
    [`live/cam1?${between(0, 1000)}&cut=x`, 400, "bad_parameter"],
  ])("%s answers %i %s", async (path, status, error) => {
    const reply = await timeline(path);
    expect({ status: reply.status, error: reply.json.error }).toEqual({ status, error });
  });
});
