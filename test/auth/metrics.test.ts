import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Metrics } from "../../src/base/metrics.ts";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { RECORDED_AT, record } from "../support/recording.ts";

const token = "0123456789-abcdefgh";
const headers = { authorization: `Bearer ${token}` };

/** A number of the text format by its name and labels, as they are written. */
type Samples = ReadonlyMap<string, number>;

/** Reads the text format (version 0.0.4), strictly. */
function read(text: string): { samples: Samples; types: ReadonlyMap<string, string> } {
  const samples = new Map<string, number>();
  const types = new Map<string, string>();
  expect(text.endsWith("\n")).toBe(true);
  for (const line of text.slice(0, -1).split("\n")) {
    const [, keyword, name = "", rest = ""] = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line) ?? [];
    if (keyword === "HELP") expect(types.has(name)).toBe(false);
    else if (keyword === "TYPE") types.set(name, rest);
    else {
      const label = '[a-z_]+="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"';
      const sample = new RegExp(`^([a-z_]+)(\\{${label}(?:,${label})*\\})? (\\d+(?:\\.\\d+)?(?:e-?\\d+)?)$`).exec(line);
      expect(sample, line).not.toBeNull();
      const [, series = "", labels = "", value] = sample ?? [];
      expect(types.has(series.replace(/_(?:bucket|sum|count)$/, "")) || types.has(series), line).toBe(true);
      expect(samples.has(series + labels), `${line} stands twice`).toBe(false);
      samples.set(series + labels, Number(value));
    }
  }
  return { samples, types };
}

describe("/metrics", () => {
  let server: TestServer;
  let size: number;
  beforeAll(async () => {
    server = await startTestServer({ BOXCAR_TOKEN: token, BOXCAR_CLIENT_RATE: "0", BOXCAR_TOKEN_RATE: "0" });
    const [segment] = await record({ count: 1, seconds: 2 });
    const body = await readFile(segment?.file ?? "");
    size = body.length;
    const path = `/mp4/api/segments/live/cam1?start=${RECORDED_AT}`;
    expect((await server.fetch(path, { method: "PUT", body, headers })).status).toBe(201);
  });
  afterAll(() => server.close());
  const scrape = async (): Promise<Samples> => {
    const response = await server.fetch("/metrics", { headers });
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-store");
    return read(await response.text()).samples;
  };
  /** How much each number grew while something was done. */
  const growth = async (work: () => Promise<unknown>): Promise<(series: string) => number> => {
    const before = await scrape();
    await work();
    const after = await scrape();
    return (series) => (after.get(series) ?? 0) - (before.get(series) ?? 0);
  };
  const get = async (path: string, fields: Record<string, string> = {}): Promise<number> =>
    (await (await server.fetch(path, { headers: { ...headers, ...fields } })).arrayBuffer()).byteLength;

  it("is for administrators", async () => {
    expect((await server.fetch("/metrics")).status).toBe(401);
    const open = await startTestServer();
    expect((await open.fetch("/metrics")).status).toBe(200);
    await open.close();
  });

  it("counts what was uploaded", async () => {
    const samples = await scrape();
    expect(samples.get("boxcar_store_written_bytes_total")).toBe(size);
    expect(samples.get('boxcar_store_calls_total{operation="put",outcome="done"}')).toBe(1);
    const route = "/mp4/api/segments/:streamPath";
    expect(samples.get(`boxcar_requests_total{method="PUT",route="${route}",status="201"}`)).toBe(1);
  });

  it("counts downloads: requests, bytes, plans and reads", async () => {
    const path = `/mp4/download/live/cam1.mp4?start=${RECORDED_AT}&duration=1s`;
    let sent = 0;
    const grown = await growth(async () => {
      sent += await get(path);
      sent += await get(path, { range: "bytes=0-99" });
      await get("/mp4/download/live/cam1.mp4?start=0&duration=1s");
    });
    const route = "/mp4/download/:file";
    const requests = (status: number): number =>
      grown(`boxcar_requests_total{method="GET",route="${route}",status="${status}"}`);
    expect([requests(200), requests(206), requests(404)]).toEqual([1, 1, 1]);
    expect(grown("boxcar_sent_bytes_total")).toBe(sent);
    expect(grown(`boxcar_request_seconds_count{route="${route}"}`)).toBe(3);
    expect(grown('boxcar_plan_seconds_count{outcome="planned"}')).toBe(2);
    expect(grown('boxcar_plan_seconds_count{outcome="refused"}')).toBe(1);
    expect(grown("boxcar_store_read_bytes_total")).toBeGreaterThan(1000);
    expect(grown('boxcar_store_calls_total{operation="get",outcome="done"}')).toBeGreaterThan(0);
  });

  it("has as many series as there are routes, whatever is called", async () => {
    await scrape(); // makes the series of /metrics itself
    const seriesOf = (samples: Samples): string[] => [...samples.keys()];
    await get("/one");
    await server.fetch("/one", { method: "BREW", headers });
    await get("/mp4/api/list/live/cam1");
    const before = seriesOf(await scrape());
    for (let i = 0; i < 30; i++) {
      await get(`/nothing/${i}"\\\n`);
      await get(`/mp4/api/list/live/cam${i}`);
      await server.fetch(`/${i}`, { method: `BREW${i}`, headers });
    }
    expect(seriesOf(await scrape())).toEqual(before);
  });

  it("gives buckets that add up", async () => {
    const samples = await scrape();
    for (const [series, count] of samples) {
      const [, name, labels = ""] = /^(\w+)_count(?:\{(.*)\})?$/.exec(series) ?? [];
      if (name === undefined) continue;
      const buckets = [...samples].filter(([key]) => key.startsWith(`${name}_bucket{${labels},le=`));
      const counts = buckets.map(([, value]) => value);
      expect(counts).toEqual(counts.toSorted((a, b) => a - b));
      expect(counts.at(-1)).toBe(count);
      expect(buckets.at(-1)?.[0]).toContain('le="+Inf"');
    }
  });
});

it("labels are escaped", () => {
  const metrics = new Metrics();
  metrics.counter("a_total", "A.").add({ route: '"\\\n' });
  expect(metrics.text()).toBe('# HELP a_total A.\n# TYPE a_total counter\na_total{route="\\"\\\\\\n"} 1\n');
});
