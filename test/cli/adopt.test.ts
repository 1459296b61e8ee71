/** Objects that were copied by other means: `boxcar doctor` tells, and `boxcar adopt` makes them served again. */
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readConfig } from "../../src/config/config.ts";
import { ingestSegment } from "../../src/intake/segments/segment-upload.ts";
import { openNodeParts } from "../../src/runtime/node/node-parts.ts";
import { startOssServer, type OssServer } from "../support/oss-server.ts";
import { buildMovie, videoEntry } from "../support/movie.ts";
import { chunksOf } from "../app/test-server.ts";
import { boxcar } from "./boxcar-program.ts";

let folder: string;
let oss: OssServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "boxcar-adopt-"));
  oss = await startOssServer();
});
afterAll(async () => {
  await oss.close();
  await rm(folder, { recursive: true });
});

/** A recording of `samples` pictures of a byte each. */
function recording(samples: number, duration = 40): Uint8Array {
  const pictures = Array.from({ length: samples }, (_, i) => ({ data: Uint8Array.of(i), duration }));
  const entries = [videoEntry("mp4v", 16, 16)];
  const track = { handler: "vide", timescale: 1000, entries, samples: pictures } as const;
  return buildMovie({ tracks: [track] }).file;
}

/** A data folder with two segments and a file; the keys of their objects. */
async function fill(data: string): Promise<string[]> {
  const parts = await openNodeParts(readConfig({ BOXCAR_DATA: data }));
  try {
    await parts.migrate();
    const keys: string[] = [];
    for (const [i, samples] of [25, 50].entries()) {
      const file = recording(samples);
      const incoming = { streamPath: "live/cam1", startMs: i * 10_000, body: chunksOf(file), size: file.length };
      keys.push((await ingestSegment(parts, incoming)).segment.key);
    }
    const key = "images/1.png";
    const named = { key, contentType: "image/png", size: 3, imageClassId: 0 };
    const id = await parts.catalog.uploads.begin({ ...named, area: "store", createdMs: 0, untilMs: Date.now() });
    const { etag } = await parts.store.put(key, chunksOf(Uint8Array.of(1, 2, 3)), 3);
    await parts.catalog.uploads.complete([{ ...named, id, etag, media: undefined, index: undefined }]);
    return [...keys, key];
  } finally {
    await parts.close();
  }
}

it("adopts a folder that was copied without the times of its files", async () => {
  const [data, copy] = [join(folder, "data"), join(folder, "copy")];
  await fill(data);
  await new Promise((resolve) => setTimeout(resolve, 5)); // The copy is of another time.
  await cp(data, copy, { recursive: true });
  const told = await boxcar(["doctor"], { BOXCAR_DATA: copy });
  expect(told.stdout).toMatch(/objects of 2 of the 2 segments .* have other entity tags .* run boxcar adopt/);
  const tried = await boxcar(["adopt", "--dry-run"], { BOXCAR_DATA: copy });
  expect([tried.code, tried.stdout]).toEqual([0, "3 would be adopted, 0 as they were, 0 lost\n"]);
  const done = await boxcar(["adopt"], { BOXCAR_DATA: copy });
  expect([done.code, done.stdout, done.stderr]).toEqual([0, "3 adopted, 0 as they were, 0 lost\n", ""]);
  expect((await boxcar(["adopt"], { BOXCAR_DATA: copy })).stdout).toBe("0 adopted, 3 as they were, 0 lost\n");
  expect((await boxcar(["doctor"], { BOXCAR_DATA: copy })).code).toBe(0);
});

it("adopts objects that were copied into a bucket, and lists what is gone or is another file", async () => {
  const data = join(folder, "to-bucket");
  const [first = "", second = "", picture = ""] = await fill(data);
  const { bucket, keyId, secret } = oss.account;
  const env = {
    ...{ BOXCAR_DATA: data, BOXCAR_STORE_KEY_ID: keyId, BOXCAR_STORE_SECRET: secret },
    BOXCAR_STORE: `oss://${bucket}?region=cn-hangzhou&endpoint=${oss.endpoint}&style=path`,
  };
  const parts = await openNodeParts(readConfig(env));
  const file = await readFile(join(data, "media", first));
  await parts.store.put(first, chunksOf(file), file.length);
  const other = recording(50, 20);
  await parts.store.put(second, chunksOf(other), other.length);
  await parts.close();
  const { code, stdout, stderr } = await boxcar(["adopt"], env);
  expect([code, stdout]).toEqual([1, "1 adopted, 0 as they were, 2 lost\n"]);
  expect(stderr.trim().split("\n").toSorted()).toEqual(
    [`lost ${second}: It is another recording of the same size.`, `lost ${picture}: It is not there.`].toSorted(),
  );
});
