/**
 * `npm run simulate [-- SECONDS]`: what one libSQL primary and one replica carry on this machine, and what follows for a
 * fleet of 10^5 cameras and 10^6 viewers. docs/scaling.md explains the figures. Needs sqld (see test/support/sqld.ts).
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { indexObject } from "../src/core/indexing/index-object.ts";
import { Catalog } from "../src/catalog/catalog.ts";
import type { CatalogDatabase } from "../src/catalog/database.ts";
import { migrate } from "../src/catalog/migrate.ts";
import type { ReadySegment } from "../src/catalog/types.ts";
import { loadCore } from "../src/runtime/node/load-core.ts";
import { openCatalogHttp } from "../src/runtime/libsql/open-catalog-http.ts";
import { catchUp } from "../test/support/catch-up.ts";
import { random } from "../test/support/random.ts";
import { record } from "../test/support/recording.ts";
import { startSqld } from "../test/support/sqld.ts";
import { hitRatio, shardLoads } from "./scaling-model.ts";

const seconds = Number(process.argv[2] ?? 10);
const [CAMERAS, VIEWERS] = [1e5, 1e6];
const SEGMENT_MS = 60_000;
const UPLOADERS = 16;
const rng = random(1);

/** Runs `work` again and again in several chains for some seconds. @returns how often a second */
async function rate(chains: number, work: (chain: number, turn: number) => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  const endMs = startedMs + seconds * 1000;
  let done = 0;
  const chain = async (number: number): Promise<void> => {
    for (let turn = 0; performance.now() < endMs; turn++, done++) await work(number, turn);
  };
  await Promise.all(Array.from({ length: chains }, (_, i) => chain(i)));
  return (done * 1000) / (performance.now() - startedMs);
}

/** What the catalog keeps of a one-minute segment of H.264 at 25 frames a second with AAC. */
async function minuteSegment(): Promise<Omit<ReadySegment, "startMs" | "endMs">> {
  const [segment] = await record({ count: 1, seconds: 60, fps: 25, gop: 2, rate: 48_000 });
  const bytes = await readFile(segment?.file ?? "");
  const indexed = await indexObject(await loadCore(), bytes.length, ({ offset, length }) =>
    Promise.resolve(bytes.subarray(offset, offset + length)),
  );
  const { index, summary, description } = indexed;
  return { format: "mp4", codecs: description.codecs, size: bytes.length, etag: "0123456789abcdef", index, summary };
}

/** Bytes of the database's pages in use. */
async function databaseBytes({ primary }: CatalogDatabase): Promise<number> {
  const pages = sql<{ bytes: number }>`select (page_count - freelist_count) * page_size as bytes
    from pragma_page_count, pragma_freelist_count, pragma_page_size`;
  return Number((await pages.execute(primary)).rows[0]?.bytes);
}

const print = (what: string, value: number, unit: string): void =>
  console.log(
    `${what.padEnd(62)} ${value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 2 : 0 })} ${unit}`,
  );

async function measure(folder: string): Promise<{ writes: number; plans: number; checks: number; bytes: number }> {
  const primary = await startSqld(join(folder, "primary"));
  const replica = await startSqld(join(folder, "replica"), primary);
  const servers = { url: primary.url, replica, timeoutMs: 60_000, writesAtOnce: 2 };
  const opened = openCatalogHttp(servers);
  const { catalog, db } = opened;
  try {
    await migrate(db);
    const empty = await databaseBytes(db);
    const segment = await minuteSegment();
    print("index and summary of a segment", segment.index.length + segment.summary.length, "bytes");
    let written = 0;
    const writes = await rate(UPLOADERS, async (chain, turn) => {
      const startMs = turn * SEGMENT_MS;
      const streamPath = `site-${chain}/cam`;
      const { id } = await catalog.beginSegment({ streamPath, key: `${streamPath}/${turn}`, nowMs: startMs });
      await catalog.completeSegment(id, { ...segment, startMs, endMs: startMs + SEGMENT_MS });
      written++;
    });
    const lags: number[] = [];
    for (let i = 0; i < 50; i++) {
      const startedMs = performance.now();
      await catchUp(db);
      lags.push(performance.now() - startedMs);
    }
    lags.sort((a, b) => a - b);
    const bytes = ((await databaseBytes(db)) - empty) / written;
    const far = new Catalog({ ...db, primary: db.replica ?? db.primary, replica: undefined });
    const hour = Math.max(1, Math.floor(written / UPLOADERS / 60));
    const plans = await rate(8, async () => {
      // A catalog of its own keeps no rows: every range is read.
      const cold = new Catalog({ ...db, primary: db.replica ?? db.primary, replica: undefined });
      const startMs = rng.below(hour) * 3_600_000;
      const pages = cold.recorded(`site-${rng.below(UPLOADERS)}/cam`, startMs, startMs + 600_000);
      for await (const { segments } of pages) if (segments.length === 0) throw new Error("a range is empty");
    });
    const checks = await rate(8, () => far.recordedVersion(`site-${rng.below(UPLOADERS)}/cam`, 0, 600_000));
    print("segments made ready, one primary", writes, "a second");
    print("bytes of the database for each", bytes, "bytes");
    print("replica behind, median", lags[25] ?? 0, "ms");
    print("ten-minute ranges read anew, one replica", plans, "a second");
    print("ranges found unchanged, one replica", checks, "a second");
    return { writes, plans, checks, bytes };
  } finally {
    await opened.close();
    await replica.kill();
    await primary.kill();
  }
}

const folder = await mkdtemp(join(tmpdir(), "boxcar-simulate-"));
try {
  console.log(`on this machine, ${seconds} s each:`);
  const { writes, plans, bytes } = await measure(folder);

  console.log(`\n${CAMERAS.toLocaleString("en")} cameras with a segment a minute:`);
  const needed = CAMERAS / 60;
  print("segments made ready", needed, "a second");
  print("rows a day", CAMERAS * 1440, "");
  print("catalog a day", (CAMERAS * 1440 * bytes) / 1e9, "GB");
  // Half of what was measured: the other half is for peaks, deletions and the nodes' own reads.
  const shards = Math.ceil(needed / (writes / 2));
  print("primaries, each at half of its measured rate", shards, "");
  const loads = shardLoads(CAMERAS, 200, shards, random(2));
  print("  most loaded, when 200 sites go to them by hash", loads.byHash * 100, "% of the mean");
  print("  most loaded, when they are assigned, largest first", loads.assigned * 100, "% of the mean");

  console.log(`\n${VIEWERS.toLocaleString("en")} viewers, each on a ten-minute range of 37.5 MB (500 kbit/s):`);
  const asked = VIEWERS / 600;
  print("ranges", asked, "a second");
  print("bytes", (asked * 37.5e6 * 8) / 1e9, "Gbit/s");
  for (const share of [0.001, 0.01, 0.05]) {
    const hits = hitRatio({ ranges: CAMERAS * 144, share, skew: 0.9 });
    const missed = asked * (1 - hits);
    print(`hits of a cache for ${share * 100}% of a day's ranges`, hits * 100, "%");
    print("  left for the edges", (missed * 37.5e6 * 8) / 1e9, "Gbit/s");
    print("  replicas, each at half of its measured rate", Math.ceil(missed / (plans / 2)), "");
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
