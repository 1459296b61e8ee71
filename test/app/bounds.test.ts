import { createClient } from "@libsql/client";
import { mkdir, mkdtemp, realpath, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { boxcar } from "../cli/boxcar-program.ts";
import { writeForm } from "../support/forms.ts";
import { buildMovie, videoEntry, type Movie } from "../support/movie.ts";
import { startOssServer, type OssServer } from "../support/oss-server.ts";
import { startTestServer, type Reply, type TestServer } from "./test-server.ts";

const START = Date.parse("2026-01-31T10:00:00Z");
const DAY = 86_400;
const UNIX_EPOCH = 2_082_844_800; // seconds since 1904

/** Pictures of the given durations, in seconds, over a timescale of 1. */
function pictures(durations: readonly number[], changes: Partial<Movie> = {}): Uint8Array<ArrayBuffer> {
  const samples = durations.map((duration, i) => ({ data: new Uint8Array(100).fill(i), duration }));
  const entries = [videoEntry("avc1", 16, 16)];
  return buildMovie({ tracks: [{ handler: "vide", timescale: 1, entries, samples }], ...changes }).file;
}

const good = pictures([1, 1]);
const bad: Record<string, { file: Uint8Array<ArrayBuffer>; start?: string; status: number; error: string }> = {
  "beyond 31 days": { file: pictures([16 * DAY, 15 * DAY + 1]), status: 422, error: "segment_too_long" },
  "of 136 years": { file: pictures([0xffffffff]), status: 422, error: "segment_too_long" },
  "of 10^5 times 136 years": {
    file: pictures(Array.from({ length: 1000 }, () => 0xffffffff)),
    status: 422,
    error: "segment_too_long",
  },
  "that ends after the year 9999": {
    ...{ file: pictures([2]), start: "9999-12-31T23:59:59Z" },
    ...{ status: 422, error: "time_out_of_bounds" },
  },
  "that starts after the year 9999": {
    ...{ file: good, start: "9999-12-31T23:59:59-01:00" },
    ...{ status: 400, error: "bad_time" },
  },
  "that starts before the year 1": {
    ...{ file: good, start: "0000-12-31T23:59:59Z" },
    ...{ status: 400, error: "bad_time" },
  },
  "with a creation time beyond all dates": {
    ...{ file: pictures([1], { creationTime: 2n ** 63n - 1n }), start: "" },
    ...{ status: 400, error: "start_missing" },
  },
  "with a creation time in the year 200000": {
    ...{ file: pictures([1], { creationTime: BigInt(UNIX_EPOCH) + 6_249_000_000_000n }), start: "" },
    ...{ status: 400, error: "start_missing" },
  },
  "created in the last second of 9999": {
    ...{ file: pictures([1], { creationTime: BigInt(UNIX_EPOCH) + 253_402_300_799n }), start: "" },
    ...{ status: 422, error: "time_out_of_bounds" },
  },
};
const badNames = Object.keys(bad);

let oss: OssServer;
let server: TestServer;
let count = 0;
let stream = "";
beforeAll(async () => {
  oss = await startOssServer();
  const { bucket, region, keyId, secret } = oss.account;
  server = await startTestServer({
    BOXCAR_STORE: `oss://${bucket}?region=${region}&endpoint=${encodeURIComponent(oss.endpoint)}&style=path`,
    BOXCAR_STORE_KEY_ID: keyId,
    BOXCAR_STORE_SECRET: secret,
  });
});
afterAll(async () => {
  await server.close();
  await oss.close();
});
beforeEach(() => {
  stream = `bounds/${++count}`;
});

const withStart = (start = "2026-01-31T10:00:00Z"): string =>
  start === "" ? "" : `start=${encodeURIComponent(start)}`;
const put = (file: Uint8Array<ArrayBuffer>, start?: string): Promise<{ status: number; json: Reply }> =>
  server.call(`/mp4/api/segments/${stream}?${withStart(start)}`, { method: "PUT", body: file });

async function direct(file: Uint8Array<ArrayBuffer>, start?: string): Promise<{ status: number; json: Reply }> {
  const { json } = await server.call(`/mp4/api/segments/presign/${stream}?size=${file.length}`, { method: "POST" });
  const { method, url, headers, confirmUrl } = json.data as Record<string, string> & { headers: HeadersInit };
  const sent = await fetch(url ?? "", { method: method ?? "", headers, body: file });
  expect(sent.status).toBe(200);
  return server.call(`${confirmUrl}&${withStart(start)}`, { method: "POST" });
}

async function expectListsWork(expected: number): Promise<void> {
  const catalog = await server.call("/mp4/api/catalog");
  expect(catalog.status).toBe(200);
  const listed = await server.call(`/mp4/api/list/*?pageSize=1000`);
  expect(listed.status).toBe(200);
  expect((await server.call(`/mp4/api/list/${stream}`)).json.total).toBe(expected);
}

describe("a segment whose times no catalog can hold", () => {
  it.each(badNames)("%s is refused by name when it is put, and leaves no row", async (name) => {
    const { file, start, status, error } = bad[name] ?? { file: good, status: 0, error: "" };
    expect(await put(file, start)).toMatchObject({ status, json: { error } });
    await expectListsWork(0);
  });

  it.each(badNames)("%s is refused by name when a direct upload is confirmed", async (name) => {
    const { file, start, status, error } = bad[name] ?? { file: good, status: 0, error: "" };
    expect(await direct(file, start)).toMatchObject({ status, json: { error } });
    await expectListsWork(0);
  });

  it("is passed over by an import, which says at its end what was refused and why", async () => {
    const [folder, data] = [await temporary(), await temporary()];
    const refused = badNames.filter((name) => bad[name]?.error === "segment_too_long");
    const files = [good, ...refused.map((name) => bad[name]?.file ?? good), good];
    for (const [i, file] of [...files, good].entries()) {
      const path = join(folder, `cam/${i < files.length ? `2026-01-31_10-00-0${i}` : "9999-12-31_23-59-59"}.mp4`);
      await writeFile(path, file);
      await utimes(path, 1_769_000_000, 1_769_000_000);
    }
    for (const inPlace of [[], ["--in-place"]]) {
      const args = ["import", folder, ...inPlace, "--pattern", "%path/%Y-%m-%d_%H-%M-%S.mp4"];
      const { code, stdout, stderr } = await boxcar(args, { BOXCAR_DATA: join(data, inPlace.join()) });
      expect({ code, summary: stdout.trim().split("\n").at(-1) }).toEqual({
        code: 1,
        summary: `2 imported, 0 already there, ${refused.length + 1} refused`,
      });
      const last = stderr
        .trim()
        .split("\n")
        .slice(-refused.length - 1);
      expect(last).toHaveLength(refused.length + 1);
      expect(last.filter((line) => line.includes("segment_too_long"))).toHaveLength(refused.length);
      expect(stderr).not.toMatch(/^\s+at /m);
    }
    await rm(folder, { recursive: true });
    await rm(data, { recursive: true });
  });

  it("may be one that the operator allows", async () => {
    const own = await startTestServer({ BOXCAR_MAX_DURATION: "2s" });
    const target = `/mp4/api/segments/s?${withStart()}`;
    expect(await own.call(target, { method: "PUT", body: good })).toMatchObject({ status: 201 });
    expect(await own.call(target, { method: "PUT", body: pictures([3]) })).toMatchObject({
      status: 422,
      json: { error: "segment_too_long", maxDurationMs: 2000 },
    });
    await own.close();
  });
});

async function temporary(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "boxcar-bounds-")));
  await mkdir(join(folder, "cam"));
  return folder;
}

describe("a picture without a duration", () => {
  const single = pictures([0]);
  it("lasts a millisecond, and can be listed, planned, downloaded and deleted", async () => {
    expect(await put(single)).toMatchObject({ status: 201, json: { data: { durationMs: 1 } } });
    expect(await direct(single, "2026-01-31T10:00:01Z")).toMatchObject({
      status: 201,
      json: { data: { durationMs: 1 } },
    });
    await expectListsWork(2);
    const range = "start=2026-01-31T10:00:00Z&end=2026-01-31T10:00:05Z";
    const timeline = await server.call(`/mp4/api/timeline/${stream}?${range}`);
    expect(timeline.status, JSON.stringify(timeline.json)).toBeLessThan(500);
    for (const format of ["mp4", "fmp4"]) {
      const download = await server.fetch(`/mp4/download/${stream}.${format}?${range}`);
      expect(download.status, await download.text()).toBeLessThan(500);
    }
    const removed = await server.call(`/mp4/api/delete/${stream}?${range}`, { method: "POST" });
    expect(removed).toMatchObject({ status: 200, json: { data: [{}, {}] } });
  });

  it("may come in a form and by tus, as may pictures of any length", async () => {
    for (const file of [single, ...badNames.map((name) => bad[name]?.file ?? good)]) {
      const { contentType, body } = writeForm([{ name: "img", value: file, fileName: "a.mp4", type: "video/mp4" }]);
      const form = { method: "POST", body, headers: { "Content-Type": contentType } };
      expect((await server.fetch("/api/chat/uploadAliyun", form)).status).toBe(200);
      const tus = { "Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream" };
      const headers = { ...tus, "Upload-Length": String(file.length) };
      expect((await server.fetch("/api/uploads", { method: "POST", headers, body: file })).status).toBe(201);
    }
  });
});

describe("rows with times beyond all bounds, as older versions took them", () => {
  it("harm no list and no plan, and can be deleted", async () => {
    expect(await put(good)).toMatchObject({ status: 201 });
    const client = createClient({ url: `file:${join(server.folder, "catalog.db")}` });
    const spans = [
      [START, 8_900_000_000_000_000],
      [9_000_000_000_000_000, 9_000_000_000_001_000],
      [253_402_300_800_000, 253_402_300_801_000],
      [-9_000_000_000_000_000, START + 1000],
      [START + 500, START + 500],
    ] as const;
    for (const [start, end] of spans) {
      const [name] = (await client.execute("select max(id) from segments")).rows;
      const id = Number(name?.[0]) + 1;
      await client.batch([
        `insert into segments (stream_path, state, state_ms, start_ms, end_ms, codecs, key, size, etag, summary, index_size, created_ms)
          select stream_path, state, state_ms, ${start}, ${end}, codecs, 'k${id}', size, etag, summary, index_size, created_ms
          from segments where stream_path = '${stream}' limit 1`,
        `insert into segment_indexes select ${id}, data from segment_indexes where segment_id =
          (select min(id) from segments where stream_path = '${stream}')`,
        `update streams set count = count + 1, start_ms = min(start_ms, ${start}), end_ms = max(end_ms, ${end}),
          longest_ms = max(longest_ms, ${end} - ${start}) where stream_path = '${stream}'`,
        `insert into stream_counts (stream_path, bucket, event_level, count, version, reach_ms)
          values ('${stream}', ${Math.floor(start / 14_400_000)}, '', 1, 1, ${end})
          on conflict do update set count = count + 1, version = version + 1, reach_ms = max(reach_ms, excluded.reach_ms)`,
      ]);
    }
    await expectListsWork(1 + spans.length);
    const listed = (await server.call(`/mp4/api/list/${stream}`)).json.data as Record<string, string>[];
    for (const { startTime, endTime } of listed) expect(`${startTime}${endTime}`).toMatch(/^(?:\d{4}-[^Z]+Z){2}$/);
    for (const times of ["start=2026-01-31T10:00:00Z&end=2026-01-31T10:00:02Z", "start=2026-01-31T09:00:00Z"]) {
      for (const path of [`api/timeline/${stream}`, `api/list/${stream}`, `download/${stream}.mp4`]) {
        const { status } = await server.fetch(`/mp4/${path}?${times}`, { method: "GET" });
        expect(status, path).toBeLessThan(500);
      }
    }
    for (const { id } of listed) {
      for (const format of ["mp4", "fmp4"])
        expect((await server.fetch(`/mp4/download/${stream}.${format}?id=${id}`, { method: "HEAD" })).status).not.toBe(
          500,
        );
    }
    const ids = listed.map(({ id }) => id).join();
    const removed = await server.call(`/mp4/api/delete/${stream}?ids=${ids}`, { method: "POST" });
    expect(removed).toMatchObject({ status: 200 });
    await expectListsWork(0);
    client.close();
  });
});

describe("times in requests", () => {
  it("stay within the years 0001 to 9999", async () => {
    expect(await put(good)).toMatchObject({ status: 201 });
    for (const times of [
      "start=2026-01-31T10:00:00Z&duration=999999999h",
      "start=9999-12-31T23:59:59Z&duration=1h",
      "range=9999-12-31T23:59:59-10:00~9999-12-31T23:59:59-11:00",
      "range=0001-01-01T00:00:00%2B10:00~12:00:00",
    ]) {
      for (const path of [`api/timeline/${stream}`, `api/list/${stream}`, `download/${stream}.mp4`]) {
        expect(await server.call(`/mp4/${path}?${times}`), `${path} ${times}`).toMatchObject({ status: 400 });
      }
    }
  });
});
