/** How often a libSQL server is asked: each time costs the way to it and back. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { migrate } from "../../src/catalog/migrate.ts";
import type { Media } from "../../src/core/index.ts";
import { ingestSegment, registerInPlace, type IngestParts } from "../../src/intake/segments/segment-upload.ts";
import { planRange, sharingParts, type RangeQuery, type SharingParts } from "../../src/recordings/plan-range.ts";
import { recordedMedia } from "../../src/recordings/stream-recordings.ts";
import { openCatalogHttp } from "../../src/runtime/libsql/open-catalog-http.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { FileStore } from "../../src/store/file/file.ts";
import { mountKey, withMounts } from "../../src/store/mounts.ts";
import { chunksOf } from "../app/test-server.ts";
import { record, RECORDED_AT } from "../support/recording.ts";
import { sqldPath, startSqld, type Sqld } from "../support/sqld.ts";

const SEGMENTS = 60;
/** Each goes on a little before the end of the one before: all joints are cut. */
const STEP_MS = 1960;
/** In the hour before, so that rows of two hours are read. */
const FIRST_MS = RECORDED_AT - 60_000;
const HOUR: RangeQuery = {
  ...{ streamPath: "test", startMs: FIRST_MS + 500, endMs: FIRST_MS + SEGMENTS * STEP_MS - 500 },
  ...{ cut: "frame", gaps: "skip", changes: "inband" },
};

describe.skipIf(sqldPath === undefined)("a catalog on a server is asked", () => {
  let folder: string;
  let sqld: Sqld;
  let file: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "boxcar-round-trips-"));
    sqld = await startSqld(join(folder, "sqld"));
    [{ file } = { file: "" }] = await record({ count: 1, seconds: 2, video: "h264", audio: "aac" });
    const { catalog, store, core, migrated } = await fresh();
    await migrated();
    for (let i = 0; i < SEGMENTS; i++) {
      const key = mountKey(i, basename(file));
      const lying = { streamPath: "test", startMs: FIRST_MS + i * STEP_MS, key };
      await registerInPlace({ core, catalog, store, clock: () => 0 }, lying);
    }
  }, 120_000);
  afterAll(async () => {
    vi.restoreAllMocks();
    await sqld.kill();
    await rm(folder, { recursive: true });
  });

  /** What a process that has just started has. */
  async function fresh(): Promise<SharingParts & Pick<IngestParts, "store"> & { migrated: () => Promise<string[]> }> {
    const core = await loadCore();
    const { catalog, db } = openCatalogHttp({ url: sqld.url, timeoutMs: 20_000 });
    const store = withMounts(new FileStore(folder), () => Promise.resolve(new FileStore(dirname(file))));
    return { ...sharingParts({ core, catalog, store }), store, migrated: () => migrate(db) };
  }

  /** Requests that `work` sends, and how often it waits for answers to requests that were under way together. */
  async function asked(work: () => Promise<unknown>): Promise<{ requests: number; waits: number }> {
    const real = globalThis.fetch;
    let [requests, waits, open] = [0, 0, 0];
    const spy = vi.spyOn(globalThis, "fetch").mockImplementation(async (...given) => {
      requests++;
      if (open++ === 0) waits++;
      return real(...given).finally(() => open--);
    });
    await work();
    spy.mockRestore();
    return { requests, waits };
  }

  async function firstByte(parts: SharingParts, query: RangeQuery): Promise<void> {
    await firstByteOf((await planRange(parts, query)).media("mp4"));
  }

  async function firstByteOf(media: Media): Promise<void> {
    for await (const chunk of media.read({ offset: 0, length: media.size })) if (chunk.length > 0) break;
  }

  it("three times for a new cut, once for one that is kept or whose rows are", async () => {
    const parts = await fresh();
    const cold = await asked(() => firstByte(parts, HOUR));
    expect(cold.waits).toBeLessThanOrEqual(3);
    expect(cold.requests).toBeLessThanOrEqual(4);
    expect(await asked(() => firstByte(parts, HOUR))).toEqual({ requests: 1, waits: 1 });
    expect(await asked(() => firstByte(parts, { ...HOUR, startMs: HOUR.startMs + 7000 }))).toEqual({
      ...{ requests: 1, waits: 1 },
    });
  });

  it("once for a media segment", async () => {
    const parts = await fresh();
    const [id, startMs] = [SEGMENTS / 2, FIRST_MS + (SEGMENTS / 2 - 1) * STEP_MS];
    const read = async (): Promise<void> => {
      const media = await recordedMedia(parts, "test", { id, startMs, tracks: "av", first: 0, end: 1 });
      if (media === undefined) throw new Error("there is no such media segment");
      await firstByteOf(media);
    };
    for (let i = 0; i < 2; i++) expect(await asked(read)).toEqual({ requests: 1, waits: 1 });
  });

  it("twice for an upload", async () => {
    const parts = { ...(await fresh()), clock: () => 0, randomId: () => crypto.randomUUID() };
    const bytes = await readFile(file);
    const upload = (startMs: number): Promise<unknown> =>
      ingestSegment(parts, { streamPath: "uploads", startMs, body: chunksOf(bytes, 10_000), size: bytes.length });
    for (const startMs of [RECORDED_AT, RECORDED_AT + 2000])
      expect(await asked(() => upload(startMs))).toEqual({ requests: 2, waits: 2 });
  });
});
