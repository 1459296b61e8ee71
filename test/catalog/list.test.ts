import { createClient } from "@libsql/client";
import { Kysely, sql, type CompiledQuery } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Catalog } from "../../src/catalog/catalog.ts";
import type { CatalogDatabase } from "../../src/catalog/database.ts";
import type { Schema } from "../../src/catalog/schema.ts";
import type { EventLevel, ListQuery, Segment, StreamTotals } from "../../src/catalog/types.ts";
import { random, seedOf } from "../support/random.ts";
import { libsqlDialect } from "../../src/runtime/libsql/libsql-dialect.ts";
import { add, openTestCatalog, type TestCatalog } from "./open.ts";

const HOUR_MS = 3600 * 1000;

let opened: TestCatalog;
let catalog: Catalog;
beforeEach(async () => {
  opened = await openTestCatalog();
  catalog = opened.catalog;
});
afterEach(() => opened.close());

/** What `Catalog.list` must answer, the plain way. */
function listPlainly(segments: readonly Segment[], query: ListQuery): { total: number; segments: Segment[] } {
  const { streamPath, startMs = -Infinity, endMs = Infinity, eventLevel, pageNum, pageSize } = query;
  const path = new RegExp(
    `^${streamPath
      .split("*")
      .map((part) => part.replace(/[.?[\]]/g, "\\$&"))
      .join(".*")}$`,
  );
  const found = segments
    .filter((segment) => path.test(segment.streamPath))
    .filter((segment) => endMs > startMs && segment.startMs < endMs && segment.endMs > startMs)
    .filter((segment) => query.match !== "contained" || (segment.startMs >= startMs && segment.endMs <= endMs))
    .filter((segment) => eventLevel === undefined || segment.eventLevel === eventLevel)
    .sort((a, b) => b.startMs - a.startMs || b.id - a.id);
  return { total: found.length, segments: found.slice((pageNum - 1) * pageSize, pageNum * pageSize) };
}

function totalsPlainly(segments: readonly Segment[]): StreamTotals[] {
  return [...new Set(segments.map((segment) => segment.streamPath))].sort().map((streamPath) => {
    const own = segments.filter((segment) => segment.streamPath === streamPath);
    return {
      streamPath,
      count: own.length,
      startMs: Math.min(...own.map((segment) => segment.startMs)),
      endMs: Math.max(...own.map((segment) => segment.endMs)),
      bytes: own.reduce((sum, segment) => sum + segment.size, 0),
    };
  });
}

describe("list, streams and overlapping", () => {
  it("streams come in pages, of those that one may see", async () => {
    const paths = ["a/1", "a/2", "b/1", "b/2", "b/3", "c?", "c[1]"];
    for (const path of paths.toReversed()) await add(catalog, path, 0, 1000);
    const read = async (query: Parameters<Catalog["streams"]>[0]): Promise<string[]> =>
      (await catalog.streams(query)).map(({ streamPath }) => streamPath);
    expect(await read({})).toEqual(paths);
    for (const within of [["*"], ["b/*"], ["a/2", "b/*", "c[1]"], ["c?"], []]) {
      const seen = paths.filter((path) =>
        within.some((pattern) => pattern === path || (pattern.endsWith("*") && path.startsWith(pattern.slice(0, -1)))),
      );
      expect(await catalog.countStreams(within)).toBe(seen.length);
      for (const pageSize of [1, 2, 3, 100]) {
        const pages: string[] = [];
        for (let pageNum = 1; pageNum <= Math.ceil(seen.length / pageSize) + 1; pageNum++) {
          const page = await read({ within, pageNum, pageSize });
          expect(page.length).toBeLessThanOrEqual(pageSize);
          pages.push(...page);
        }
        expect(pages).toEqual(seen);
      }
    }
  });

  it("answer as a plain search does, whatever was added, rated and deleted", async () => {
    const rng = random(seedOf(5));
    const paths = ["live/cam1", "live/cam2", "live/cam[1]", "live/c?m1", "other"];
    const levels: (EventLevel | null)[] = ["high", "low", null];
    let segments: Segment[] = [];
    // Times gather around the borders of buckets, before and after 1970.
    const moment = (): number =>
      (rng.below(13) - 4) * 4 * HOUR_MS + rng.pick([0, 0, 1, -1, rng.below(HOUR_MS), rng.below(4 * HOUR_MS)]);
    const maybe = <T>(value: T): T | undefined => (rng.below(2) === 0 ? value : undefined);
    const length = (): number =>
      rng.pick([1, 1000, 60_000, 60_000, rng.below(HOUR_MS) + 1, rng.below(6 * HOUR_MS) + 1]);

    for (let round = 0; round < 12; round++) {
      for (let i = 0; i < 25; i++) {
        const startMs = moment();
        segments.push(await add(catalog, rng.pick(paths), startMs, startMs + length(), 1 + rng.below(2 ** 40)));
      }
      for (let i = 0; i < 6; i++) {
        const { id } = rng.pick(segments);
        const eventLevel = rng.pick(levels);
        expect(await catalog.rateSegment(id, eventLevel)).toBe(true);
        segments = segments.map((segment) => (segment.id === id ? { ...segment, eventLevel } : segment));
      }
      const streamPath = rng.pick(paths);
      const startMs = moment();
      const selection =
        round % 2 === 0
          ? {
              streamPath,
              startMs,
              endMs: startMs + 2 * HOUR_MS,
              ...(round % 4 === 0 ? { match: "contained" as const } : {}),
            }
          : { streamPath, ids: Array.from({ length: 10 }, () => rng.pick(segments).id) };
      const { deleted, protected: kept } = await catalog.tombstone(selection, 0);
      const selected = segments.filter(
        (segment) =>
          segment.streamPath === streamPath &&
          ("ids" in selection
            ? selection.ids.includes(segment.id)
            : selection.match === "contained"
              ? segment.startMs >= selection.startMs && segment.endMs <= selection.endMs
              : segment.startMs < selection.endMs && segment.endMs > selection.startMs),
      );
      const ids = (some: readonly Segment[]): number[] => some.map(({ id }) => id).sort((a, b) => a - b);
      expect(ids(deleted), `seed ${rng.seed}`).toEqual(ids(selected.filter(({ eventLevel }) => eventLevel !== "high")));
      expect(ids(kept), `seed ${rng.seed}`).toEqual(ids(selected.filter(({ eventLevel }) => eventLevel === "high")));
      segments = segments.filter(({ id }) => !deleted.some((segment) => segment.id === id));

      expect(await catalog.streams(), `seed ${rng.seed}`).toEqual(totalsPlainly(segments));
      for (let i = 0; i < 60; i++) {
        const query: ListQuery = {
          streamPath: rng.pick([...paths, "*", "live/*", "*1", "live/cam[*", "live/c?*", "none", "no*ne"]),
          startMs: maybe(moment()),
          endMs: maybe(moment()),
          match: maybe(rng.pick(["overlapping", "contained"] as const)),
          eventLevel: maybe(rng.pick(["high", "low"] as const)),
          pageNum: 1 + rng.below(4),
          pageSize: rng.pick([1, 2, 7, 30, 1000]),
        };
        const message = `seed ${rng.seed}, round ${round}: ${JSON.stringify(query)}`;
        const wanted = listPlainly(segments, query);
        const found = await catalog.list(query);
        expect({ total: found.total, ids: found.segments.map(({ id }) => id) }, message).toEqual({
          total: wanted.total,
          ids: wanted.segments.map(({ id }) => id),
        });
      }
      for (let i = 0; i < 10; i++) {
        const query = { streamPath: rng.pick(paths), startMs: moment(), endMs: moment() };
        const found: number[] = [];
        for await (const page of catalog.overlapping(query.streamPath, query.startMs, query.endMs)) {
          found.push(...page.map(({ id }) => id));
        }
        const { segments: wanted } = listPlainly(segments, {
          ...query,
          pageNum: 1,
          pageSize: 10_000,
        });
        expect(found, `seed ${rng.seed}: ${JSON.stringify(query)}`).toEqual(
          wanted.sort((a, b) => a.startMs - b.startMs || a.id - b.id).map(({ id }) => id),
        );
      }
    }
  });
});

describe("no query walks over a stream", () => {
  /** Runs calls of a catalog and tells how SQLite looks up each of their queries. */
  async function plansOf(calls: (watched: Catalog) => Promise<unknown>): Promise<string[]> {
    const client = createClient({ url: `file:${opened.path}` });
    const queries: CompiledQuery[] = [];
    const db = new Kysely<Schema>({
      dialect: libsqlDialect(client),
      log: (event) => void queries.push(event.query),
    });
    const batch: CatalogDatabase["batch"] = (batched) => {
      queries.push(...batched);
      return opened.db.batch(batched);
    };
    await calls(new Catalog({ primary: db, batch }));
    const plans: string[] = [];
    for (const query of queries) {
      if (!/^(select|insert|update|delete)/i.test(query.sql)) continue;
      const { rows } = await client.execute({
        sql: `explain query plan ${query.sql}`,
        args: query.parameters as never,
      });
      plans.push(...rows.map((row) => row.detail as string));
    }
    await db.destroy();
    client.close();
    return plans;
  }

  beforeEach(async () => {
    for (let i = 0; i < 200; i++)
      await add(catalog, i % 2 === 0 ? "live/a" : "live/b", i * 60_000, i * 60_000 + 60_000);
    await sql`analyze`.execute(opened.db.primary);
  });

  const range = { startMs: HOUR_MS, endMs: 2 * HOUR_MS };
  /** How the summaries are read of those segments of a page of which there may be something to warn. */
  const byId = "SEARCH segments USING INTEGER PRIMARY KEY (rowid=?)";

  it("finds events that go on, every few seconds, without going through those that are over", async () => {
    for (const calls of [
      (watched: Catalog) => watched.events.goingOn(HOUR_MS),
      (watched: Catalog) => watched.events.goingOn(HOUR_MS, "live/a"),
    ])
      expect((await plansOf(calls)).filter((plan) => plan.includes("SCAN"))).toEqual([]);
  });

  it("reads no event, whose texts are long, to ask which reach into a time", async () => {
    for (const calls of [
      (watched: Catalog) => watched.events.areTooMany("live/a", HOUR_MS),
      (watched: Catalog) => watched.events.goingOn(HOUR_MS, "live/a"),
      (watched: Catalog) => watched.events.levels([{ ...range, streamPath: "live/a" }]),
    ])
      expect((await plansOf(calls)).filter((plan) => plan.includes("events"))).toEqual([
        expect.stringContaining("COVERING INDEX events_time"),
      ]);
  });

  it("lists the newest events of a stream without putting all of them in order", async () => {
    const query = { streamPath: "live/a", limit: 10 };
    for (const times of [{}, { endMs: 2 * HOUR_MS }])
      expect(await plansOf((watched) => watched.events.list({ ...query, ...times }))).toEqual([
        expect.stringContaining("events_start"),
      ]);
  });

  it("sums up what was deleted without going through all segments", async () => {
    const plans = await plansOf((watched) => watched.deletedBytes());
    expect(plans).toEqual([expect.stringContaining("segments_unsettled")]);
  });

  it("finds what was added twice by its start, not among all segments of its stream", async () => {
    const plans = await plansOf((watched) => add(watched, "live/a", 0, 60_000));
    expect(plans.filter((plan) => plan.includes("twin"))).toEqual([
      "SEARCH twin USING INDEX segments_stated (stream_path=? AND stated_ms=?)",
      "SEARCH twin USING INDEX segments_ready (stream_path=? AND start_ms=?)",
    ]);
  });

  it.each<[string, ListQuery]>([
    ["newest page", { streamPath: "live/a", pageNum: 1, pageSize: 10 }],
    ["late page", { streamPath: "live/a", pageNum: 9, pageSize: 10 }],
    ["range", { streamPath: "live/a", pageNum: 1, pageSize: 10, ...range }],
    ["rated", { streamPath: "live/a", pageNum: 1, pageSize: 10, eventLevel: "high", ...range }],
  ])("list: %s", async (_, query) => {
    const plans = await plansOf((watched) => watched.list(query));
    expect(plans.join("\n")).toContain("USING INDEX segments_ready (stream_path=? AND start_ms>? AND start_ms<?)");
    for (const plan of plans) expect(plan).not.toMatch(/SCAN (segments|stream|segment_indexes)/);
    expect(plans.filter((plan) => plan.includes("segments") && plan !== byId && !plan.includes("start_ms>"))).toEqual(
      [],
    );
  });

  it("list with a wildcard", async () => {
    const plans = await plansOf((watched) =>
      watched.list({ streamPath: "live/*", pageNum: 2, pageSize: 10, ...range }),
    );
    expect(plans.filter((plan) => plan.includes("SCAN") && !/SCAN (streams|counts|\(subquery)/.test(plan))).toEqual([]);
    expect(plans.filter((plan) => plan.includes("segments") && !plan.includes("stream_path=? AND start_ms>"))).toEqual([
      byId,
    ]);
  });

  it.each([
    ["newest", {}],
    ["range", range],
  ])("list of all streams: %s", async (_, times) => {
    const plans = await plansOf((watched) => watched.list({ streamPath: "*", pageNum: 1, pageSize: 10, ...times }));
    expect(plans.filter((plan) => plan.includes(" segments") && !plan.includes("stream_path=? AND start_ms>"))).toEqual(
      [byId],
    );
  });

  it("overlapping, deletion and totals", async () => {
    const plans = await plansOf(async (watched) => {
      for await (const page of watched.overlapping("live/a", range.startMs, range.endMs)) {
        expect(page.length).toBeGreaterThan(0);
      }
      for await (const page of watched.recorded("live/a", range.startMs, range.endMs)) {
        expect(page.version).not.toBe("");
      }
      await watched.tombstone({ streamPath: "live/a", ...range }, 0);
      await watched.newestEnd("live/a");
      await watched.segmentByKey("k");
      await watched.knownKeys(["k"]);
      await watched.readyAfter(5, 5);
      await watched.unsettled.page({ pendingMs: 1, tombstoneMs: 1 }, 0, 10);
    });
    expect(plans.length).toBeGreaterThan(15);
    expect(plans.filter((plan) => plan.includes("SCAN") && plan !== "SCAN now")).toEqual([]); // one row
    expect(plans.filter((plan) => plan.includes("TEMP B-TREE"))).toEqual([]);
  });

  it("times of a clock that was ahead", async () => {
    const plans = await plansOf((watched) => watched.unsettled.bringTimesBack(0));
    const unsettled = "SCAN segments USING INDEX segments_unsettled";
    expect(plans.filter((plan) => plan.includes(" segments"))).toEqual([unsettled, unsettled]);
  });

  it("some segments of an hour", async () => {
    const plans = await plansOf(async (watched) => {
      const bounds = { hoursUntilMs: Number.POSITIVE_INFINITY, eachHour: true };
      for await (const { hour } of watched.recorded("live/a", range.startMs, range.endMs, bounds))
        expect(await hour?.some([61, 63])).toHaveLength(2);
    });
    expect(new Set(plans.filter((plan) => plan.includes(" segments")))).toEqual(new Set([byId]));
  });
});
