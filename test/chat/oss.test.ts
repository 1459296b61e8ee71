import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Store } from "../../src/base/ports.ts";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { png, styles, writeForm, type FormField } from "../support/forms.ts";
import { startOssServer, type OssServer } from "../support/oss-server.ts";
import { random, seedOf } from "../support/random.ts";
import { record } from "../support/recording.ts";

let oss: OssServer;
let server: TestServer;
beforeAll(async () => {
  oss = await startOssServer();
  const { bucket, region, keyId, secret } = oss.account;
  server = await startTestServer({
    BOXCAR_STORE: `oss://${bucket}?region=${region}&endpoint=${oss.endpoint}&style=path`,
    BOXCAR_STORE_KEY_ID: keyId,
    BOXCAR_STORE_SECRET: secret,
    BOXCAR_PUBLIC_URL: "https://media.example.com",
  });
});
afterAll(async () => {
  await server.close();
  await oss.close();
});

interface StoredFile {
  url: string;
  path: string;
  media?: { width: number; duration: number };
  cover?: string;
}
interface Signed {
  url: string;
  fields: Record<string, string>;
}
interface Announced {
  path: string;
  put: Signed;
  form: Signed;
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const read = async (path: string): Promise<Buffer> =>
  Buffer.from(await (await server.fetch(`/files/${path}`)).arrayBuffer());
async function video(): Promise<Buffer<ArrayBuffer>> {
  const [segment] = await record({ count: 1, seconds: 2, size: "320x180" });
  return readFile(segment?.file ?? "");
}
async function objects(): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of server.parts.store.list("")) keys.push(key);
  return keys.toSorted();
}

async function post(path: string, body: unknown): Promise<{ status: number; msg: string; data: unknown }> {
  const headers = { "Content-Type": "application/json" };
  const response = await server.fetch(path, { method: "POST", body: JSON.stringify(body), headers });
  return { status: response.status, ...((await response.json()) as { msg: string; data: unknown }) };
}
async function announce(bytes: Uint8Array, contentType: string): Promise<Announced> {
  const answer = await post("/api/chat/upload/presign", { size: bytes.length, contentType });
  expect(answer).toMatchObject({ status: 200, msg: "ok" });
  return answer.data as Announced;
}
/** As a browser does, which sets the length itself. */
async function put({ url, fields }: Signed, body: Uint8Array<ArrayBuffer>): Promise<number> {
  const headers = Object.entries(fields).filter(([name]) => name !== "content-length");
  return (await fetch(url, { method: "PUT", body, headers })).status;
}
async function postForm({ url, fields }: Signed, bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", new Blob([bytes]));
  return (await fetch(url, { method: "POST", body: form })).status;
}

describe("files in OSS", () => {
  it("arrive by a form", async () => {
    const bytes = await video();
    const fields: FormField[] = [
      { name: "img", value: png, fileName: "a.png", type: "image/png" },
      { name: "img", value: bytes, fileName: "b.mp4", type: "video/mp4" },
    ];
    const { contentType, body } = writeForm(fields, styles.android);
    const headers = { "Content-Type": contentType };
    const response = await server.fetch("/api/chat/uploadAliyun", { method: "POST", body, headers });
    const { msg, data } = (await response.json()) as { msg: string; data: [StoredFile, StoredFile] };
    expect({ status: response.status, msg }).toEqual({ status: 200, msg: "ok" });
    const [picture, movie] = data;
    expect(picture.url).toBe(`https://media.example.com/files/${picture.path}`);
    expect(movie).toMatchObject({
      media: { width: 320, duration: 2 },
      cover: `${movie.url}?x-oss-process=video/snapshot,t_0,f_jpg`,
    });
    expect((await read(picture.path)).equals(png)).toBe(true);
    expect(sha256(await read(movie.path))).toBe(sha256(bytes));
  });

  it.each(["put", "form"] as const)("arrive from the app itself by a signed %s", async (way) => {
    const bytes = await video();
    const announced = await announce(bytes, "video/mp4");
    const send = (content: Uint8Array<ArrayBuffer>): Promise<number> =>
      way === "put" ? put(announced.put, content) : postForm(announced.form, content);
    // OSS refuses what was not announced, and a second write.
    expect(await send(Buffer.concat([bytes, png]))).toBeGreaterThanOrEqual(400);
    expect(await send(bytes)).toBe(200);
    expect(await send(bytes)).toBe(409);
    const { status, data } = await post("/api/chat/upload/complete", { path: announced.path });
    expect({ status, data }).toMatchObject({
      status: 200,
      data: { url: `https://media.example.com/files/${announced.path}`, media: { width: 320, duration: 2 } },
    });
    expect(sha256(await read(announced.path))).toBe(sha256(bytes));
  });

  it("are removed when they are not what was announced", async () => {
    const page = Buffer.from("<!DOCTYPE html><html></html>");
    const { path, put: request } = await announce(page, "image/png");
    expect(await put(request, page)).toBe(200);
    expect(await objects()).toContain(path);
    expect(await post("/api/chat/upload/complete", { path })).toMatchObject({ status: 415, msg: "fail" });
    expect(await objects()).not.toContain(path);
  });

  it("arrive in pieces", async () => {
    const bytes = await video();
    const tus = { "Tus-Resumable": "1.0.0" };
    const created = await server.fetch("/api/uploads", {
      method: "POST",
      headers: { ...tus, "Upload-Length": String(bytes.length) },
    });
    const path = created.headers.get("location") ?? "";
    for (let offset = 0; offset < bytes.length; offset += 20_000) {
      const headers = { ...tus, "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(offset) };
      const body = bytes.subarray(offset, offset + 20_000);
      expect((await server.fetch(path, { method: "PATCH", body, headers })).status).toBe(204);
    }
    const { file } = (await server.call(path)).json.data as { file: StoredFile };
    expect(file).toMatchObject({ media: { width: 320, duration: 2 } });
    expect(sha256(await read(file.path))).toBe(sha256(bytes));
    expect((await objects()).filter((key) => key.startsWith("resumable/"))).toEqual([]);
  });

  it("leave nothing when they break off anywhere, also in the middle of parts", async () => {
    const before = await objects();
    const seed = seedOf(31_012_028);
    const chance = random(seed);
    const large = Buffer.concat([png, Buffer.alloc(12 << 20)]);
    const { contentType, body } = writeForm([{ name: "img", value: large, fileName: "a.png", type: "image/png" }]);
    await Promise.all(
      Array.from({ length: 12 }, async () => {
        const length = chance.below(body.length - 4);
        const socket = connect(server.port, "127.0.0.1");
        await new Promise((resolve) => socket.once("connect", resolve));
        socket.on("error", () => undefined);
        socket.write(
          `POST /api/chat/uploadAliyun HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${contentType}\r\nContent-Length: ${body.length}\r\n\r\n`,
        );
        await new Promise((resolve) => socket.write(body.subarray(0, length), resolve));
        socket.resetAndDestroy();
      }),
    );
    const left = async () => ({
      objects: await objects(),
      unfinished: oss.unfinished(),
      rows: (await server.parts.catalog.uploads.unsettled(Number.MAX_SAFE_INTEGER, 0, 100)).length,
    });
    // The row of the file that was announced and refused stays until its signed request has expired.
    const rows = 1;
    await expect
      .poll(left, { timeout: 20_000, message: `seed ${seed}` })
      .toEqual({ objects: before, unfinished: 0, rows });
  });
});

describe("the keys of segments in a bucket", () => {
  it("begin with digits of chance, those of older ones stay valid, and all are deleted", async () => {
    const older = server.parts.catalog;
    const put = async (start: number): Promise<void> => {
      const init = { method: "PUT", body: await video() };
      expect((await server.fetch(`/mp4/api/segments/live/cam1?start=${start}`, init)).status).toBe(201);
    };
    for (const start of [1769853600, 1769853610, 1769853620]) await put(start);
    const { json } = await server.call("/mp4/api/list/live/cam1");
    const rows = json.data as { filePath: string; startTime: string }[];
    for (const { filePath } of rows)
      expect(filePath).toMatch(/^segments\/[0-9a-f]{4}\/live\/cam1\/2026-01-31\/\d{13}-[0-9a-f-]{36}\.mp4$/);
    expect(new Set(rows.map(({ filePath }) => filePath.slice(0, 13))).size).toBeGreaterThan(1);
    const asBefore = await startTestServer(
      { BOXCAR_KEY_LAYOUT: "path" },
      { store: server.parts.store, catalog: older },
    );
    const init = { method: "PUT", body: await video() };
    await asBefore.fetch("/mp4/api/segments/live/cam1?start=1769853630", init);
    const [newest] = (await server.call("/mp4/api/list/live/cam1")).json.data as { filePath: string }[];
    expect(newest?.filePath).toMatch(/^segments\/live\/cam1\/2026-01-31\/1769853630000-/);
    const cut = await server.fetch("/mp4/download/live/cam1.mp4?start=1769853620&end=1769853632");
    expect([cut.status, (await cut.arrayBuffer()).byteLength > 0]).toEqual([200, true]);
    await asBefore.close();
  });
});

describe("the cover of a video", () => {
  it.each([
    ["a bucket of OSS, of what OSS decodes", {}, "h264", true],
    ["a bucket of OSS, of what it does not", {}, "vp9", false],
    ["a bucket of another kind", { s3: "1" }, "h264", false],
  ] as const)("before %s is answered only if it is one", async (_, { s3 }: { s3?: string }, codec, has) => {
    const env = {
      BOXCAR_FILES_URL: "https://files.example.com",
      BOXCAR_STORE: s3 === undefined ? "oss://media?region=cn-hangzhou" : "s3://media?endpoint=http://127.0.0.1:1",
      ...{ BOXCAR_STORE_KEY_ID: "a", BOXCAR_STORE_SECRET: "b" },
    };
    // Where the bytes really lie does not matter for S3: no request reaches it.
    const store = s3 === undefined ? server.parts.store : withoutSigning(server.parts.store);
    const before = await startTestServer(env, { store });
    const [segment] = await record({ count: 1, seconds: 1, video: codec, audio: null });
    const field = { name: "img", fileName: "v.mp4", value: await readFile(segment?.file ?? ""), type: "video/mp4" };
    const { contentType, body } = writeForm([field]);
    const init = { method: "POST", body, headers: { "content-type": contentType } };
    const response = await before.fetch("/api/chat/uploadAliyun", init);
    const [file] = ((await response.json()) as { data: [StoredFile] }).data;
    expect(file.url).toMatch(/^https:\/\/files\.example\.com\/images\//);
    expect(file.cover !== undefined).toBe(has);
    await before.close();
  });
});

function withoutSigning(store: Store): Store {
  return {
    put: (key, body, size) => store.put(key, body, size),
    get: (key, span, ifMatch) => store.get(key, span, ifMatch),
    head: (key) => store.head(key),
    delete: (key) => store.delete(key),
    list: (prefix) => store.list(prefix),
  };
}
