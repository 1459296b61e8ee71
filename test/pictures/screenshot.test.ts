import { createServer, type Server } from "node:http";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { FPS, recordNumbered } from "../browser/numbered-recording.ts";
import { png, styles, writeForm, type FormStyle } from "../support/forms.ts";
import { startOssServer } from "../support/oss-server.ts";
import { ossStore } from "../../src/store/oss/oss.ts";
import { ffmpeg } from "../support/tools.ts";
import { greyOf, numberIn, sizeOf } from "./numbers.ts";

const START = Date.UTC(2026, 0, 31, 10);
const SECONDS = 10;
const FRAMES = SECONDS * FPS;

let folder: string;
let server: TestServer;
let files: string[];
let site: Server;
let siteUrl: string;
/** Bytes and requests that the other host answered. */
let answered = { bytes: 0, requests: 0 };
let ranges = true;

/** The other host: gives its video by ranges, or whole. */
async function startSite(): Promise<void> {
  const video = await readFile(files[1] ?? "");
  site = createServer((request, response) => {
    answered.requests++;
    const [, from = "", to = ""] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    if (request.url?.startsWith("/text") === true) response.end("not a video");
    else if (!ranges) response.end(video);
    else {
      const part = video.subarray(Number(from), Number(to) + 1);
      answered.bytes += part.length;
      const end = Number(from) + part.length - 1;
      response.writeHead(206, { "content-range": `bytes ${from}-${end}/${video.length}`, etag: '"1"' }).end(part);
    }
  });
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  siteUrl = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "boxcar-screenshot-"));
  files = await recordNumbered({ folder, name: "s", segments: 3, seconds: SECONDS, size: "320x192" });
  await startSite();
  server = await startTestServer({ BOXCAR_FETCH_HOSTS: new URL(siteUrl).host });
  for (const [i, file] of files.entries()) {
    const init = { method: "PUT", body: await readFile(file) };
    const at = START + (i === 2 ? 60_000 : i * SECONDS * 1000);
    await server.call(`/mp4/api/segments/live/cam1?start=${at}`, init);
  }
});
afterAll(async () => {
  await server.close();
  site.closeAllConnections();
  await new Promise((resolve) => site.close(resolve));
  await rm(folder, { recursive: true });
});

interface Data {
  readonly base64: string;
  readonly url: string;
  readonly format: string;
  readonly time: number;
  readonly width: number;
}

async function post(
  body: unknown,
  init: RequestInit = {},
  on = server,
): Promise<{ status: number; msg: string; data: unknown }> {
  const headers = { "content-type": "application/json" };
  const request = { method: "POST", headers, body: JSON.stringify(body), ...init };
  const response = await on.fetch("/api/chat/getVideoScreenshot", request);
  return { status: response.status, ...((await response.json()) as { msg: string; data: unknown }) };
}

/** A screenshot's data and the frame number it shows. */
async function shot(
  body: Record<string, unknown>,
  init?: RequestInit,
): Promise<{ data: Data; number: number; bytes: Buffer }> {
  const { status, msg, data } = await post(body, init);
  expect({ status, msg, data: status === 200 ? "" : data }).toEqual({ status: 200, msg: "ok", data: "" });
  const bytes = Buffer.from((data as Data).base64.replace(/^data:image\/(?:jpe?g|png);base64,/, ""), "base64");
  return { data: data as Data, bytes, number: numberIn(await greyOf(bytes)) };
}

async function upload(file: string, style: FormStyle = styles.chrome): Promise<{ url: string; cover?: string }> {
  const field = { name: "img", fileName: "v.mp4", value: await readFile(file), type: "video/mp4" };
  const { contentType, body } = writeForm([field], style);
  const headers = { "Content-Type": contentType };
  const response = await server.fetch("/api/chat/uploadAliyun", { method: "POST", body, headers });
  const { data } = (await response.json()) as { data: [{ url: string; cover?: string }] };
  return data[0];
}

async function uploadToDisk(file: string): Promise<string> {
  const field = { name: "file", fileName: "v.mp4", value: await readFile(file), type: "video/mp4" };
  const { contentType, body } = writeForm([field]);
  const init = { method: "POST", body, headers: { "Content-Type": contentType } };
  const response = await server.fetch("/api/chat/uploadStreamSingleToServerDiy/chat", init);
  return ((await response.json()) as { data: { url: string } }).data.url;
}

describe("a screenshot of an uploaded file", () => {
  it("is the frame at that time, by URL or path, from the store or from disk", async () => {
    const { url } = await upload(files[1] ?? "");
    const disk = await uploadToDisk(files[1] ?? "");
    for (const videoUrl of [url, new URL(url).pathname, disk, server.url + disk]) {
      const { data, number, bytes } = await shot({ videoUrl, time: 4321, width: 160, format: "png" });
      expect(number).toBe(FRAMES + Math.floor((4321 * FPS) / 1000));
      expect(data).toMatchObject({ format: "png", time: 4321, width: 160 });
      expect(sizeOf(bytes)).toEqual({ width: 160, height: 96 });
      const same = await fetch(data.url);
      expect(same.headers.get("content-type")).toBe("image/png");
      expect(Buffer.from(await same.arrayBuffer()).equals(bytes)).toBe(true);
    }
  });

  it("beyond the end is the last frame; without anything said the first, as PNG of the video's size", async () => {
    const { url } = await upload(files[0] ?? "");
    expect((await shot({ videoUrl: url, time: 99_999_999 })).number).toBe(FRAMES - 1);
    const { data, number } = await shot({ videoUrl: url, time: 0 });
    expect({ ...data, base64: "", url: "" }).toEqual({ base64: "", url: "", format: "png", time: 0, width: 320 });
    expect(number).toBe(0);
  });

  it("takes parts of a millisecond, no width, a token and other names of this machine", async () => {
    const { url } = await upload(files[0] ?? "");
    const { pathname } = new URL(url);
    for (const host of ["localhost", "127.0.0.1", "[::1]"]) {
      const videoUrl = `http://${host}:${server.port}${pathname}`;
      const { data, number } = await shot({ videoUrl, time: 2020.9, width: 0, token: "x.y.z" });
      expect({ number, width: data.width }).toEqual({ number: 2 * FPS, width: 320 });
    }
    const form = new URLSearchParams({ videoUrl: pathname, time: "20.5", width: "0", token: "x.y.z" });
    expect((await shot({}, { headers: {}, body: form })).number).toBe(0);
  });

  it("may be asked for by a form", async () => {
    const { url } = await upload(files[0] ?? "");
    const fields = { videoUrl: url, time: "2000", width: "96", format: "jpeg" };
    const urlencoded = await shot({}, { headers: {}, body: new URLSearchParams(fields) });
    expect(urlencoded.number).toBe(2 * FPS);
    expect(urlencoded.data).toMatchObject({ format: "jpeg", width: 96, time: 2000 });
    const form = writeForm(
      Object.entries(fields).map(([name, value]) => ({ name, value })),
      styles.wechat,
    );
    const multipart = await shot({}, { headers: { "content-type": form.contentType }, body: form.body });
    expect(multipart.number).toBe(2 * FPS);
  });
});

describe("a screenshot of a recording", () => {
  it("is what a download shows at that time of its own", async () => {
    const download = (query: string): string => `/mp4/download/live/cam1.mp4?${query}`;
    const range = `start=${START + 8000}&end=${START + 65_000}`;
    expect((await shot({ videoUrl: download(range), time: 0 })).number).toBe(8 * FPS);
    expect((await shot({ videoUrl: download(range), time: 3040 })).number).toBe(11 * FPS + 1);
    // 12 s of it before the gap, then what was recorded from second 60 on
    expect((await shot({ videoUrl: server.url + download(range), time: 13_000 })).number).toBe(21 * FPS);
    expect((await shot({ videoUrl: download(`${range}&gaps=keep`), time: 13_000 })).number).toBe(20 * FPS - 1);
    expect((await shot({ videoUrl: download(range), time: 9_999_999 })).number).toBe(25 * FPS - 1);
    const { data, bytes } = await shot({ videoUrl: download(range), time: 3040, width: 64 });
    const same = await fetch(data.url);
    expect(Buffer.from(await same.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it("is of one segment by its id", async () => {
    const { json } = await server.call("/mp4/api/list/live/cam1");
    const [last, , first] = json.data as { id: number }[];
    expect((await shot({ videoUrl: `/mp4/download/live/cam1.mp4?id=${first?.id}`, time: 1000 })).number).toBe(FPS);
    expect((await shot({ videoUrl: `/mp4/download/live/cam1.fmp4?id=${last?.id}`, time: 1e9 })).number).toBe(
      3 * FRAMES - 1,
    );
  });

  it("may be asked for by stream path and wall-clock time", async () => {
    for (const time of [START + 5000, String(START + 5000), "2026-01-31T10:00:05Z", "2026-01-31T18:00:05+08:00"]) {
      const { data, number } = await shot({ streamPath: "live/cam1", time, width: 100 });
      expect({ number, time: data.time }).toEqual({ number: 5 * FPS, time: START + 5000 });
      expect((await fetch(data.url)).status).toBe(200);
    }
  });
});

describe("a screenshot of a video on another host", () => {
  it("fetches only what it needs, and is kept once in the store", async () => {
    ranges = true;
    answered = { bytes: 0, requests: 0 };
    const { size } = await readFile(files[1] ?? "").then((bytes) => ({ size: bytes.length }));
    const { data, number, bytes } = await shot({ videoUrl: `${siteUrl}/v.mp4`, time: 9000, width: 96 });
    expect(number).toBe(FRAMES + 9 * FPS);
    console.log(`${answered.bytes} of ${size} bytes in ${answered.requests} requests`);
    expect(answered.bytes).toBeLessThan(size / 3);
    const kept = await fetch(data.url);
    expect(kept.headers.get("content-type")).toBe("image/png");
    expect(Buffer.from(await kept.arrayBuffer()).equals(bytes)).toBe(true);
    const again = await shot({ videoUrl: `${siteUrl}/v.mp4`, time: 9000, width: 96 });
    expect(again.data.url).toBe(data.url);
  });

  it("beyond its end is its last frame", async () => {
    expect((await shot({ videoUrl: `${siteUrl}/v.mp4`, time: 99_999_999 })).number).toBe(2 * FRAMES - 1);
  });

  it("comes from a server without ranges, too", async () => {
    ranges = false;
    const { number } = await shot({ videoUrl: `${siteUrl}/v.mp4`, time: 2500 });
    expect(number).toBe(FRAMES + 62);
    ranges = true;
  });

  it("that is no video, or not to be reached, is a refusal", async () => {
    ranges = false;
    expect(await post({ videoUrl: `${siteUrl}/text`, time: 0 })).toMatchObject({ status: 400, msg: "fail" });
    ranges = true;
    const closed = await post({ videoUrl: `http://127.0.0.1:${server.port + 1}/`, time: 0 });
    const blocked = await post({ videoUrl: "http://169.254.169.254/latest/meta-data", time: 0 });
    const odd = await post({ videoUrl: "file:///etc/passwd", time: 0 });
    expect(closed).toMatchObject({ status: 400, msg: "fail" });
    expect(blocked).toEqual(closed);
    expect(odd).toEqual(closed);
  });

  it("takes the scope upload, or answers 501 where the runtime cannot", async () => {
    const without = await startTestServer({}, { openRemote: undefined });
    expect(await post({ videoUrl: `${siteUrl}/v.mp4`, time: 0 }, {}, without)).toMatchObject({
      status: 501,
      msg: "fail",
    });
    await without.close();
    const locked = await startTestServer({ BOXCAR_TOKEN: "0123456789-abcdefgh" });
    expect(await post({ videoUrl: `${siteUrl}/v.mp4`, time: 0 }, {}, locked)).toMatchObject({
      status: 401,
      msg: "fail",
    });
    await locked.close();
  });
});

describe("what cannot be is refused in the envelope", () => {
  it.each([
    [{ time: "abc" }, /time/],
    [{ time: undefined }, /time/],
    [{ time: "" }, /time/],
    [{ time: -1 }, /time/],
    [{ time: "-1" }, /time/],
    [{ time: "NaN" }, /time/],
    [{ time: null }, /time/],
    [{ time: "1e3" }, /time/],
    [{ width: -1 }, /width/],
    [{ width: 3841 }, /width/],
    [{ width: "wide" }, /width/],
    [{ format: "gif" }, /format/],
    [{ videoUrl: "" }, /videoUrl/],
    [{ videoUrl: undefined }, /videoUrl/],
    [{ streamPath: "live/cam1" }, /videoUrl/],
    [{ videoUrl: "/etc/passwd" }, /path/],
    [{ videoUrl: "/files/../../etc/passwd" }, /path/],
    [{ videoUrl: "/files/segments/live/cam1/1.mp4" }, /uploaded/],
    [{ videoUrl: "/files/none.mp4" }, /uploaded/],
    [{ videoUrl: "/mp4/download/live/cam1.mp4" }, /start/],
    [{ videoUrl: "/mp4/download/live/none.mp4?start=5&end=6" }, /recorded/],
    [{ videoUrl: "/mp4/download/live/none.mp4?id=1" }, /segment/],
    [{ videoUrl: undefined, streamPath: "live/cam1", time: "abc" }, /time/],
    [{ videoUrl: undefined, streamPath: "live/*", time: 5 }, /stream path/],
  ])("%j", async (change, message) => {
    const { status, msg, data } = await post({ videoUrl: "/files/a.mp4", time: 0, ...change });
    expect({ status, msg }).toEqual({ status: 400, msg: "fail" });
    expect(data).toMatch(message);
  });

  it.each(["{", "[]", "null", "5", ""])("the body %s", async (body) => {
    expect(await post(null, { body })).toMatchObject({ status: 400, msg: "fail" });
  });

  it("a body that is too large", async () => {
    expect(await post({ videoUrl: "x".repeat(70_000) })).toMatchObject({ status: 413, msg: "fail" });
  });
});

describe("x-oss-process", () => {
  let path: string;
  beforeAll(async () => {
    path = new URL((await upload(files[0] ?? "")).url).pathname;
  });
  const get = async (process: string, init?: RequestInit): Promise<{ response: Response; bytes: Uint8Array }> => {
    const response = await server.fetch(`${path}?x-oss-process=${process}`, init);
    return { response, bytes: new Uint8Array(await response.arrayBuffer()) };
  };

  it.each([
    ["video/snapshot,t_20,m_fast,w_260,h_0,f_png", 0, { width: 260, height: 156 }, "png"],
    ["video/snapshot,t_3999", 99, { width: 320, height: 192 }, "jpeg"],
    ["video/snapshot,t_3999,m_fast", 75, { width: 320, height: 192 }, "jpeg"],
    ["video/snapshot,t_99999999,f_jpg,w_0,h_96", 249, { width: 160, height: 96 }, "jpeg"],
    ["video/snapshot,t_1000,w_100,h_100", 25, { width: 100, height: 100 }, "jpeg"],
    ["video/snapshot,t_0,w_0,h_0,ar_auto", 0, { width: 320, height: 192 }, "jpeg"],
    ["video/snapshot,t_0,ar_w", 0, { width: 320, height: 192 }, "jpeg"],
  ])("%s", async (process, number, size, type) => {
    const { response, bytes } = await get(process);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(`image/${type}`);
    expect(sizeOf(bytes)).toEqual(size);
    expect(numberIn(await greyOf(bytes))).toBe(number);
  });

  it("turns only when it is told to", async () => {
    const turned = join(folder, "turned.mp4");
    await ffmpeg([
      "-v",
      "error",
      "-y",
      "-i",
      files[0] ?? "",
      "-t",
      "1",
      "-c",
      "copy",
      "-metadata:s:v:0",
      "rotate=90",
      turned,
    ]);
    path = new URL((await upload(turned)).url).pathname;
    expect(sizeOf((await get("video/snapshot,t_0")).bytes)).toEqual({ width: 320, height: 192 });
    expect(sizeOf((await get("video/snapshot,t_0,ar_auto")).bytes)).toEqual({ width: 192, height: 320 });
    expect(sizeOf((await get("video/snapshot,t_0,ar_h")).bytes)).toEqual({ width: 192, height: 320 });
    expect(sizeOf((await get("video/snapshot,t_0,ar_w")).bytes)).toEqual({ width: 320, height: 192 });
    path = new URL((await upload(files[0] ?? "")).url).pathname;
  });

  it("is what an upload's cover is", async () => {
    const { cover = "" } = await upload(files[2] ?? "");
    expect(numberIn(await greyOf(new Uint8Array(await (await fetch(cover)).arrayBuffer())))).toBe(2 * FRAMES);
  });

  it("answers HEAD and conditions", async () => {
    const { response, bytes } = await get("video/snapshot,t_20");
    const head = (await get("video/snapshot,t_20", { method: "HEAD" })).response;
    expect(head.headers.get("content-length")).toBe(String(bytes.length));
    const etag = response.headers.get("etag") ?? "";
    expect((await get("video/snapshot,t_20", { headers: { "if-none-match": etag } })).response.status).toBe(304);
  });

  it.each([
    "image/resize,w_100",
    "video/snapshot",
    "video/snapshot,t_abc",
    "video/snapshot,t_-5",
    "video/snapshot,t_1.5",
    "video/snapshot,t_0,w_99999",
    "video/snapshot,t_0,m_slow",
    "video/snapshot,t_0,f_gif",
    "video/snapshot,t_0,ar_x",
    "video/snapshot,t_0,x_1",
    "video/snapshot,t_0,t_1",
    "video/snapshot,t",
  ])("%s is refused", async (process) => {
    const { status, json } = await server.call(`${path}?x-oss-process=${process}`);
    expect({ status, error: json.error }).toEqual({ status: 400, error: "bad_process" });
  });

  it("takes no picture of a picture", async () => {
    const { contentType, body } = writeForm([{ name: "img", fileName: "a.png", value: png, type: "image/png" }]);
    const init = { method: "POST", body, headers: { "Content-Type": contentType } };
    const { data } = (await (await server.fetch("/api/chat/uploadAliyun", init)).json()) as {
      data: [{ path: string }];
    };
    const { status, json } = await server.call(`/files/${data[0].path}?x-oss-process=video/snapshot,t_0`);
    expect({ status, error: json.error }).toEqual({ status: 422, error: "no_picture" });
  });

  it("is left to OSS where the file lies there", async () => {
    const oss = await startOssServer();
    const { bucket, region, keyId, secret } = oss.account;
    const credentials = { keyId, secret, sessionToken: undefined };
    const store = ossStore({ driver: "oss", bucket, region, endpoint: oss.endpoint, style: "path", credentials });
    const before = server;
    server = await startTestServer({}, { store });
    try {
      path = new URL((await upload(files[0] ?? "")).url).pathname;
      const process = "video/snapshot,t_1000,w_100,m_fast";
      const response = await server.fetch(`${path}?x-oss-process=${process}`, { redirect: "manual" });
      expect(response.status).toBe(302);
      expect(response.headers.get("cache-control")).toBe("no-store");
      const location = new URL(response.headers.get("location") ?? "");
      expect(location.searchParams.get("x-oss-process")).toBe(process);
      expect((await fetch(location)).status).toBe(200);
      location.searchParams.set("x-oss-process", "video/snapshot,t_2000");
      expect((await fetch(location)).status, "the signature covers what is asked for").toBe(403);
      expect((await server.call(`${path}?x-oss-process=video/snapshot,t_x`)).status).toBe(400);
    } finally {
      await server.close();
      await oss.close();
      server = before;
    }
  });
});
