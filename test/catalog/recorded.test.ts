import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RecordedRows } from "../../src/catalog/recorded.ts";
import { WideReads } from "../../src/catalog/wide-reads.ts";
import type { Segment } from "../../src/catalog/types.ts";
import { openCatalogFile, type OpenCatalog } from "../../src/runtime/libsql/open-catalog.ts";
import { random, seedOf } from "../support/random.ts";
import { add, openTestCatalog, type TestCatalog } from "./open.ts";

const HOUR_MS = 3600 * 1000;

let opened: TestCatalog;
let other: OpenCatalog;
beforeEach(async () => {
  opened = await openTestCatalog();
  other = await openCatalogFile(opened.path);
});
afterEach(async () => {
  await other.close();
  await opened.close();
});

/** Segments and version of a range as `rows` tells them. */
async function read(
  rows: RecordedRows,
  ...range: [string, number, number]
): Promise<{ segments: Segment[]; version: string }> {
  const segments: Segment[] = [];
  const versions = new Set<string>();
  for await (const page of rows.pages(...range)) {
    segments.push(...page.segments);
    versions.add(page.version);
  }
  return { segments, version: [...versions].join() };
}

async function overlapping(...range: [string, number, number]): Promise<Segment[]> {
  const segments: Segment[] = [];
  for await (const page of opened.catalog.overlapping(...range)) segments.push(...page);
  return segments;
}

describe("recorded rows", () => {
  it("are those of the database, whoever changed it, and have another version when they change", async () => {
    const rng = random(seedOf(11));
    const rows = new RecordedRows(new WideReads(opened.db));
    const small = new RecordedRows(new WideReads(opened.db), 20_000);
    const moment = (): number => (rng.below(13) - 5) * HOUR_MS + rng.pick([0, 1, -1, rng.below(HOUR_MS)]);
    const known = new Map<string, { ids: string; version: string }>();
    const ranges = Array.from({ length: 12 }, (): [string, number, number] => {
      const [a, b] = [moment(), moment()];
      return [rng.pick(["a", "b"]), Math.min(a, b), Math.max(a, b)];
    });
    let segments: Segment[] = [];
    for (let round = 0; round < 60; round++) {
      const catalog = rng.pick([opened.catalog, other.catalog]);
      const one = segments.length > 0 ? rng.pick(segments) : undefined;
      const change = rng.below(10);
      if (change === 0 && one !== undefined) {
        await catalog.tombstone({ streamPath: one.streamPath, ids: [one.id] }, 0);
        segments = segments.filter(({ id }) => id !== one.id);
      } else if (change === 1 && one !== undefined) await catalog.rateSegment(one.id, rng.pick(["low", null]));
      else {
        const startMs = moment();
        segments.push(await add(catalog, rng.pick(["a", "b"]), startMs, startMs + 1 + rng.below(3 * HOUR_MS)));
      }
      for (const range of ranges) {
        const message = `seed ${rng.seed}, round ${round}, range ${JSON.stringify(range)}`;
        const wanted = await overlapping(...range);
        const found = await read(rows, ...range);
        expect(found.segments, message).toEqual(wanted);
        expect((await read(small, ...range)).segments, message).toEqual(wanted);
        expect(await rows.version(...range), message).toBe(found.version);
        const ids = JSON.stringify(wanted.map(({ id }) => id));
        const before = known.get(JSON.stringify(range));
        if (before?.version === found.version) expect(ids, message).toBe(before.ids);
        known.set(JSON.stringify(range), { ids, version: found.version });
      }
    }
  });

  it("keep their version while nothing of the range changes", async () => {
    const rows = new RecordedRows(new WideReads(opened.db));
    await add(opened.catalog, "a", 0, 60_000);
    const range = ["a", 0, HOUR_MS] as const;
    const version = await rows.version(...range);
    await add(opened.catalog, "b", 0, 60_000);
    await add(opened.catalog, "a", 24 * HOUR_MS, 24 * HOUR_MS + 1);
    expect(await rows.version(...range)).toBe(version);
    await add(opened.catalog, "a", 60_000, 120_000);
    expect(await rows.version(...range)).not.toBe(version);
  });

  it("come in several answers where an hour has many", async () => {
    const ids: number[] = [];
    for (let i = 0; i < 530; i++) ids.push((await add(opened.catalog, "a", i * 1000, i * 1000 + 1000)).id);
    const rows = new RecordedRows(new WideReads(opened.db));
    for (let i = 0; i < 2; i++) {
      expect((await read(rows, "a", 0, HOUR_MS)).segments.map(({ id }) => id)).toEqual(ids);
    }
  });

  it("of more segments than are allowed are refused, from the kept counts where these tell", async () => {
    for (let i = 0; i < 12; i++) await add(opened.catalog, "a", i * HOUR_MS, (i + 1) * HOUR_MS);
    let queries = 0;
    const counted = new WideReads(opened.db);
    const read = counted.read.bind(counted);
    counted.read = (work, isFound) => {
      queries++;
      return read(work, isFound);
    };
    const rows = new RecordedRows(counted);
    const all = async (endMs: number, mostSegments: number): Promise<number> => {
      let found = 0;
      for await (const { segments } of rows.pages("a", 0, endMs, { mostSegments })) found += segments.length;
      return found;
    };
    expect(await all(12 * HOUR_MS, 12)).toBe(12);
    queries = 0;
    const refusal = { code: "range_too_large", fields: { mostSegments: 11 } };
    await expect(all(12 * HOUR_MS, 11)).rejects.toMatchObject(refusal);
    expect(queries).toBe(1);
    // Only a part of the last four hours: known when they are read.
    await expect(all(11.5 * HOUR_MS, 11)).rejects.toMatchObject(refusal);
    expect(await all(10.5 * HOUR_MS, 11)).toBe(11);
  });

  it("say how many they will be before they are read, and pause between reads", async () => {
    for (let i = 0; i < 1100; i++) await add(opened.catalog, "a", i * 1000, i * 1000 + 1000);
    const said: number[] = [];
    const pace = {
      breathe: (segments = 0) => {
        said.push(segments);
        return undefined;
      },
    };
    const rows = new RecordedRows(new WideReads(opened.db));
    for await (const page of rows.pages("a", 0, 4 * HOUR_MS, { pace })) expect(page.segments.length).toBeLessThan(600);
    expect(said[0]).toBe(1100);
    expect(said.length).toBeGreaterThan(3);
  });

  it("are found behind more buckets of time than are read at once", async () => {
    const yearMs = 365 * 24 * HOUR_MS;
    for (const startMs of [0, 2 * yearMs]) await add(opened.catalog, "a", startMs, startMs + 1000);
    // Counted, and gone by the time its rows are read.
    await sql`with recursive hours(bucket) as (select 1 union all select bucket + 1 from hours where bucket < 4000)
      insert into stream_counts (stream_path, bucket, event_level, count, reach_ms) select 'a', bucket, '', 1, 0 from hours`.execute(
      opened.db.primary,
    );
    const rows = new RecordedRows(new WideReads(opened.db));
    const { segments, version } = await read(rows, "a", 0, 3 * yearMs);
    expect(segments.map(({ startMs }) => startMs)).toEqual([0, 2 * yearMs]);
    expect((await rows.version("a", 0, 3 * yearMs)).length).toBeGreaterThanOrEqual(version.length);
  });
});
