import { afterAll, beforeAll, expect, test } from "vitest";
import type { Segment } from "../../src/catalog/types.ts";
import { retain, type Removed } from "../../src/record/retention.ts";
import { addSegment, startTestServer, type TestServer } from "../app/test-server.ts";

let server: TestServer;
const NOW = Date.UTC(2026, 0, 31, 12);
const HOUR = 3_600_000;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** A stream of segments that end so many hours before now, of a thousand bytes each. */
async function recorded(streamPath: string, hours: readonly number[]): Promise<Segment[]> {
  const segments: Segment[] = [];
  for (const hour of hours) {
    const endMs = NOW - hour * HOUR;
    segments.push(await addSegment(server.parts, { streamPath, startMs: endMs - 60_000, endMs }, new Uint8Array(1000)));
  }
  return segments;
}

async function removed(parts: Partial<Parameters<typeof retain>[0]> = {}, dryRun = false): Promise<[number, string][]> {
  const all: Removed[] = [];
  for await (const one of retain({ catalog: server.parts.catalog, ...parts }, NOW, dryRun)) all.push(one);
  return all.map(({ segment, reason }) => [segment.id, reason]);
}

async function source(streamPath: string, retentionMs: number | null, retentionBytes: number | null): Promise<void> {
  const rest = { url: "rtsp://camera/a", mode: "demand", fragmentMs: null, labels: {} } as const;
  await server.parts.catalog.sources.put({ streamPath, retentionMs, retentionBytes, ...rest });
}

test("the oldest segments go, by age and by bytes, protected ones never", async () => {
  const { catalog } = server.parts;
  const [a = fail(), b = fail(), c = fail(), d = fail()] = await recorded("live/aged", [50, 49, 30, 1]);
  await catalog.rateSegment(a.id, "high");
  await source("live/aged", 48 * HOUR, null);
  const [, e = fail(), f = fail()] = await recorded("live/large", [5, 4, 3]);
  await recorded("live/free", [9000]);
  await source("live/large", null, 2000);
  const [g] = await removed({}, true);
  expect(g).toEqual([b.id, "age"]);
  const first = await removed({}, true);
  expect(first).toHaveLength(2);
  expect(await removed()).toEqual(first);
  expect(await removed()).toEqual([]);
  const left = async (streamPath: string): Promise<number[]> =>
    (await catalog.list({ streamPath, pageNum: 1, pageSize: 10 })).segments.map(({ id }) => id);
  expect(await left("live/aged")).toEqual([d.id, c.id, a.id]);
  expect(await left("live/large")).toEqual([f.id, e.id]);
  expect(await left("live/free")).toHaveLength(1);
});

test("a disk that is too full loses the oldest recordings, whosever they are, down to the low mark", async () => {
  const { catalog, store } = server.parts;
  const ids: number[] = [];
  for (const [streamPath, hour] of [
    ["live/x", 9],
    ["live/y", 8],
    ["live/x", 7],
  ] as const) {
    const key = `segments/${streamPath}/${hour}.mp4`;
    const { id } = await catalog.beginSegment({ streamPath, key, nowMs: NOW, owner: "recorder" });
    const { size, etag } = await store.put(key, chunk());
    const [startMs, endMs] = [NOW - hour * HOUR, NOW - hour * HOUR + 1000];
    const bytes = new Uint8Array([1]);
    await catalog.completeSegment(id, {
      startMs,
      endMs,
      format: "mp4",
      codecs: "",
      size,
      etag,
      summary: bytes,
      index: bytes,
    });
    ids.push(id);
  }
  const deleted = await catalog.deletedBytes();
  const disk = (used: number) => () => Promise.resolve({ used: used + deleted, total: 10_000 });
  const water = { high: 0.9, low: 0.75 };
  expect(await removed({ disk: disk(9000), water })).toEqual([]);
  expect(await removed({ disk: disk(9001), water })).toEqual([
    [ids[0], "disk"],
    [ids[1], "disk"],
  ]);
  // What was deleted is as good as gone.
  expect(await removed({ disk: disk(9001), water })).toEqual([]);
});

async function* chunk(): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(new Uint8Array(1000));
}

function fail(): never {
  throw new Error("too few segments");
}
