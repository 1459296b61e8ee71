/** The calls of clients of the Go media server (Monibuca's MP4 plugin), as they send them. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Segment } from "../../src/catalog/types.ts";
import { record, RECORDED_AT } from "../support/recording.ts";
import { addSegment, startTestServer, type Reply, type TestServer } from "./test-server.ts";

const ten = 10_000;
const t0 = Date.parse("2026-01-31T10:00:00Z"); // 18:00:00 where the server is
let server: TestServer;
let segments: Segment[];

beforeAll(async () => {
  server = await startTestServer({ BOXCAR_TZ: "Asia/Shanghai" });
});
afterAll(() => server.close());
beforeEach(async () => {
  const { catalog } = server.parts;
  for (const { streamPath } of await catalog.streams())
    await catalog.tombstone({ streamPath, startMs: 0, endMs: Number.MAX_SAFE_INTEGER }, 0);
  segments = [];
  for (let i = 0; i < 12; i++) {
    const segment = { streamPath: "live/cam1", startMs: t0 + i * ten, endMs: t0 + (i + 1) * ten };
    segments.push(await addSegment(server.parts, segment, new Uint8Array(9)));
  }
  await addSegment(server.parts, { streamPath: "live/cam2", startMs: t0, endMs: t0 + ten }, new Uint8Array(9));
});

const get = async (path: string): Promise<Reply> => {
  const { status, json } = await server.call(path);
  expect({ path, status, message: json.message }).toEqual({ path, status: 200, message: "" });
  return json;
};
const idsOf = ({ data }: Reply): number[] => (data as { id: number }[]).map(({ id }) => id);
const id = (i: number): number => segments[i]?.id ?? 0;

/** A POST as `curl -d` sends it, unless another type is named: JSON that is called a form. */
const post = (
  path: string,
  body?: string,
  type = "application/x-www-form-urlencoded",
): ReturnType<TestServer["call"]> =>
  server.call(path, { method: "POST", ...(body === undefined ? {} : { body, headers: { "content-type": type } }) });

describe("list", () => {
  it("takes what a page fills in and what it leaves empty", async () => {
    for (const query of [
      "range=&start=&end=&pageNum=0&pageSize=0&mode=&eventLevel=",
      "pageNum=1&pageSize=10&mode=auto&type=mp4",
      "_t=1769853600000&token=abc&pageNum=&pageSize=",
    ]) {
      const reply = await get(`/mp4/api/list/live/cam1?${query}`);
      expect(reply).toMatchObject({ code: 0, message: "", total: 12, pageNum: 1, pageSize: 10 });
      expect(idsOf(reply)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2].map(id));
    }
    expect(await get("/mp4/api/list/live/cam1?pageSize=5000")).toMatchObject({ total: 12, pageSize: 1000 });
  });

  it("shows rows with the fields that clients read", async () => {
    const { data } = await get("/mp4/api/list/live/cam1?pageSize=1");
    expect((data as unknown[])[0]).toMatchObject({
      id: id(11),
      streamPath: "live/cam1",
      filePath: segments[11]?.key,
      filename: expect.stringMatching(/^[^/]+\.mp4$/) as unknown,
      startTime: "2026-01-31T10:01:50.000Z",
      endTime: "2026-01-31T10:02:00.000Z",
      ...{ duration: ten, type: "mp4", videoCodec: "h264", audioCodec: "" },
      createdAt: expect.stringMatching(/Z$/) as unknown,
    });
  });

  it("is of all streams without a path, and of some with a star", async () => {
    for (const path of ["/mp4/api/list", "/mp4/api/list/", "/mp4/api/list/*", "/mp4/api/list/live/*"])
      expect(await get(`${path}?pageNum=1&pageSize=100`)).toMatchObject({ total: 13 });
  });

  it("reads times as they are written there", async () => {
    for (const query of [
      "range=2026-01-31T18:00:15~2026-01-31T18:00:35",
      "range=2026-01-31T18:00:15~18:00:35",
      "start=2026-01-31T18:00:15&end=2026-01-31T18:00:35",
      "range=1769853615-1769853635",
      "range=1769853615~1769853635",
      "start=1769853615000&end=1769853635000",
    ]) {
      expect(idsOf(await get(`/mp4/api/list/live/cam1?${query}`)), query).toEqual([id(3), id(2), id(1)]);
      expect(idsOf(await get(`/mp4/api/list/live/cam1?${query}&match=contained`)), query).toEqual([id(2)]);
    }
    expect(idsOf(await get("/mp4/api/list/live/cam1?end=2026-01-31T18:00:20"))).toEqual([id(1), id(0)]);
    expect(idsOf(await get("/mp4/api/list/live/cam1?start=2026-01-31T18:01:50&end="))).toEqual([id(11)]);
  });

  it("is there under /api/record/mp4, as the catalog is", async () => {
    expect(await get("/api/record/mp4/list/live/cam1?pageNum=1&pageSize=3")).toMatchObject({ total: 12, pageSize: 3 });
    expect(await get("/api/record/mp4/list")).toMatchObject({ total: 13 });
    const catalog = (await get("/api/record/mp4/catalog")).data;
    expect(catalog).toEqual((await get("/mp4/api/catalog")).data);
    expect(catalog).toMatchObject([
      { streamPath: "live/cam1", count: 12, startTime: "2026-01-31T10:00:00.000Z" },
      { streamPath: "live/cam2", count: 1 },
    ]);
  });
});

describe("a parameter that is not known", () => {
  const calls = ["/mp4/api/list/live/cam1", "/mp4/api/event/list/live/cam1", "/mp4/download/live/cam1.mp4"];
  it.each([
    ...[
      "from=1769853600",
      "to=1769853600",
      "startTime=1",
      "end_time=1",
      "begin=1",
      "until=1",
      "date=1",
      "timezone=UTC",
    ],
    ...["strat=1", "rang=1~2", "ranges=1~2", "Start=1", "durration=5"],
  ])("is refused where it means a time or a known one, and nothing is answered of another range: %s", async (query) => {
    const name = query.split("=")[0] ?? "";
    for (const path of calls) {
      const { status, json } = await server.call(`${path}?${query}`);
      expect({ path, status, parameters: json.parameters }).toEqual({ path, status: 400, parameters: [name] });
      expect(json.message).toMatch(
        new RegExp(`^unknown parameter ${name}; known are .*start, end, duration, range, tz`),
      );
    }
    const body = JSON.stringify({ ids: [id(0)], from: 1 });
    expect(await post("/mp4/api/delete/live/cam1", body)).toMatchObject({
      status: 400,
      json: { parameters: ["from"] },
    });
  });

  it("is passed over else", async () => {
    for (const name of ["_t", "_", "t", "ts", "timestamp", "token", "type", "mode", "_csrf", "streamPath", "v", "app"])
      expect(await get(`/mp4/api/list/live/cam1?${name}=1`)).toMatchObject({ total: 12 });
  });
});

describe("delete", () => {
  const path = "/mp4/api/delete/live/cam1";
  const left = async (): Promise<number> => (await get("/mp4/api/list/live/cam1")).total ?? -1;

  it("by a range takes only what lies in it as a whole", async () => {
    for (const body of [
      { range: "2026-01-31T18:00:12~2026-01-31T18:00:17" },
      { startTime: "2026-01-31T18:00:12", endTime: "2026-01-31T18:00:17", ids: [] },
    ])
      expect(await post(path, JSON.stringify(body))).toMatchObject({ status: 404, json: { error: "not_recorded" } });
    expect(await left()).toBe(12);
    const body = {
      streamPath: "live/cam1",
      ids: [],
      range: "2026-01-31T18:00:05~2026-01-31T18:00:35",
      startTime: "",
      endTime: "",
    };
    const { status, json } = await post(path, JSON.stringify(body));
    expect({ status, code: json.code, ids: idsOf(json) }).toEqual({ status: 200, code: 0, ids: [id(1), id(2)] });
    expect(await left()).toBe(10);
  });

  it("takes what reaches into a range when that is asked for", async () => {
    const body = JSON.stringify({ range: "2026-01-31T18:00:12~2026-01-31T18:00:17", match: "overlapping" });
    expect(idsOf((await post(path, body)).json)).toEqual([id(1)]);
  });

  it("by ids, numbers or texts, that win over times, whatever else is said and under any type", async () => {
    const bodies = [
      [{ ids: [id(0)] }, "application/json"],
      [{ ids: [String(id(1))] }, "application/json"],
      [{ streamPath: "live/cam1", ids: [id(2)], startTime: "", endTime: "", range: "", type: "mp4" }, undefined],
      [{ ids: [id(3)], range: "2026-01-31T18:01:00~2026-01-31T18:02:00", force: true }, "text/plain;charset=UTF-8"],
    ] as const;
    for (const [i, [body, type]] of bodies.entries()) {
      const { status, json } = await post(path, JSON.stringify(body), type);
      expect({ status, code: json.code, message: json.message, ids: idsOf(json) }).toEqual({
        ...{ status: 200, code: 0, message: "" },
        ids: [id(i)],
      });
      expect((json.data as unknown[])[0]).toMatchObject({ filePath: segments[i]?.key, streamPath: "live/cam1" });
    }
    expect(await left()).toBe(8);
    const alias = await post("/api/record/mp4/delete/live/cam1", JSON.stringify({ ids: [id(4), id(5)] }));
    expect(idsOf(alias.json)).toEqual([id(4), id(5)]);
    expect(idsOf((await post(`${path}?ids=${id(6)},${id(7)}&_t=5`)).json)).toEqual([id(6), id(7)]);
  });

  it("names protected ones beside the list", async () => {
    await server.parts.catalog.rateSegment(id(2), "high");
    const { json } = await post(path, JSON.stringify({ ids: [id(1), id(2)] }));
    expect(idsOf(json)).toEqual([id(1)]);
    expect(json.protected).toMatchObject([{ id: id(2) }]);
    await server.parts.catalog.rateSegment(id(2), null);
  });

  it("of nothing in particular is refused, on purpose", async () => {
    for (const body of [
      "{}",
      '{"ids":[],"startTime":"","endTime":"","range":""}',
      undefined,
      "",
      '{"endTime":"1769853615"}',
    ])
      expect(await post(path, body)).toMatchObject({ status: 400, json: { error: "bad_selection" } });
    expect(await post(path, '{"range":"yesterday~today"}')).toMatchObject({ status: 400, json: { error: "bad_time" } });
    expect(await left()).toBe(12);
  });
});

describe("download", () => {
  it("without an ending is MP4, and without a query all there is", async () => {
    for (const [i, { file }] of (await record({ count: 2, seconds: 2 })).entries()) {
      const start = RECORDED_AT + i * 2000;
      const init = { method: "PUT", body: await readFile(file) };
      expect((await server.fetch(`/mp4/api/segments/live/all?start=${start}`, init)).status).toBe(201);
    }
    const sizeOf = async (path: string): Promise<unknown> => {
      const { status, headers } = await server.fetch(`/mp4/download/live/all${path}`, { method: "HEAD" });
      return [status, headers.get("content-type"), headers.get("content-length")];
    };
    const all = await sizeOf(`.mp4?start=${RECORDED_AT}&end=${RECORDED_AT + 60_000}`);
    expect((all as unknown[]).slice(0, 2)).toEqual([200, "video/mp4"]);
    for (const path of [
      ".mp4",
      "",
      "?",
      "?range=&start=&end=",
      `?end=${RECORDED_AT + 60_000}`,
      "?_t=1&type=mp4&token=x&mode=",
    ])
      expect(await sizeOf(path), path).toEqual(all);
    const until = await sizeOf(`?end=${RECORDED_AT + 2000}`);
    expect(until).toEqual(await sizeOf(`.mp4?start=${RECORDED_AT}&end=${RECORDED_AT + 2000}`));
    expect(await sizeOf(`?range=${RECORDED_AT}-${RECORDED_AT + 2000}`)).toEqual(until);
    expect(await sizeOf(".fmp4")).not.toEqual(all);
    const kept = await server.fetch("/mp4/download/live/all", { method: "HEAD" });
    expect(kept.headers.get("cache-control")).toContain("no-cache"); // more may be recorded
    const { json } = await server.call("/mp4/api/list/live/all?pageSize=1");
    const newest = await sizeOf(`?id=${idsOf(json)[0] ?? 0}`);
    expect((newest as unknown[]).slice(0, 2)).toEqual([200, "video/mp4"]);
  });
});
