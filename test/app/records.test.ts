import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Segment } from "../../src/catalog/types.ts";
import { addSegment, startTestServer, type TestServer } from "./test-server.ts";

const t0 = Date.parse("2026-01-31T10:00:00Z");
const minute = 60_000;
let server: TestServer;
let segments: Segment[];
let protectedSegment: Segment;

beforeAll(async () => {
  server = await startTestServer({ BOXCAR_TZ: "Asia/Shanghai" });
  const add = (streamPath: string, minutes: number): Promise<Segment> => {
    const startMs = t0 + minutes * minute;
    return addSegment(server.parts, { streamPath, startMs, endMs: startMs + minute }, new Uint8Array(100 + minutes));
  };
  segments = [];
  for (let i = 0; i < 12; i++) segments.push(await add("live/cam1", i));
  await add("live/cam 2/ü%", 3);
  protectedSegment = await add("live/cam1", 20);
  await server.parts.catalog.rateSegment(protectedSegment.id, "high");
});
afterAll(() => server.close());

const ids = (data: unknown): number[] => (data as { id: number }[]).map(({ id }) => id);

describe("list", () => {
  it("shows the newest first, with all there is to say", async () => {
    const { status, json } = await server.call("/mp4/api/list/live/cam1");
    expect(status).toBe(200);
    expect(json).toMatchObject({ code: 0, message: "", total: 13, pageNum: 1, pageSize: 10 });
    expect(ids(json.data)).toEqual([protectedSegment, ...segments.toReversed()].slice(0, 10).map(({ id }) => id));
    expect((json.data as unknown[])[1]).toEqual({
      id: segments[11]?.id,
      streamPath: "live/cam1",
      startTime: "2026-01-31T10:11:00.000Z",
      endTime: "2026-01-31T10:12:00.000Z",
      durationMs: minute,
      size: 111,
      type: "mp4",
      codecs: "avc1.64001f",
      eventLevel: null,
      url: `/mp4/download/live/cam1.mp4?id=${segments[11]?.id}`,
      filePath: segments[11]?.key,
      filename: segments[11]?.key.split("/").at(-1),
      duration: minute,
      videoCodec: "h264",
      audioCodec: "",
      createdAt: "2026-01-31T10:11:00.000Z",
    });
  });

  it("takes pages, ranges, levels and wildcards", async () => {
    const list = async (path: string): Promise<number[]> => ids((await server.call(`/mp4/api/list/${path}`)).json.data);
    const id = (i: number): number | undefined => segments[i]?.id;
    expect(await list("live/cam1?pageNum=2&pageSize=5")).toEqual([7, 6, 5, 4, 3].map(id));
    expect(await list("live/cam1?pageNum=99")).toEqual([]);
    expect(await list("live/cam1?start=2026-01-31T10:01:30Z&end=2026-01-31T10:03:00Z")).toEqual([id(2), id(1)]);
    expect(await list("live/cam1?range=2026-01-31T18:01:30~18:03:00")).toEqual([id(2), id(1)]); // Shanghai
    expect(await list("live/cam1?start=1769853690&duration=10s")).toEqual([id(1)]);
    for (const level of ["high", "0"])
      expect(await list(`live/cam1?eventLevel=${level}`)).toEqual([protectedSegment.id]);
    expect(await list("live/cam1?eventLevel=low")).toEqual([]);
    expect(await list("live/*?pageSize=100")).toHaveLength(14);
    expect(await list("live/cam%202/*")).toHaveLength(1);
    expect(await list("nothing/here")).toEqual([]);
  });

  it.each([
    ["pageSize=ten", "bad_parameter"],
    ["pageSize=1e1", "bad_parameter"],
    ["eventLevel=2", "bad_parameter"],
    ["start=1&start=2", "bad_parameter"],
    ["start=yesterday", "bad_time"],
    ["tz=Mars&start=1", "bad_time_zone"],
    ["match=all", "bad_parameter"],
    ["duration=5", "missing_start"],
    ["start=5&end=5", "bad_range"],
  ])("refuses ?%s", async (query, error) => {
    const { status, json } = await server.call(`/mp4/api/list/live/cam1?${query}`);
    expect({ status, code: json.code, error: json.error }).toEqual({ status: 400, code: 400, error });
  });

  it("names the known parameters when it refuses an unknown one", async () => {
    const { json } = await server.call("/mp4/api/timeline/live/cam1?strat=1");
    expect(json.message).toContain("strat");
    expect(json).toMatchObject({ error: "bad_parameter", parameters: ["strat"] });
    expect(json.message).toContain("start, end, duration, range, tz, cut");
  });
});

describe("catalog", () => {
  it("shows every stream with its totals", async () => {
    const { json } = await server.call("/mp4/api/catalog");
    const data = json.data as Record<string, unknown>[];
    expect(data.map(({ streamPath }) => streamPath).toSorted()).toEqual(["live/cam 2/ü%", "live/cam1"]);
    expect(data.find(({ streamPath }) => streamPath === "live/cam1")).toEqual({
      streamPath: "live/cam1",
      count: 13,
      startTime: "2026-01-31T10:00:00.000Z",
      endTime: "2026-01-31T10:21:00.000Z",
      bytes: 12 * 100 + 66 + 120,
    });
  });
});

describe("stream paths", () => {
  it("are decoded once, and come back in links that work", async () => {
    const path = "/mp4/api/list/live/cam%202/%C3%BC%25";
    const [record] = (await server.call(path)).json.data as { streamPath: string; url: string }[];
    expect(record?.streamPath).toBe("live/cam 2/ü%");
    expect((await server.call("/mp4/api/list/live%2fcam1")).json.total).toBe(13); // as the page at /docs writes it
    const response = await server.fetch(record?.url ?? "");
    expect(response.status).toBe(200);
    expect((await response.arrayBuffer()).byteLength).toBe(103);
  });

  it.each([
    "/mp4/api/list/live//cam1",
    "/mp4/api/list/live/cam1/",
    "/mp4/api/list/%2e%2e%2fetc",
    "/mp4/api/list/a%2f..%2fb",
    "/mp4/api/list/a%5cb",
    "/mp4/api/list/a%00b",
    "/mp4/api/list/a%09b",
    "/mp4/api/list/a%0Ab",
    "/mp4/api/list/a%E2%80%A8b",
    "/mp4/download/a%E2%80%A9b.mp4?id=1",
    "/mp4/api/list/%ff",
    "/mp4/api/list/%zz",
    "/mp4/api/timeline/live/*?start=1",
    "/mp4/download/live/*.mp4?start=1",
    "/mp4/download/..%2f..%2fetc%2fpasswd.mp4?id=1",
    "/mp4/download/..%2f..%2fetc%2fpasswd?id=1",
  ])("%s is refused", async (path) => {
    const { status, json } = await server.call(path);
    expect(status).toBe(400);
    expect(["bad_stream_path", "bad_path"]).toContain(json.error);
  });

  it("have at most 512 bytes, their parts 200", async () => {
    for (const path of [`${"a/".repeat(256)}a`, "ü".repeat(101)]) {
      const reply = await server.call(`/mp4/api/list/${path}`);
      expect(reply).toMatchObject({ status: 400, json: { error: "bad_stream_path" } });
    }
    expect((await server.call(`/mp4/api/list/${"a/".repeat(255)}a`)).status).toBe(200);
  });
});

describe("delete", () => {
  const remove = (path: string, init: RequestInit = {}): ReturnType<TestServer["call"]> =>
    server.call(`/mp4/api/delete/${path}`, { method: "POST", ...init });
  const jsonBody = (value: unknown): RequestInit => ({
    headers: { "content-type": "application/json" },
    body: JSON.stringify(value),
  });

  it.each([
    ["live/cam1", undefined, 400, "bad_selection"],
    ["live/cam1?start=2026-01-31T10:00:00Z", undefined, 400, "bad_selection"],
    ["live/cam1?end=2026-01-31T10:10:00Z", undefined, 400, "bad_selection"],
    ["live/cam1?start=1&startTime=2&end=3", undefined, 400, "bad_selection"],
    ["live/cam1?ids=", undefined, 400, "bad_selection"],
    ["live/cam1?ids=1,,2", undefined, 400, "bad_parameter"],
    ["live/cam1?ids=0", undefined, 400, "bad_parameter"],
    ["live/cam1", { ids: [] }, 400, "bad_selection"],
    ["live/cam1", { ids: ["one"] }, 400, "bad_parameter"],
    ["live/cam1", { ids: [1.5] }, 400, "bad_parameter"],
    ["live/cam1", { id: [1] }, 400, "bad_selection"],
    ["live/cam1", [1], 400, "bad_parameter"],
    ["live/cam1", "1", 400, "bad_parameter"],
    ["live/cam1?ids=1", { ids: [1] }, 400, "bad_selection"],
    ["live/*?ids=1", undefined, 400, "bad_stream_path"],
    ["live/cam1?ids=987654", undefined, 404, "not_recorded"],
    ["live/other?ids=1", undefined, 404, "not_recorded"],
  ])("refuses %s with %j", async (path, value, status, error) => {
    const reply = await remove(path, value === undefined ? {} : jsonBody(value));
    expect({ status: reply.status, error: reply.json.error }).toEqual({ status, error });
  });

  it("refuses a body that is no JSON", async () => {
    const reply = await remove("live/cam1", { headers: { "content-type": "application/json" }, body: "{" });
    expect(reply).toMatchObject({ status: 400, json: { code: 400, error: "bad_request" } });
  });

  it("refuses a body that is too large", async () => {
    const reply = await remove("live/cam1", jsonBody({ ids: [1], tz: "x".repeat(70_000) }));
    expect(reply).toMatchObject({ status: 413, json: { error: "too_large" } });
  });

  it("deletes by ids from query or body, and by times", async () => {
    const id = (i: number): number => segments[i]?.id ?? 0;
    const one = await remove(`live/cam1?ids=${id(0)},${id(1)}`);
    expect(ids(one.json.data)).toEqual([id(0), id(1)]);
    const two = await remove("live/cam1", jsonBody({ ids: [id(2), protectedSegment.id] }));
    expect(ids(two.json.data)).toEqual([id(2)]);
    expect(ids(two.json.protected)).toEqual([protectedSegment.id]);
    const inside = await remove("live/cam1?start=2026-01-31T10:03:10Z&end=2026-01-31T10:04:10Z");
    expect(inside).toMatchObject({ status: 404, json: { error: "not_recorded" } });
    const three = await remove("live/cam1?start=2026-01-31T10:03:10Z&end=2026-01-31T10:04:10Z&match=overlapping");
    expect(ids(three.json.data)).toEqual([id(3), id(4)]);
    expect((await server.call("/mp4/api/list/live/cam1")).json.total).toBe(8);
    const gone = await server.call(`/mp4/download/live/cam1.mp4?id=${id(0)}`);
    expect(gone).toMatchObject({ status: 404, json: { error: "unknown_id" } });
  });

  it("refuses by name when all of it is protected", async () => {
    const reply = await remove(`live/cam1?ids=${protectedSegment.id}`);
    expect(reply).toMatchObject({ status: 409, json: { error: "segments_protected" } });
    expect(ids(reply.json.protected)).toEqual([protectedSegment.id]);
  });
});
