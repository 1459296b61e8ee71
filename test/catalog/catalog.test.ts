import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Catalog } from "../../src/catalog/catalog.ts";
import type { SegmentWithIndex } from "../../src/catalog/types.ts";
import { refusal } from "../conformance/store.ts";
import { add, openTestCatalog, readySegment, type TestCatalog } from "./open.ts";

let opened: TestCatalog;
let catalog: Catalog;
beforeEach(async () => {
  opened = await openTestCatalog();
  catalog = opened.catalog;
});
afterEach(() => opened.close());

async function pagesOf<T>(pages: AsyncIterable<readonly T[]>): Promise<(readonly T[])[]> {
  const all = [];
  for await (const page of pages) all.push(page);
  return all;
}

describe("a segment's life", () => {
  it("shows a segment from completion to deletion", async () => {
    const { id, existing } = await catalog.beginSegment({ streamPath: "live/cam1", key: "k1", nowMs: 77 });
    expect(existing).toBeUndefined();
    expect(await catalog.segment(id)).toBeUndefined();
    expect(await catalog.segmentByKey("k1")).toBeUndefined();
    expect(await catalog.streams()).toEqual([]);
    expect((await catalog.list({ streamPath: "*", pageNum: 1, pageSize: 10 })).total).toBe(0);

    const ready = readySegment(1000, 61_000, 2 ** 40);
    const segment = await catalog.completeSegment(id, ready);
    const { index, ...rest } = ready;
    expect(segment).toEqual({
      ...rest,
      summary: new Uint8Array(ready.summary),
      id,
      streamPath: "live/cam1",
      key: "k1",
      eventLevel: null,
      createdMs: 77,
    });
    expect(await catalog.segment(id)).toEqual(segment);
    expect(await catalog.segmentByKey("k1")).toEqual(segment);
    expect(await catalog.indexesOf([id, 999])).toEqual(new Map([[id, new Uint8Array(index)]]));
    expect(await catalog.newestEnd("live/cam1")).toBe(61_000);
    expect(await catalog.streams()).toEqual([
      { streamPath: "live/cam1", count: 1, startMs: 1000, endMs: 61_000, bytes: 2 ** 40 },
    ]);

    const deletion = await catalog.tombstone({ streamPath: "live/cam1", ids: [id] }, 100_000);
    expect(deletion).toEqual({ deleted: [segment], protected: [] });
    expect(await catalog.segment(id)).toBeUndefined();
    expect(await catalog.streams()).toEqual([]);
    expect(await catalog.newestEnd("live/cam1")).toBeUndefined();
    // A download that was planned before the deletion still finds its index.
    expect((await catalog.indexesOf([id])).size).toBe(1);
    await catalog.forgetSegment(id);
    expect((await catalog.indexesOf([id])).size).toBe(0);

    const next = await catalog.beginSegment({ streamPath: "live/cam1", key: "k1", nowMs: 78 });
    expect(next.id).toBeGreaterThan(id);
  });

  it("completes only what is pending, once", async () => {
    const { id } = await catalog.beginSegment({ streamPath: "s", key: "k", nowMs: 0 });
    await catalog.abandonSegment(id);
    expect(await refusal(catalog.completeSegment(id, readySegment(0, 1)))).toBe("upload_expired 409");
    const again = await catalog.beginSegment({ streamPath: "s", key: "k", nowMs: 0 });
    await catalog.completeSegment(again.id, readySegment(0, 1));
    expect(await refusal(catalog.completeSegment(again.id, readySegment(0, 2)))).toBe("upload_expired 409");
    await catalog.abandonSegment(again.id);
    await catalog.forgetSegment(again.id);
    expect(await catalog.segment(again.id)).toMatchObject({ endMs: 1 });
    expect(await catalog.streams()).toMatchObject([{ count: 1, endMs: 1 }]);
  });

  it.each([
    [0, 0],
    [5, 4],
    [0.5, 2],
    [0, 1.5],
    [NaN, 1],
    [0, 2 ** 60],
  ])("takes no segment from %d to %d", async (startMs, endMs) => {
    const { id } = await catalog.beginSegment({ streamPath: "s", key: "k", nowMs: 0 });
    await expect(catalog.completeSegment(id, readySegment(startMs, endMs))).rejects.toThrow(RangeError);
    expect(await catalog.streams()).toEqual([]);
  });

  it("answers a repeated idempotency key with the first segment", async () => {
    const request = { streamPath: "s", idempotencyKey: "once", nowMs: 0 };
    const first = await catalog.beginSegment({ ...request, key: "k1" });
    expect(await refusal(catalog.beginSegment({ ...request, key: "k2" }))).toBe("idempotency_in_progress 409");
    const segment = await catalog.completeSegment(first.id, readySegment(0, 10));
    expect(await catalog.beginSegment({ ...request, key: "k3" })).toEqual({ id: first.id, existing: segment });
    const other = await catalog.beginSegment({ ...request, streamPath: "t", key: "k4" });
    expect(other.existing).toBeUndefined();
    await catalog.abandonSegment(other.id);
    expect((await catalog.beginSegment({ ...request, streamPath: "t", key: "k5" })).existing).toBeUndefined();
    await catalog.tombstone({ streamPath: "s", ids: [first.id] }, 5);
    expect((await catalog.beginSegment({ ...request, key: "k6" })).existing).toBeUndefined();
  });

  it("gives an object to one live segment only", async () => {
    const first = await catalog.beginSegment({ streamPath: "s", key: "k", nowMs: 0 });
    expect(await refusal(catalog.beginSegment({ streamPath: "t", key: "k", nowMs: 0 }))).toBe("segment_exists 409");
    await catalog.completeSegment(first.id, readySegment(0, 10));
    expect(await refusal(catalog.beginSegment({ streamPath: "s", key: "k", nowMs: 0 }))).toBe("segment_exists 409");
    await catalog.tombstone({ streamPath: "s", ids: [first.id] }, 5);
    expect((await catalog.beginSegment({ streamPath: "s", key: "k", nowMs: 0 })).id).toBeGreaterThan(first.id);
  });

  it("protects segments rated high, and deletes only within the stream named", async () => {
    const [a, b, c] = [await add(catalog, "s", 0, 10), await add(catalog, "s", 10, 20), await add(catalog, "t", 0, 10)];
    expect(await catalog.rateSegment(b.id, "high")).toBe(true);
    expect(await catalog.rateSegment(999, "high")).toBe(false);
    const ids = [a.id, b.id, c.id, a.id, 999];
    expect(await catalog.tombstone({ streamPath: "s", ids }, 5)).toEqual({
      deleted: [a],
      protected: [{ ...b, eventLevel: "high" }],
    });
    expect(await catalog.tombstone({ streamPath: "s", startMs: 0, endMs: 100 }, 5)).toMatchObject({ deleted: [] });
    await catalog.rateSegment(b.id, "low");
    expect(await catalog.tombstone({ streamPath: "s", startMs: 0, endMs: 10 }, 5)).toEqual({
      deleted: [],
      protected: [],
    });
    expect(await catalog.tombstone({ streamPath: "s", startMs: 0, endMs: 11 }, 5)).toMatchObject({
      deleted: [{ id: b.id }],
      protected: [],
    });
    expect(await catalog.streams()).toMatchObject([{ streamPath: "t", count: 1 }]);
  });

  it("deletes more than fits into one transaction", async () => {
    for (let i = 0; i < 1203; i++) await add(catalog, "s", i * 10, i * 10 + 10);
    const { deleted } = await catalog.tombstone({ streamPath: "s", startMs: 15, endMs: 12_015 }, 5);
    expect(deleted.map((segment) => segment.startMs)).toEqual(Array.from({ length: 1201 }, (_, i) => (i + 1) * 10));
    expect(await catalog.streams()).toEqual([{ streamPath: "s", count: 2, startMs: 0, endMs: 12_030, bytes: 2000 }]);
  });
});

describe("overlapping", () => {
  it("pages in order, with indexes", async () => {
    const added: number[] = [];
    // Descending, so that ids and times run against each other; every third starts with its neighbour.
    for (let i = 199; i >= 0; i--) {
      const startMs = (i - (i % 3 === 1 ? 1 : 0)) * 1000;
      added.push((await add(catalog, "s", startMs, startMs + 1500)).id);
    }
    await add(catalog, "other", 0, 200_000);
    const pages = await pagesOf(catalog.overlapping("s", 0, 1_000_000, { withIndex: true }));
    expect(pages.map((page) => page.length)).toEqual([64, 64, 64, 8]);
    const all = pages.flat();
    expect(new Set(all.map(({ id }) => id))).toEqual(new Set(added));
    all.reduce((before, segment) => {
      expect(
        [before.startMs, before.id] < [segment.startMs, segment.id] ||
          before.startMs < segment.startMs ||
          before.id < segment.id,
      ).toBe(true);
      return segment;
    });
    for (const { startMs, endMs, size, index } of all)
      expect(String(Buffer.from(index ?? []))).toBe(`${startMs} ${endMs} ${size}`);
    expect((await pagesOf(catalog.overlapping("s", 0, 1_000_000)))[0]?.[0]).not.toHaveProperty("index");
  });

  it("takes both ends as exclusive of mere touching, and finds a long segment behind short ones", async () => {
    const long = await add(catalog, "s", 0, 100_000);
    for (let i = 1; i < 100; i++) await add(catalog, "s", i * 1000, i * 1000 + 1000);
    const starts = async (startMs: number, endMs: number): Promise<number[]> =>
      (await pagesOf(catalog.overlapping("s", startMs, endMs))).flat().map((segment) => segment.startMs);
    expect(await starts(50_000, 51_000)).toEqual([0, 50_000]);
    expect(await starts(49_999, 51_001)).toEqual([0, 49_000, 50_000, 51_000]);
    expect(await starts(100_000, 101_000)).toEqual([]);
    expect(await starts(-5, 0)).toEqual([]);
    await catalog.tombstone({ streamPath: "s", ids: [long.id] }, 0);
    expect(await starts(50_000, 51_000)).toEqual([50_000]);
  });

  it("ends a page early where indexes are large", async () => {
    const index = new Uint8Array(3 * 1024 * 1024);
    for (let i = 0; i < 5; i++) {
      const { id } = await catalog.beginSegment({ streamPath: "s", key: `big/${i}`, nowMs: 0 });
      index.fill(i);
      await catalog.completeSegment(id, {
        ...readySegment(i * 10, i * 10 + 10),
        index: i === 4 ? index.subarray(0, 9) : index,
      });
    }
    const pages = await pagesOf(catalog.overlapping("s", 0, 100, { withIndex: true }));
    expect(pages.map((page) => page.length)).toEqual([1, 1, 1, 2]);
    expect(pages.flat().map(({ index: found }) => [found?.byteLength, found?.[0]])).toEqual([
      ...[0, 1, 2, 3].map((i) => [index.byteLength, i]),
      [9, 4],
    ]);
    expect((await catalog.indexesOf(pages.flat().map(({ id }) => id))).size).toBe(5);
  });

  it("is not put out of step by what happens between its pages", async () => {
    const ids: number[] = [];
    for (let i = 0; i < 150; i++) ids.push((await add(catalog, "s", i * 10, i * 10 + 10)).id);
    const seen: SegmentWithIndex[] = [];
    for await (const page of catalog.overlapping("s", 0, 1500)) {
      if (seen.length === 0) await catalog.tombstone({ streamPath: "s", ids: ids.slice(0, 60) }, 0);
      seen.push(...page);
    }
    expect(seen.map(({ id }) => id)).toEqual(ids);
  });
});
