import { copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { BoxcarError } from "../../src/base/errors.ts";
import { ingestSegment, registerInPlace, type Ingested } from "../../src/intake/segments/segment-upload.ts";
import type { Store } from "../../src/base/ports.ts";
import { readConfig } from "../../src/config/config.ts";
import { openNodeParts, type NodeParts } from "../../src/runtime/node/node-parts.ts";
import { mountKey } from "../../src/store/mounts.ts";
import { chunksOf } from "../app/test-server.ts";
import { RECORDED_AT, record } from "../support/recording.ts";

const streamPath = "live/cam1";
let folder: string;
let parts: NodeParts;
let recordedFile: string;
let file: Buffer;

beforeAll(async () => {
  [{ file: recordedFile } = { file: "" }] = await record({ count: 2, seconds: 2 });
  file = await readFile(recordedFile);
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "boxcar-ingest-"));
  parts = await openNodeParts(readConfig({ BOXCAR_DATA: folder }));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await parts.close();
  await rm(folder, { recursive: true });
});

const ingest = (changes: Partial<NodeParts> = {}, startMs: number | undefined = RECORDED_AT): Promise<Ingested> =>
  ingestSegment({ ...parts, ...changes }, { streamPath, startMs, body: chunksOf(file, 10_000) });

/** What the catalog and the store hold, in any state. */
async function left(): Promise<{ ready: number; unsettled: number; objects: number }> {
  const { total } = await parts.catalog.list({ streamPath: "*", pageNum: 1, pageSize: 1 });
  const ever = Number.MAX_SAFE_INTEGER;
  const unsettled = await parts.catalog.unsettled.page({ pendingMs: ever, tombstoneMs: ever }, 0, 10);
  const keys: string[] = [];
  for await (const { key } of parts.store.list("segments/")) keys.push(key);
  return { ready: total, unsettled: unsettled.length, objects: keys.length };
}
const nothing = { ready: 0, unsettled: 0, objects: 0 };

/** The store with another `put`. */
function storeWithPut(put: (real: Store["put"]) => Store["put"]): Store {
  const { store } = parts;
  const real: Store["put"] = (key, body) => store.put(key, body);
  return {
    put: put(real),
    get: (key, span, ifMatch) => store.get(key, span, ifMatch),
    head: (key) => store.head(key),
    delete: (key) => store.delete(key),
    list: (prefix) => store.list(prefix),
  };
}

describe("ingestSegment", () => {
  it("tells the catalog nothing of a body of which hardly anything has come", async () => {
    let goOn = (): void => undefined;
    const pause = new Promise<void>((resolve) => (goOn = resolve));
    async function* slow(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 1000; i++) yield file.subarray(i, i + 1);
      await pause;
      yield file.subarray(1000);
    }
    const taken = ingestSegment(parts, { streamPath, startMs: RECORDED_AT, body: slow() });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await left()).toEqual(nothing);
    goOn();
    expect((await taken).segment.size).toBe(file.length);
    expect(await left()).toEqual({ ready: 1, unsettled: 0, objects: 1 });
  });

  it("stores the bytes under a key that tells stream, day and start", async () => {
    const { segment, repeated } = await ingest();
    expect(repeated).toBe(false);
    expect(segment.key).toMatch(/^segments\/live\/cam1\/2026-01-31\/1769853600000-[\w-]+\.mp4$/);
    expect((await readFile(join(folder, "media", segment.key))).equals(file)).toBe(true);
    expect(segment).toMatchObject({ startMs: RECORDED_AT, endMs: RECORDED_AT + 2000, size: file.length });
    expect(await left()).toEqual({ ready: 1, unsettled: 0, objects: 1 });
  });

  it("takes the start from the file's creation time", async () => {
    const dated = Buffer.from(file);
    const seconds1904 = 2_082_844_800;
    dated.writeUInt32BE(seconds1904 + 1_769_853_600, dated.indexOf("mvhd") + 8);
    const incoming = { streamPath, body: chunksOf(dated) };
    expect((await ingestSegment(parts, incoming)).segment.startMs).toBe(1_769_853_600_000);
  });

  it("leaves nothing when the body breaks off, at any chunk", async () => {
    const chunks = Math.ceil(file.length / 10_000);
    for (const good of [0, 1, chunks >> 1, chunks - 1]) {
      const body = async function* (): AsyncGenerator<Uint8Array> {
        let n = 0;
        for await (const chunk of chunksOf(file, 10_000)) {
          if (n++ >= good) throw new BoxcarError("upload_aborted", "gone");
          yield chunk;
        }
      };
      await expect(ingestSegment(parts, { streamPath, startMs: 0, body: body() })).rejects.toThrow("gone");
      expect(await left(), `after ${good} of ${chunks} chunks`).toEqual(nothing);
    }
  });

  it("leaves nothing when the store fails, before or after the object is there", async () => {
    const full = new BoxcarError("store_full", "full");
    const before = storeWithPut(() => () => Promise.reject(full));
    const after = storeWithPut((real) => async (key, body) => {
      await real(key, body);
      throw full;
    });
    for (const store of [before, after]) {
      await expect(ingest({ store })).rejects.toBe(full);
      expect(await left()).toEqual(nothing);
    }
  });

  it("does not trust a store that keeps other than it was given", async () => {
    const short = storeWithPut((real) => async (key, body) => {
      const info = await real(key, body);
      return { ...info, size: info.size - 1 };
    });
    const early = storeWithPut((real) => (key) => real(key, chunksOf(file.subarray(0, 100))));
    for (const store of [short, early]) {
      await expect(ingest({ store })).rejects.toMatchObject({ code: "store_failed" });
      expect(await left()).toEqual(nothing);
    }
  });

  it("leaves nothing when the catalog refuses the segment", async () => {
    vi.spyOn(parts.catalog, "completeSegment").mockRejectedValueOnce(new Error("no"));
    await expect(ingest()).rejects.toThrow("no");
    expect(await left()).toEqual(nothing);
  });

  it("leaves nothing when another process gave it up meanwhile", async () => {
    const ever = Number.MAX_SAFE_INTEGER;
    const givenUp = storeWithPut((real) => async (key, body) => {
      for (const { id } of await parts.catalog.unsettled.page({ pendingMs: ever, tombstoneMs: ever }, 0, 10)) {
        await parts.catalog.unsettled.expire(id, 0);
        await parts.catalog.unsettled.forget(id);
      }
      return real(key, body);
    });
    await expect(ingest({ store: givenUp })).rejects.toMatchObject({ code: "upload_expired" });
    expect(await left()).toEqual(nothing);
  });

  it("keeps a segment whose commit went through although its answer was lost", async () => {
    const { catalog } = parts;
    const complete = catalog.completeSegment.bind(catalog);
    vi.spyOn(catalog, "completeSegment").mockImplementationOnce(async (...args) => {
      await complete(...args);
      throw new Error("connection lost");
    });
    await expect(ingest()).rejects.toThrow("connection lost");
    expect(await left()).toEqual({ ready: 1, unsettled: 0, objects: 1 });
  });

  it("takes in many at once", async () => {
    const all = await Promise.all(Array.from({ length: 20 }, (_, i) => ingest({}, RECORDED_AT + i * 2000)));
    expect(new Set(all.map(({ segment }) => segment.key)).size).toBe(20);
    expect(await left()).toEqual({ ready: 20, unsettled: 0, objects: 20 });
  });
});

describe("registerInPlace", () => {
  it("adds a file where it lies as ingesting it would, without copying it", async () => {
    const place = join(folder, "elsewhere", "recordings");
    await mkdir(place, { recursive: true });
    await copyFile(recordedFile, join(place, "a.mp4"));
    const key = mountKey(await parts.catalog.mounts.numberOf(place), "a.mp4");
    const lying = { streamPath, key, startMs: RECORDED_AT, idempotencyKey: "a" };
    const { segment } = await registerInPlace(parts, lying);
    expect((await left()).objects).toBe(0);

    const copied = (await ingest()).segment;
    const { startMs, endMs, format, codecs, size, summary } = segment;
    expect(copied).toMatchObject({ streamPath, startMs, endMs, format, codecs, size, summary });
    const indexes = await parts.catalog.indexesOf([segment.id, copied.id]);
    expect(indexes.get(segment.id)).toEqual(indexes.get(copied.id));

    const again = await registerInPlace(parts, lying);
    expect(again).toMatchObject({ repeated: true, segment: { id: segment.id } });
  });

  it("refuses an object that is not there", async () => {
    const lying = { streamPath, key: "segments/none.mp4", startMs: 0 };
    await expect(registerInPlace(parts, lying)).rejects.toMatchObject({ code: "object_missing" });
    expect(await left()).toEqual(nothing);
  });
});
