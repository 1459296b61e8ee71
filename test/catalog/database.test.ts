import { execFileSync } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Catalog } from "../../src/catalog/catalog.ts";
import { migrate } from "../../src/catalog/migrate.ts";
import { openCatalogFile } from "../../src/runtime/libsql/open-catalog.ts";
import { refusal } from "../conformance/store.ts";
import { add, openTestCatalog, readySegment, type TestCatalog } from "./open.ts";

let opened: TestCatalog;
let catalog: Catalog;
beforeEach(async () => {
  opened = await openTestCatalog();
  catalog = opened.catalog;
});
afterEach(() => opened.close());

describe("the database", () => {
  it("is not there for anyone before its last migration has run", async () => {
    const { primary } = opened.db;
    await catalog.ping();
    const made = { hour: 0, version: 0, runs: new Uint8Array(1), columns: null, pieces: null, groups: null };
    for (const column of ["pieces", "groups", "columns"])
      await sql`alter table hours drop column ${sql.ref(column)}`.execute(primary);
    for (const column of ["stopped", "protected_ms"])
      await sql`alter table sources drop column ${sql.ref(column)}`.execute(primary);
    for (const index of ["events_end", "segments_recorded", "events_start"])
      await sql`drop index ${sql.ref(index)}`.execute(primary);
    await sql`alter table streams drop column recorded_bytes`.execute(primary);
    await sql`delete from kysely_migration where name >= '023'`.execute(primary);
    for (const call of [catalog.ping(), catalog.hours.keep("s", [made])])
      expect(await refusal(call)).toBe("catalog_unavailable 503");
    expect(await migrate(opened.db)).toEqual([
      "023_pieces_of_hours",
      "024_cut_hours",
      "025_groups_of_hours",
      "026_outlines_of_hours",
      "027_stopped_sources",
      "028_recorded_bytes",
      "029_events_by_start",
      "030_events_by_index_alone",
    ]);
    await catalog.ping();
    await catalog.hours.keep("s", [made]);
  });

  it("is migrated once", async () => {
    expect(opened.migrated).toEqual([
      "001_segments",
      "002_versions",
      "003_fleet",
      "004_uploads",
      "005_resumable",
      "006_reach",
      "007_folders",
      "008_precision",
      "009_owners",
      "010_configurations",
      "011_sources",
      "012_events",
      "013_groups",
      "014_lease_takes",
      "015_webhooks",
      "016_webhooks_due",
      "017_hours",
      "018_hours_to_make",
      "019_source_owners",
      "020_turns_are_leases",
      "021_warned",
      "022_resumable_segments",
      "023_pieces_of_hours",
      "024_cut_hours",
      "025_groups_of_hours",
      "026_outlines_of_hours",
      "027_stopped_sources",
      "028_recorded_bytes",
      "029_events_by_start",
      "030_events_by_index_alone",
    ]);
    expect(await migrate(opened.db)).toEqual([]);
    const again = await openCatalogFile(opened.path);
    expect(again.migrated).toEqual([]);
    await again.close();
  });

  it("is not touched when a later version has migrated it", async () => {
    const later = sql`insert into kysely_migration (name, timestamp) values ('999_later', '')`;
    await opened.db.batch([later.compile(opened.db.primary)]);
    expect(await refusal(migrate(opened.db))).toBe("catalog_newer 500");
    expect(await refusal(openCatalogFile(opened.path))).toBe("catalog_newer 500");
  });

  it("is migrated once by several that open it at the same time", async () => {
    const path = `${opened.folder}/shared.db`;
    const all = await Promise.all(Array.from({ length: 4 }, () => openCatalogFile(path)));
    for (const { catalog: each } of all) await add(each, "s", 0, 1);
    expect(await all[0]?.catalog.streams()).toMatchObject([{ count: 4 }]);
    for (const each of all) await each.close();
  });

  it("opens every connection with durable commits, write-ahead log and foreign keys", async () => {
    const wanted = [["wal"], [2], [1]];
    const names = ["journal_mode", "synchronous", "foreign_keys"];
    const pragmas = names.map((name) => sql.raw<Record<string, unknown>>(`pragma ${name}`));
    const values = (rows: readonly Record<string, unknown>[]): unknown[] => rows.flatMap((row) => Object.values(row));
    const { db } = opened;
    const inBatch = db.batch(pragmas.map((pragma) => pragma.compile(db.primary)));
    // The batch holds the first connection: these are others.
    const outside = await Promise.all(pragmas.map(async (pragma) => values((await pragma.execute(db.primary)).rows)));
    expect(outside).toEqual(wanted);
    expect((await inBatch).map(values)).toEqual(wanted);
  });

  it("takes 50 uploads at once, on two connections to the file", async () => {
    const other = await openCatalogFile(opened.path);
    const ends = await Promise.all(
      Array.from({ length: 50 }, (_, i) => add(i % 2 === 0 ? catalog : other.catalog, "s", i * 10, i * 10 + 10, 7)),
    );
    expect(new Set(ends.map(({ id }) => id)).size).toBe(50);
    expect(await catalog.streams()).toEqual([{ streamPath: "s", count: 50, startMs: 0, endMs: 500, bytes: 350 }]);
    await other.close();
  });

  it("lets other work run between many writes and between many pages", async () => {
    let turns = 0;
    const clock = setInterval(() => turns++, 1);
    await Promise.all(Array.from({ length: 300 }, (_, i) => add(catalog, "s", i * 10, i * 10 + 10)));
    const whileWriting = turns;
    for await (const page of catalog.overlapping("s", 0, 3000)) {
      const untilMs = performance.now() + 20;
      while (performance.now() < untilMs) expect(page).not.toEqual([]);
    }
    clearInterval(clock);
    expect(whileWriting).toBeGreaterThan(0);
    expect(turns).toBeGreaterThan(whileWriting);
  });

  it("undoes a write that fails and goes on", async () => {
    const { id } = await catalog.beginSegment({ streamPath: "s", key: "k", nowMs: 0 });
    const bad = { ...readySegment(0, 10), format: null } as never;
    await expect(catalog.completeSegment(id, bad)).rejects.toThrow();
    expect(await catalog.streams()).toEqual([]);
    await catalog.completeSegment(id, readySegment(0, 10));
    expect(await catalog.streams()).toMatchObject([{ count: 1 }]);
  });

  it("reads while another call writes", async () => {
    const writes = Array.from({ length: 30 }, (_, i) => add(catalog, "s", i * 10, i * 10 + 10));
    const counts = await Promise.all(
      Array.from({ length: 30 }, async () => (await catalog.list({ streamPath: "s", pageNum: 1, pageSize: 5 })).total),
    );
    await Promise.all(writes);
    expect(Math.max(...counts)).toBeLessThanOrEqual(30);
    expect((await catalog.list({ streamPath: "s", pageNum: 1, pageSize: 5 })).total).toBe(30);
  });

  it("says that the disk is full, and keeps what it has", async ({ skip }) => {
    const disk = `${opened.folder}/disk`;
    await mkdir(disk);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=12m", "tmpfs", disk], { stdio: "pipe" });
    } catch {
      skip("needs the right to mount a small file system");
    }
    const full = await openCatalogFile(`${disk}/catalog.db`);
    try {
      const index = new Uint8Array(100_000).fill(1);
      let added = 0;
      let begun = 0;
      const fill = async (): Promise<void> => {
        for (; added < 100; added++) {
          const { id } = await full.catalog.beginSegment({ streamPath: "s", key: `k${begun++}`, nowMs: 0 });
          await full.catalog.completeSegment(id, { ...readySegment(added * 10, added * 10 + 10), index });
        }
      };
      expect(await refusal(fill())).toBe("store_full 507");
      expect(added).toBeGreaterThan(2);
      expect(await full.catalog.streams()).toMatchObject([{ count: added, endMs: added * 10 }]);
      execFileSync("mount", ["-o", "remount,size=40m", disk]);
      await fill();
      expect(await full.catalog.streams()).toMatchObject([{ count: 100 }]);
    } finally {
      await full.close();
      // The driver closes its files when its statements are garbage collected: lazily.
      execFileSync("umount", ["--lazy", disk]);
    }
  });

  it("opens in folders with odd names", async () => {
    const path = `${opened.folder}/a b#c?d%20é.db`;
    const odd = await openCatalogFile(path);
    await add(odd.catalog, "s", 0, 1);
    await odd.close();
    expect(await readdir(opened.folder)).toContain("a b#c?d%20é.db");
  });
});
