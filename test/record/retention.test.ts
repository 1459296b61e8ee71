import { createClient } from "@libsql/client";
import { sql, type CompiledQuery } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Catalog } from "../../src/catalog/catalog.ts";
import type { Segment } from "../../src/catalog/types.ts";
import { rateByEvents } from "../../src/record/rate-by-events.ts";
import { BelievedTime } from "../../src/record/believed-time.ts";
import { overShares, retain, type Removed } from "../../src/record/retention.ts";
import { add, openTestCatalog, readySegment, type TestCatalog } from "../catalog/open.ts";
import { postTo } from "./calls.ts";
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
  for await (const one of retain({ catalog: server.parts.catalog, ...parts }, NOW, { dryRun })) all.push(one);
  return all.map(({ segment, reason }) => [segment.id, reason]);
}

async function source(
  streamPath: string,
  retentionMs: number | null,
  retentionBytes: number | null,
  protectedMs: number | null = null,
): Promise<void> {
  const rest = { url: "rtsp://camera/a", mode: "demand", fragmentMs: null, labels: {}, owner: "" } as const;
  const kept = { retentionMs, retentionBytes, protectedMs, isStopped: false };
  await server.parts.catalog.sources.put({ streamPath, ...kept, ...rest });
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

test("a protected segment goes once it is older than its source protects it", async () => {
  const { catalog } = server.parts;
  const [a = fail(), b = fail()] = await recorded("live/kept", [50, 20]);
  for (const { id } of [a, b]) await catalog.rateSegment(id, "high");
  await source("live/kept", 10 * HOUR, null, 30 * HOUR);
  expect(await removed({}, true)).toEqual([[a.id, "age"]]);
  expect(await removed()).toEqual([[a.id, "age"]]);
  expect(await removed()).toEqual([]);
  expect((await catalog.segment(b.id))?.eventLevel).toBe("high");
  await source("live/kept", null, null);
});

test("what would be removed is told once, and is what is removed", async () => {
  const { catalog } = server.parts;
  const [a = fail(), b = fail(), c = fail()] = await recorded("live/both", [9, 8, 7, 6]);
  await source("live/both", 8.5 * HOUR, 1500);
  const expected = [
    [a.id, "age"],
    [b.id, "bytes"],
    [c.id, "bytes"],
  ];
  expect(await removed({}, true)).toEqual(expected);
  expect(await removed()).toEqual(expected);
  await catalog.sources.delete("live/both");
});

test("a clock that leaps ahead removes nothing by age until it has gone on for hours, and nothing where others are right", async () => {
  const { catalog } = server.parts;
  let elapsedMs = 0;
  const believed = new BelievedTime(catalog.leases, () => elapsedMs);
  const at = async (nowMs: number): Promise<number> => (await believed.at(nowMs)) - NOW;
  expect(await at(NOW)).toBe(0);
  expect(await at(NOW + 23 * HOUR)).toBe(23 * HOUR);
  expect(await at(NOW)).toBe(0); // it was set back
  const aheadMs = NOW + 14 * 365 * 24 * HOUR;
  expect(await at(aheadMs)).toBe(0);
  elapsedMs += 5 * HOUR;
  expect(await at(aheadMs + elapsedMs)).toBe(0);
  // Another node goes on by a clock that is right.
  await new BelievedTime(catalog.leases, () => 0).at(NOW + HOUR);
  elapsedMs += 5 * HOUR;
  expect(await at(aheadMs + elapsedMs)).toBe(HOUR);
  const [kept = fail()] = await recorded("live/leap", [1]);
  await source("live/leap", 2 * HOUR, null);
  const leap = [];
  for await (const { segment } of retain({ catalog }, aheadMs, { believedMs: NOW })) leap.push(segment.id);
  expect(leap).toEqual([]);
  expect(await catalog.segment(kept.id)).toBeDefined();
  elapsedMs += 6 * HOUR;
  expect(await at(aheadMs + elapsedMs)).toBe(aheadMs + elapsedMs - NOW);
  expect(await at(NOW + 2 * HOUR)).toBe(2 * HOUR);
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
  const bytes = await catalog.ownRecordings.bytes();
  expect(await removed({ bytes: { high: bytes, low: 1 } })).toEqual([]);
  expect(await removed({ bytes: { high: bytes - 1, low: bytes - 1 } }, true)).toEqual([[ids[2], "store"]]);
  expect(await removed({ bytes: { high: bytes - 1, low: bytes - 1 } })).toEqual([[ids[2], "store"]]);
  expect(await catalog.ownRecordings.bytes()).toBe(0);
});

describe("of a store, or a disk, that is too full", () => {
  /** Recordings of a thousand bytes each, that end so many hours before now. @returns ids */
  async function own(catalog: Catalog, streamPath: string, hours: readonly number[]): Promise<number[]> {
    const ids: number[] = [];
    for (const hour of hours) {
      const key = `segments/${streamPath}/${String(hour)}.mp4`;
      const { id } = await catalog.beginSegment({ streamPath, key, nowMs: NOW, owner: "recorder" });
      await catalog.completeSegment(id, readySegment(NOW - hour * HOUR, NOW - hour * HOUR + 1000));
      ids.push(id);
    }
    return ids;
  }
  let opened: TestCatalog;
  beforeEach(async () => {
    opened = await openTestCatalog();
  });
  afterEach(() => opened.close());
  const removedFrom = async (parts: Partial<Parameters<typeof retain>[0]>): Promise<number[]> => {
    const both: number[][] = [];
    for (const dryRun of [true, false]) {
      const ids: number[] = [];
      for await (const { segment } of retain({ catalog: opened.catalog, ...parts }, NOW, { dryRun }))
        ids.push(segment.id);
      both.push(ids);
    }
    expect(both[1]).toEqual(both[0]);
    return both[1] ?? [];
  };

  test("uploads do not count, and have nobody's recordings removed", async () => {
    await own(opened.catalog, "cam", [5, 4]);
    for (const streamPath of ["other", "cam"]) await add(opened.catalog, streamPath, NOW - HOUR, NOW, 1_000_000);
    expect(await removedFrom({ bytes: { high: 2000, low: 1800 } })).toEqual([]);
  });

  test("a stream that has no more than its share loses nothing to one that takes more", async () => {
    const { catalog } = opened;
    await own(catalog, "cam", [900, 899]);
    const flood = await own(catalog, "flood", [5, 4, 3, 2]);
    expect(await removedFrom({ bytes: { high: 5000, low: 4000 } })).toEqual(flood.slice(0, 2));
    expect(await removedFrom({ bytes: { high: 3999, low: 3000 } })).toHaveLength(1);
  });

  test("what is protected is made up for by others on a disk, which would else be full, and not in a store", async () => {
    const { catalog } = opened;
    const [old] = await own(catalog, "live/cam", [900, 899]);
    for (const id of await own(catalog, "live/held", [5, 4, 3, 2])) await catalog.rateSegment(id, "high");
    expect(await removedFrom({ bytes: { high: 5000, low: 5000 } })).toEqual([]);
    const disk = (): Promise<{ used: number; total: number }> => Promise.resolve({ used: 6000, total: 6500 });
    expect(await removedFrom({ disk, water: { high: 0.9, low: 5000 / 6500 } })).toEqual([old]);
  });

  test("what is protected elsewhere has nobody's recordings removed that has no more than its share", async () => {
    const { catalog } = opened;
    await own(catalog, "alice/cam", [900, 899]);
    for (const id of await own(catalog, "mal/held", [5, 4, 3, 2])) await catalog.rateSegment(id, "high");
    const disk = (): Promise<{ used: number; total: number }> => Promise.resolve({ used: 6000, total: 6500 });
    expect(await removedFrom({ disk, water: { high: 0.9, low: 5000 / 6500 } })).toEqual([]);
  });

  test("who has many streams has no larger share than who has one", async () => {
    const { catalog } = opened;
    await own(catalog, "alice/cam", [99, 98, 97, 96, 95, 94, 93, 92]);
    const [first = fail()] = await own(catalog, "mal/s", [70]);
    const copies = (table: string, columns: string): CompiledQuery =>
      sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < 69)
        insert into ${sql.table(table)} (stream_path, ${sql.raw(columns)})
        select stream_path || i, ${sql.raw(columns.replace("key", "key || i").replace("start_ms", "start_ms + i"))}
        from ${sql.table(table)} cross join n where stream_path = 'mal/s'`.compile(opened.db.primary);
    await opened.db.batch([
      copies("segments", "start_ms, key, state, state_ms, end_ms, size, owner, created_ms"),
      copies("streams", "start_ms, count, bytes, end_ms, longest_ms, recorded_bytes"),
    ]);
    const oldest = Array.from({ length: 18 }, (_, i) => first + i);
    expect(await removedFrom({ bytes: { high: 70_000, low: 60_000 } })).toEqual(oldest);
    expect(await removedFrom({ bytes: { high: 20_000, low: 16_000 } })).toHaveLength(44);
    expect(await catalog.room.uses()).toContainEqual(["alice/cam", { recorded: 8000, uploaded: 0 }]);
  });

  test("uploads have recordings removed of their own first part alone, and are refused while they take too much of a disk", async () => {
    const { catalog } = opened;
    await own(catalog, "alice/cam", [900, 899]);
    const own1 = await own(catalog, "mal/cam", [5]);
    await add(catalog, "mal/fill", NOW - HOUR, NOW, 50_000);
    // A file where it lies takes no room.
    const lies = await catalog.beginSegment({ streamPath: "kept/cam", key: "@1/a.mp4", nowMs: NOW });
    await catalog.completeSegment(lies.id, readySegment(NOW, NOW + 1000, 1_000_000));
    const disk = (): Promise<{ used: number; total: number }> => Promise.resolve({ used: 93_000, total: 100_000 });
    const parts = { catalog, disk, water: { high: 0.9, low: 0.8 } };
    expect(await overShares(parts)).toEqual(new Map([["mal", 50_000 - 38_000]]));
    expect(await removedFrom(parts)).toEqual(own1);
    catalog.room.over = await overShares(parts);
    await expect(add(catalog, "mal/more", NOW, NOW + 1)).rejects.toMatchObject({
      code: "store_full",
      message:
        "The disk is too full, and uploads to mal take 12000 bytes more than their share of it. Delete some of them, and try again a minute later.",
    });
    const upload = { id: "a", owner: "", length: 1, received: 0, pieces: 0, fileName: "a.mp4", imageClassId: 0 };
    const unfinished = { fileKey: undefined, segmentId: undefined, untilMs: NOW };
    const begin = (streamPath: string): Promise<void> =>
      catalog.tus.create({ ...upload, ...unfinished, id: streamPath, announced: { streamPath } });
    await expect(begin("mal/more")).rejects.toMatchObject({ code: "store_full" });
    await begin("alice/more");
    await add(catalog, "alice/more", NOW, NOW + 1);
    expect(await own(catalog, "mal/cam", [1])).toHaveLength(1);
    // Below the mark, or where nobody else has anything, nothing is said.
    expect(await overShares({ ...parts, water: { high: 0.95, low: 0.8 } })).toEqual(new Map());
  });

  test("uploads that take too much of a disk have recordings go on in the room they have", async () => {
    const { catalog } = opened;
    const oldest = await own(catalog, "alice/cam", [900, 899, 898]);
    await add(catalog, "mal/fill", NOW - HOUR, NOW, 90_000);
    const parts = (used: number) => ({
      ...{ catalog, water: { high: 0.9, low: 0.8 } },
      disk: () => Promise.resolve({ used, total: 100_000 }),
    });
    const removedOf = async (used: number, grownBytes?: number): Promise<number[]> => {
      const ids: number[] = [];
      for await (const { segment } of retain(parts(used), NOW, { dryRun: true, grownBytes })) ids.push(segment.id);
      return ids;
    };
    expect(await removedOf(99_000)).toEqual([]);
    expect(await removedOf(94_000, 2000)).toEqual([]);
    expect(await removedOf(99_000, 1500)).toEqual(oldest.slice(0, 2));
    expect(await removedOf(95_500, 2000)).toEqual(oldest.slice(0, 1));
  });

  test("files of no stream share a disk, too, with what is kept of resumable uploads", async () => {
    const { catalog } = opened;
    await own(catalog, "cam", [900, 899]);
    const file = { area: "store", key: "images/a.png", contentType: "image/png", imageClassId: 0 } as const;
    const id = await catalog.uploads.begin({ ...file, size: 0, createdMs: NOW, untilMs: NOW + HOUR });
    const stored = { id, size: 9000, etag: "a", media: undefined, index: undefined };
    await catalog.uploads.complete([{ ...file, ...stored }]);
    expect(await catalog.room.uses()).toEqual(
      new Map([
        ["", { recorded: 0, uploaded: 9000 }],
        ["cam", { recorded: 2000, uploaded: 0 }],
      ]),
    );
    const disk = (): Promise<{ used: number; total: number }> => Promise.resolve({ used: 11_000, total: 12_000 });
    const parts = { catalog, disk, water: { high: 0.9, low: 0.5 } };
    expect(await removedFrom(parts)).toEqual([]);
    catalog.room.over = await overShares(parts);
    await expect(catalog.uploads.begin({ ...file, size: 0, createdMs: NOW, untilMs: NOW })).rejects.toMatchObject({
      code: "store_full",
    });
    await add(catalog, "cam", NOW, NOW + 1);
  });

  test("the oldest are found by an index", async () => {
    const { rows } = await sql<{
      detail: string;
    }>`explain query plan select id from segments indexed by segments_recorded
      where state = 'ready' and owner = 'recorder' and event_level is not 'high' order by start_ms limit 1`.execute(
      opened.db.primary,
    );
    expect(rows.map(({ detail }) => detail).join()).not.toContain("TEMP B-TREE");
  });
});

test("an event goes a week after its end, once nothing of its time is recorded", async () => {
  const { catalog } = server.parts;
  const [old = fail()] = await recorded("live/events", [400]);
  const at = async (hour: number, level: "high" | "low" = "low"): Promise<number> => {
    const times = { startMs: NOW - hour * HOUR - 120_000, endMs: NOW - hour * HOUR - 30_000, createdMs: NOW };
    return (
      await catalog.events.add({ streamPath: "live/events", eventId: "", name: "", description: "", level, ...times })
    ).id;
  };
  const [over, of, recent] = [await at(500), await at(400), await at(100)];
  const left = async (): Promise<number[]> =>
    (await catalog.events.list({ streamPath: "live/events", limit: 10 })).map(({ id }) => id);
  await removed({}, true);
  expect(await left()).toEqual([recent, of, over]);
  await removed();
  expect(await left()).toEqual([recent, of]);
  await catalog.tombstone({ streamPath: "live/events", ids: [old.id] }, NOW);
  await removed(); // has come to the end, and begins anew
  await removed();
  expect(await left()).toEqual([recent]);
});

test("a segment is protected by one event among many, and a stream has so many of a day", async () => {
  const { catalog } = server.parts;
  const [segment = fail()] = await recorded("live/many", [1]);
  const event = { streamPath: "live/many", eventId: "", name: "", description: "", createdMs: NOW };
  await catalog.events.add({ ...event, startMs: segment.startMs, endMs: segment.endMs, level: "high" });
  const db = createClient({ url: `file:${server.folder}/catalog.db` });
  const columns = "stream_path, event_id, name, description, created_ms, level, start_ms";
  await db.execute(`with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000)
    insert into events (${columns}, end_ms) select ${columns.replace("level", "'low'")}, ${Date.now()} from events cross join n
    where stream_path = 'live/many'`);
  db.close();
  await rateByEvents(catalog, segment);
  const { segments } = await catalog.list({ streamPath: "live/many", pageNum: 1, pageSize: 10 });
  expect(segments.map(({ eventLevel }) => eventLevel)).toEqual(["high"]);
  await source("live/many", null, null);
  const refused = await postTo(server, "/mp4/api/event/start", { streamPath: "live/many" });
  expect(refused).toMatchObject({ status: 429, json: { error: "too_many_events" } });
});

async function* chunk(): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(new Uint8Array(1000));
}

function fail(): never {
  throw new Error("too few segments");
}
