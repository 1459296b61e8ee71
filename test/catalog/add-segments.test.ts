import { sql } from "kysely";
import { afterEach, beforeEach, expect, it, afterAll, describe } from "vitest";
import { CUT_PRECISION_MS } from "../../src/catalog/derive-start.ts";
import type { LyingSegment, ReadySegment, Segment } from "../../src/catalog/types.ts";
import { random, seedOf, type Random } from "../support/random.ts";
import { catalogKinds, openCatalogOf, readySegment, stopServers, type CatalogKind } from "./open.ts";
import type { OpenCatalog } from "../../src/runtime/libsql/open-catalog.ts";

const HOUR_MS = 3_600_000;
const FIRST_MS = Date.UTC(2026, 0, 31, 3, 59, 30);

afterAll(stopServers);

describe.each(catalogKinds.filter((kind) => kind !== "server and replica"))(
  "many at once, in a %s",
  (kind: CatalogKind) => {
    let opened: OpenCatalog;
    beforeEach(async () => {
      opened = await openCatalogOf(kind);
    });
    afterEach(() => opened.close());

    /** A recording of segments that are stated exactly, to seconds, or by when they were cut, in any order. */
    function recording(rng: Random): ReadySegment[] {
      const durationMs = 9960 + rng.below(80);
      const gapAt = rng.below(50);
      const segments = Array.from({ length: 50 }, (_, i) => {
        const precisionMs = rng.pick([0, 0, 1000, 1000, 1000, CUT_PRECISION_MS]);
        const startMs = FIRST_MS + i * durationMs + (i < gapAt ? 0 : 90_000) + rng.below(600) - 300;
        const ready = { ...readySegment(startMs, startMs + durationMs, 1 + rng.below(1e9)), precisionMs, durationMs };
        return rng.below(3) === 0 ? { ...ready, groups: `g${String(i)}`, warned: i % 2 === 0 } : ready;
      });
      return segments
        .map((value) => ({ value, at: rng.below(1e9) }))
        .sort((a, b) => a.at - b.at)
        .map(({ value }) => value);
    }

    async function known(streamPath: string): Promise<unknown> {
      const { catalog, db } = opened;
      const segments: Segment[] = [];
      for await (const page of catalog.overlapping(streamPath, 0, Number.MAX_SAFE_INTEGER)) segments.push(...page);
      const indexes = await catalog.indexesOf(segments.map(({ id }) => id));
      const [totals] = (await catalog.streams({ within: [streamPath] })).map((total) => ({ ...total, streamPath: "" }));
      const counts = sql`select bucket, event_level, count, reach_ms from stream_counts where stream_path = ${streamPath}
      order by bucket`;
      const hours = sql`select hour, runs from hours where stream_path = ${streamPath} order by hour`;
      const rows = segments.map((segment) => {
        const { startMs, endMs, format, codecs, size, etag, eventLevel, groups, summary } = segment;
        const index = Buffer.from(indexes.get(segment.id) ?? []).toString();
        return {
          startMs,
          endMs,
          format,
          codecs,
          size,
          etag,
          eventLevel,
          groups,
          index,
          summary: Buffer.from(summary).toString(),
        };
      });
      return {
        rows,
        totals,
        counts: (await counts.execute(db.primary)).rows,
        hours: (await hours.execute(db.primary)).rows,
      };
    }

    const lying = (streamPath: string, key: string, ready: ReadySegment): LyingSegment => ({
      ...{ streamPath, key: `@1/${key}`, idempotencyKey: `import:${key}`, nowMs: 5, ...ready },
    });

    it("are as those that come one by one", async () => {
      const rng = random(seedOf(31));
      for (let round = 0; round < 4; round++) {
        const [one, all] = [`one/${String(round)}`, `all/${String(round)}`];
        const segments = recording(rng);
        for (const [i, ready] of segments.entries()) {
          const { id } = await opened.catalog.beginSegment({ streamPath: one, key: `${one}/${String(i)}`, nowMs: 5 });
          await opened.catalog.completeSegment(id, ready);
        }
        for (let i = 0; i < segments.length;) {
          const group = segments.slice(i, i + 1 + rng.below(30));
          const added = await opened.catalog.addSegments(
            group.map((ready, j) => lying(all, `${all}/${String(i + j)}`, ready)),
          );
          expect(added.size).toBe(group.length);
          i += group.length;
        }
        expect(await known(all), `seed ${String(rng.seed)}, round ${String(round)}`).toEqual(await known(one));
      }
    });

    it("are added once, and not where a key is taken", async () => {
      const { catalog } = opened;
      const [a, b, c] = [0, 1, 2].map((i) => readySegment(i * HOUR_MS, i * HOUR_MS + 1000));
      if (a === undefined || b === undefined || c === undefined) throw new Error("three");
      expect([...(await catalog.addSegments([lying("s", "a", a)])).keys()]).toEqual(["@1/a"]);
      await catalog.beginSegment({ streamPath: "s", key: "@1/b", nowMs: 0 }); // another one is at it
      await catalog.beginSegment({ streamPath: "s", key: "other", idempotencyKey: "import:named", nowMs: 0 });
      const added = await catalog.addSegments([
        ...[lying("s", "a", a), lying("s", "b", b), lying("s", "c", c), lying("s", "named", c), lying("t", "d", c)],
      ]);
      expect([...added.keys()].sort()).toEqual(["@1/c", "@1/d"]);
      expect(await catalog.streams()).toMatchObject([
        { streamPath: "s", count: 2, bytes: 2000 },
        { streamPath: "t", count: 1, bytes: 1000 },
      ]);
      expect(await catalog.list({ streamPath: "s", pageNum: 1, pageSize: 9 })).toMatchObject({ total: 2 });
    });
  },
);
