import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Catalog } from "../../src/catalog/catalog.ts";
import type { Segment } from "../../src/catalog/types.ts";
import type { OpenCatalog } from "../../src/runtime/libsql/open-catalog.ts";
import { refusal } from "../conformance/store.ts";
import { random, seedOf } from "../support/random.ts";
import { add, catalogKinds, openCatalogOf, readySegment, stopServers } from "./open.ts";

async function pagesOf<T>(pages: AsyncIterable<readonly T[]>): Promise<(readonly T[])[]> {
  const all = [];
  for await (const page of pages) all.push(page);
  return all;
}

afterAll(stopServers);

describe.each(catalogKinds)("on a %s:", (kind) => {
  let opened: OpenCatalog;
  let catalog: Catalog;
  beforeEach(async () => {
    opened = await openCatalogOf(kind);
    catalog = opened.catalog;
  });
  afterEach(() => opened.close());

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
        identity: "k1",
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
      expect(deletion).toEqual({ deleted: [segment], total: 1, protected: [] });
      expect(await catalog.segment(id)).toBeUndefined();
      expect(await catalog.streams()).toEqual([]);
      expect(await catalog.newestEnd("live/cam1")).toBeUndefined();
      // A download that was planned before the deletion still finds its index.
      expect((await catalog.indexesOf([id])).size).toBe(1);
      await catalog.unsettled.forget(id);
      expect((await catalog.indexesOf([id])).size).toBe(0);

      const next = await catalog.beginSegment({ streamPath: "live/cam1", key: "k1", nowMs: 78 });
      expect(next.id).toBeGreaterThan(id);
    });

    it("completes only what is pending, once", async () => {
      const { id } = await catalog.beginSegment({ streamPath: "s", key: "k", nowMs: 0 });
      await catalog.unsettled.abandon(id);
      expect(await refusal(catalog.completeSegment(id, readySegment(0, 1)))).toBe("upload_expired 409");
      const again = await catalog.beginSegment({ streamPath: "s", key: "k", nowMs: 0 });
      await catalog.completeSegment(again.id, readySegment(0, 1));
      expect(await refusal(catalog.completeSegment(again.id, readySegment(0, 2)))).toBe("upload_expired 409");
      await catalog.unsettled.abandon(again.id);
      await catalog.unsettled.forget(again.id);
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
      const owned = await catalog.beginSegment({ ...request, owner: "token a", key: "k7" });
      expect(owned.existing).toBeUndefined();
      const name = { streamPath: "s", idempotencyKey: "once" };
      expect((await catalog.unsettled.named({ ...name, owner: "token a" }))?.id).toBe(owned.id);
      for (const owner of [undefined, "token b"])
        expect(await catalog.unsettled.named({ ...name, owner })).toBeUndefined();
      const other = await catalog.beginSegment({ ...request, streamPath: "t", key: "k4" });
      expect(other.existing).toBeUndefined();
      await catalog.unsettled.abandon(other.id);
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
      const [a, b, c] = [
        await add(catalog, "s", 0, 10),
        await add(catalog, "s", 10, 20),
        await add(catalog, "t", 0, 10),
      ];
      expect(await catalog.rateSegment(b.id, "high")).toBe(true);
      expect(await catalog.rateSegment(999, "high")).toBe(false);
      const ids = [a.id, b.id, c.id, a.id, 999];
      expect(await catalog.tombstone({ streamPath: "s", ids }, 5)).toEqual({
        deleted: [a],
        total: 1,
        protected: [{ ...b, eventLevel: "high" }],
      });
      expect(await catalog.tombstone({ streamPath: "s", startMs: 0, endMs: 100 }, 5)).toMatchObject({ deleted: [] });
      await catalog.rateSegment(b.id, "low");
      expect(await catalog.tombstone({ streamPath: "s", startMs: 0, endMs: 10 }, 5)).toEqual({
        deleted: [],
        total: 0,
        protected: [],
      });
      expect(await catalog.tombstone({ streamPath: "s", startMs: 0, endMs: 11 }, 5)).toMatchObject({
        deleted: [{ id: b.id }],
        protected: [],
      });
      expect(await catalog.streams()).toMatchObject([{ streamPath: "t", count: 1 }]);
    });

    // A replica has no part in it, and its catching up would be waited for after each addition.
    it.skipIf(kind === "server and replica")("deletes more than fits into one transaction", async () => {
      const named = (i: number) => ({ key: `@1/${i}`, idempotencyKey: `import:${i}`, streamPath: "s", nowMs: 0 });
      await catalog.addSegments(
        Array.from({ length: 503 }, (_, i) => ({ ...readySegment(i * 10, i * 10 + 10), ...named(i) })),
      );
      const { deleted } = await catalog.tombstone({ streamPath: "s", startMs: 15, endMs: 5015 }, 5);
      expect(deleted.map((segment) => segment.startMs)).toEqual(Array.from({ length: 501 }, (_, i) => (i + 1) * 10));
      expect(await catalog.streams()).toEqual([{ streamPath: "s", count: 2, startMs: 0, endMs: 5030, bytes: 2000 }]);
    });

    it.runIf(kind === "file")(
      "tells of the first 5000 segments that it deletes, and of how many there are",
      async () => {
        const named = (i: number) => ({ key: `@1/${i}`, idempotencyKey: `import:${i}`, streamPath: "s", nowMs: 0 });
        await catalog.addSegments(
          Array.from({ length: 5003 }, (_, i) => ({ ...readySegment(i * 10, i * 10 + 10), ...named(i) })),
        );
        const { deleted, total } = await catalog.tombstone({ streamPath: "s", startMs: 0, endMs: 60_000 }, 5);
        expect([deleted.length, total]).toEqual([5000, 5003]);
        expect(await catalog.streams()).toEqual([]);
      },
    );
  });

  describe("work of several nodes", () => {
    it("gives up an upload only after it has been silent", async () => {
      const { id } = await catalog.beginSegment({ streamPath: "s", key: "k", nowMs: 1000 });
      const silent = (pendingMs: number) => catalog.unsettled.page({ pendingMs, tombstoneMs: 0 }, 0, 10);
      expect(await silent(1001)).toMatchObject([{ id }]);
      expect(await catalog.unsettled.renew(id, 5000)).toBe(true);
      expect(await silent(5000)).toEqual([]);
      expect(await silent(5001)).toMatchObject([{ id }]);
      expect(await catalog.unsettled.expire(id, 6000)).toBe(true);
      expect(await catalog.unsettled.expire(id, 6000)).toBe(false);
      expect(await catalog.unsettled.renew(id, 7000)).toBe(false);
      expect(await refusal(catalog.completeSegment(id, readySegment(0, 10)))).toBe("upload_expired 409");
    });

    it("gives a turn to one at a time, until its time is over", async () => {
      const taken = await Promise.all(Array.from({ length: 8 }, () => catalog.leases.takeTurn("d", 1000, 2000)));
      expect(taken.filter((mine) => mine)).toHaveLength(1);
      expect(await catalog.leases.takeTurn("other", 1000, 2000)).toBe(true);
      expect(await catalog.leases.takeTurn("d", 1999, 3000)).toBe(false);
      expect(await catalog.leases.takeTurn("d", 2000, 3000)).toBe(true);
      expect(await catalog.leases.takeTurn("d", 2000, 3000)).toBe(false);
    });

    it("completes, expires or deletes a segment once, whoever comes first", async () => {
      const rng = random(seedOf(8));
      for (let round = 0; round < 20; round++) {
        const { id } = await catalog.beginSegment({ streamPath: "s", key: `race/${round}`, nowMs: 0 });
        const complete = (): Promise<string> =>
          catalog.completeSegment(id, readySegment(round * 10, round * 10 + 10)).then(
            () => "completed",
            () => "refused",
          );
        const expire = async (): Promise<string> => ((await catalog.unsettled.expire(id, 0)) ? "expired" : "late");
        const calls = rng.below(2) === 0 ? [complete, expire, complete, expire] : [expire, complete, expire, complete];
        const outcomes = await Promise.all(calls.map((call) => call()));
        const won = outcomes.filter((outcome) => outcome === "completed" || outcome === "expired");
        expect(won, `seed ${rng.seed}, round ${round}: ${outcomes.join()}`).toHaveLength(1);
        expect((await catalog.segment(id)) !== undefined).toBe(won[0] === "completed");
      }
      const ready = await catalog.readyAfter(0, 100);
      const [total] = await catalog.streams();
      expect(total?.count ?? 0).toBe(ready.length);
      const deletions = await Promise.all(
        Array.from({ length: 3 }, () => catalog.tombstone({ streamPath: "s", startMs: 0, endMs: 1000 }, 5)),
      );
      expect(deletions.flatMap(({ deleted }) => deleted)).toHaveLength(ready.length);
      expect(await catalog.streams()).toEqual([]);
      expect(await opened.db.primary.selectFrom("stream_counts").selectAll().execute()).toEqual([]);
    });

    it("numbers a folder once", async () => {
      const numbers = await Promise.all(
        Array.from({ length: 6 }, (_, i) => catalog.mounts.numberOf(`/media/${i % 2}`)),
      );
      expect(new Set(numbers).size).toBe(2);
      expect((await catalog.mounts.all()).map(({ path }) => path).sort()).toEqual(["/media/0", "/media/1"]);
    });
  });

  describe("overlapping", () => {
    it("pages in order", async () => {
      const added: number[] = [];
      // Descending, so that ids and times run against each other; every third starts with its neighbour.
      for (let i = 135; i >= 0; i--) {
        const startMs = (i - (i % 3 === 1 ? 1 : 0)) * 1000;
        added.push((await add(catalog, "s", startMs, startMs + 1500)).id);
      }
      await add(catalog, "other", 0, 200_000);
      const pages = await pagesOf(catalog.overlapping("s", 0, 1_000_000));
      expect(pages.map((page) => page.length)).toEqual([64, 64, 8]);
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
      const indexes = await catalog.indexesOf(all.map(({ id }) => id));
      for (const { id, startMs, endMs, size } of all)
        expect(String(Buffer.from(indexes.get(id) ?? []))).toBe(`${startMs} ${endMs} ${size}`);
    });

    it("takes both ends as exclusive of mere touching, and finds a long segment behind short ones", async () => {
      const long = await add(catalog, "s", 0, 100_000);
      for (let i = 1; i < 70; i++) await add(catalog, "s", i * 1000, i * 1000 + 1000);
      const starts = async (startMs: number, endMs: number): Promise<number[]> =>
        (await pagesOf(catalog.overlapping("s", startMs, endMs))).flat().map((segment) => segment.startMs);
      expect(await starts(50_000, 51_000)).toEqual([0, 50_000]);
      expect(await starts(49_999, 51_001)).toEqual([0, 49_000, 50_000, 51_000]);
      expect(await starts(100_000, 101_000)).toEqual([]);
      expect(await starts(-5, 0)).toEqual([]);
      await catalog.tombstone({ streamPath: "s", ids: [long.id] }, 0);
      expect(await starts(50_000, 51_000)).toEqual([50_000]);
    });

    it("reads large indexes as they were written", async () => {
      const rng = random(seedOf(5));
      const indexes = new Map<number, Uint8Array>();
      for (const [i, size] of [9, 2 ** 20, 2 ** 20 + 1, 700_000, 700_000, 700_000, 12_345_678].entries()) {
        const { id } = await catalog.beginSegment({ streamPath: "s", key: `big/${i}`, nowMs: 0 });
        const index = new Uint8Array(size).fill(i);
        for (let at = 0; at < size; at += 1000) index[at] = rng.below(256);
        await catalog.completeSegment(id, { ...readySegment(i * 10, i * 10 + 10), index });
        indexes.set(id, index);
      }
      const found = await catalog.indexesOf([...indexes.keys()]);
      expect([...found.keys()]).toEqual([...indexes.keys()]);
      for (const [id, index] of indexes) {
        expect(Buffer.compare(found.get(id) ?? new Uint8Array(), index)).toBe(0);
        const kept: Uint8Array[] = [];
        expect((await catalog.segment(id, (one) => kept.push(one)))?.id).toBe(id);
        expect(kept.map(({ length }) => length)).toEqual(index.length > 2 ** 20 ? [] : [index.length]);
        for (const one of kept) expect(Buffer.compare(one, index)).toBe(0);
      }
      for (const id of indexes.keys()) {
        await catalog.tombstone({ streamPath: "s", ids: [id] }, 0);
        await catalog.unsettled.forget(id);
      }
      expect(await opened.db.primary.selectFrom("segment_index_parts").select("part").execute()).toEqual([]);
      expect(await opened.db.primary.selectFrom("segment_indexes").select("segment_id").execute()).toEqual([]);
    });

    it("is not put out of step by what happens between its pages", async () => {
      const ids: number[] = [];
      for (let i = 0; i < 80; i++) ids.push((await add(catalog, "s", i * 10, i * 10 + 10)).id);
      const seen: Segment[] = [];
      for await (const page of catalog.overlapping("s", 0, 800)) {
        if (seen.length === 0) await catalog.tombstone({ streamPath: "s", ids: ids.slice(0, 60) }, 0);
        seen.push(...page);
      }
      expect(seen.map(({ id }) => id)).toEqual(ids);
    });
  });
});
