import { createClient } from "@libsql/client";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { reconcile } from "../../src/intake/reconcile/reconcile.ts";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { box } from "../support/boxes.ts";
import { png } from "../support/forms.ts";
import { random, seedOf } from "../support/random.ts";
import { record } from "../support/recording.ts";

const MAX = 64 << 20;
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ BOXCAR_MAX_UPLOAD: String(MAX) });
});
afterAll(() => server.close());

const tus = { "Tus-Resumable": "1.0.0" };
const pair = (name: string, value: string): string => `${name} ${Buffer.from(value).toString("base64")}`;

function create(length: number, fields: Record<string, string> = {}, body?: BodyInit): Promise<Response> {
  const headers = { ...tus, "Upload-Length": String(length), ...fields };
  return server.fetch("/api/uploads", { method: "POST", headers, ...(body === undefined ? {} : { body }) });
}

async function begin(length: number, fields?: Record<string, string>): Promise<string> {
  const response = await create(length, fields);
  expect(response.status).toBe(201);
  return response.headers.get("location") ?? "";
}

function patch(path: string, offset: number, body: BodyInit, fields: Record<string, string> = {}): Promise<Response> {
  const headers = {
    ...tus,
    "Content-Type": "application/offset+octet-stream",
    "Upload-Offset": String(offset),
    ...fields,
  };
  return server.fetch(path, { method: "PATCH", headers, body, duplex: "half" } as RequestInit);
}

const offsetOf = async (path: string): Promise<number> =>
  Number((await server.fetch(path, { method: "HEAD", headers: tus })).headers.get("upload-offset"));

interface State {
  offset: number;
  length: number;
  file: { path: string; image_class_id: number; media?: { duration: number } } | null;
}
const stateOf = async (path: string): Promise<State> => (await server.call(path)).json.data as State;

async function pieces(path: string): Promise<string[]> {
  const keys: string[] = [];
  const prefix = `resumable/${path.split("/").at(-1) ?? ""}/`;
  for await (const { key } of server.parts.store.list(prefix)) keys.push(key);
  return keys;
}

/** The same movie with a `free` box before each fragment. */
function withFree(file: Buffer, size: number): Buffer<ArrayBuffer> {
  const parts: Buffer[] = [];
  for (let at = 0; at < file.length; at += file.readUInt32BE(at)) {
    if (file.toString("latin1", at + 4, at + 8) === "moof") parts.push(Buffer.from(box("free", new Uint8Array(size))));
    parts.push(file.subarray(at, at + file.readUInt32BE(at)));
  }
  return Buffer.concat(parts);
}

async function sha256Of(path: string): Promise<string> {
  const bytes = Buffer.from(await (await server.fetch(`/files/${path}`)).arrayBuffer());
  return createHash("sha256").update(bytes).digest("hex");
}

describe("resumable uploads", () => {
  it("say what they support", async () => {
    const response = await server.fetch("/api/uploads", { method: "OPTIONS" });
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "tus-resumable": "1.0.0",
      "tus-version": "1.0.0",
      "tus-extension": "creation,creation-with-upload,expiration,termination",
      "tus-max-size": String(MAX),
    });
  });

  it("arrive in pieces and become one file", async () => {
    const [segment] = await record({ count: 1, seconds: 2 });
    const bytes = await readFile(segment?.file ?? "");
    const metadata = [pair("filename", "晚餐.mp4"), pair("imageClassId", "4"), "is_secret"].join(",");
    const path = await begin(bytes.length, { "Upload-Metadata": metadata });
    expect(path).toMatch(/^\/api\/uploads\/[\w-]+$/);
    expect(await stateOf(path)).toEqual({ offset: 0, length: bytes.length, file: null, segment: null });

    const first = await patch(path, 0, bytes.subarray(0, 10_000));
    expect({ status: first.status, offset: first.headers.get("upload-offset") }).toEqual({
      status: 204,
      offset: "10000",
    });
    expect(Date.parse(first.headers.get("upload-expires") ?? "")).toBeCloseTo(Date.now() + 86_400_000, -5);
    const head = await server.fetch(path, { method: "HEAD", headers: tus });
    expect(Object.fromEntries(head.headers)).toMatchObject({
      ...{ "upload-offset": "10000", "upload-length": String(bytes.length), "cache-control": "no-store" },
      "tus-resumable": "1.0.0",
    });
    expect((await patch(path, 10_000, bytes.subarray(10_000))).status).toBe(204);

    const { offset, file } = await stateOf(path);
    expect({ offset, file }).toMatchObject({
      offset: bytes.length,
      file: { image_class_id: 4, media: { duration: 2 } },
    });
    expect(await sha256Of(file?.path ?? "")).toBe(createHash("sha256").update(bytes).digest("hex"));
    expect(await pieces(path)).toEqual([]);
    // A client that missed the answer asks again.
    expect(await offsetOf(path)).toBe(bytes.length);
  });

  it("of a long fragmented recording tell what it is made of, as a form does", async () => {
    const [segment] = await record({ count: 1, seconds: 12, fragmented: true });
    const bytes = withFree(await readFile(segment?.file ?? ""), 400_000);
    expect(bytes.length).toBeGreaterThan(3 << 20);
    const path = await begin(bytes.length);
    const half = bytes.length >> 1;
    expect((await patch(path, 0, bytes.subarray(0, half))).status).toBe(204);
    expect((await patch(path, half, bytes.subarray(half))).status).toBe(204);
    expect((await stateOf(path)).file).toMatchObject({ media: { duration: 12 }, cover: expect.any(String) as string });
  });

  it("may bring the first bytes along", async () => {
    const response = await create(png.length, { "Content-Type": "application/offset+octet-stream" }, png);
    expect({ status: response.status, offset: response.headers.get("upload-offset") }).toEqual({
      status: 201,
      offset: String(png.length),
    });
    expect((await stateOf(response.headers.get("location") ?? "")).file?.path).toMatch(/\.png$/);
  });

  it("go on after any break, also on another server", async () => {
    const seed = seedOf(110_120);
    const chance = random(seed);
    // More than one piece of 16 MiB.
    const noise = chance.bytes(1 << 20);
    const bytes = Buffer.concat([png, ...Array.from({ length: 18 }, () => noise)]);
    const path = await begin(bytes.length);
    let offset = 0;
    let breaks = 0;
    for (let round = 0; offset < bytes.length && round < 100; round++) {
      const length = Math.min(bytes.length - offset, 1 + chance.below(6 << 20));
      const whole = chance.below(3) === 0;
      const socket = connect(server.port, "127.0.0.1");
      socket.on("error", () => undefined); // the server may close first
      await new Promise((resolve) => socket.once("connect", resolve));
      const answered = new Promise<string>((resolve) => {
        socket.once("data", (chunk) => resolve(chunk.toString()));
        socket.once("close", () => resolve(""));
      });
      const announced = whole ? length : bytes.length - offset;
      socket.write(
        `PATCH ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: ${offset}\r\n` +
          `Content-Type: application/offset+octet-stream\r\nContent-Length: ${announced}\r\n\r\n`,
      );
      await new Promise((resolve) => socket.write(bytes.subarray(offset, offset + length), resolve));
      if (announced > length) {
        breaks++;
        socket.resetAndDestroy();
      }
      const kept = (await answered).startsWith("HTTP/1.1 204");
      socket.destroy();
      const before = offset;
      // The request that broke off may still be storing what arrived.
      await expect
        .poll(async () => (await patch(path, before, "")).status, { timeout: 10_000, interval: 5 })
        .not.toBe(423);
      offset = await offsetOf(path);
      expect(offset, `seed ${seed}, round ${round}`).toBeGreaterThanOrEqual(before);
      expect(offset, `seed ${seed}, round ${round}`).toBeLessThanOrEqual(before + length);
      if (kept) expect(offset, `seed ${seed}, round ${round}`).toBe(before + length);
    }
    expect(breaks, `seed ${seed}`).toBeGreaterThan(0);
    const { file } = await stateOf(path);
    expect(await sha256Of(file?.path ?? "")).toBe(createHash("sha256").update(bytes).digest("hex"));
    expect(await pieces(path)).toEqual([]);
  });

  it("keep what came before a break, also when that was little", async () => {
    const path = await begin(png.length + 5000);
    const socket = connect(server.port, "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.write(
      `PATCH ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n` +
        `Content-Type: application/offset+octet-stream\r\nContent-Length: 5000\r\n\r\n${"x".repeat(10)}`,
    );
    await expect.poll(async () => (await patch(path, 0, "")).status, { timeout: 10_000 }).toBe(423);
    socket.destroy();
    await expect.poll(() => offsetOf(path), { timeout: 10_000 }).toBe(10);
  });

  it("refuse a wrong offset, and only one of two writers goes on", async () => {
    const bytes = Buffer.concat([png, Buffer.alloc(8 << 20)]);
    const path = await begin(bytes.length);
    expect((await patch(path, 1, "x")).status).toBe(409);
    const answers = await Promise.all([patch(path, 0, bytes), patch(path, 0, bytes)]);
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses[0]).toBe(204);
    expect([409, 423]).toContain(statuses[1]);
    expect(await offsetOf(path)).toBe(bytes.length);
  });

  it.each<[string, Record<string, string>, number]>([
    ["no length", { "Upload-Length": "" }, 400],
    ["a deferred length", { "Upload-Length": "", "Upload-Defer-Length": "1" }, 400],
    ["a length below zero", { "Upload-Length": "-1" }, 400],
    ["no bytes", { "Upload-Length": "0" }, 400],
    ["too many bytes", { "Upload-Length": String(MAX + 1) }, 413],
    ["another version", { "Tus-Resumable": "0.2.2" }, 412],
    ["bad metadata", { "Upload-Metadata": "filename ***" }, 400],
    ["too much metadata", { "Upload-Metadata": pair("filename", "x".repeat(8000)) }, 400],
    ["a part of another file", { "Upload-Concat": "partial" }, 400],
    ["a checksum", { "Upload-Checksum": "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=" }, 400],
    ["a name that the catalog would cut off", { "Upload-Metadata": pair("filename", "a.doc\0.png") }, 400],
    ["a bad class", { "Upload-Metadata": pair("imageClassId", "x") }, 400],
  ])("are not begun with %s", async (_what, fields, status) => {
    const response = await create(10, fields);
    expect({ status: response.status, tus: response.headers.get("tus-resumable") }).toEqual({ status, tus: "1.0.0" });
  });

  it("refuse what is no piece of them", async () => {
    const path = await begin(100);
    expect((await patch(path, 0, png, { "Content-Type": "image/png" })).status).toBe(415);
    expect((await patch(path, 0, png, { "Upload-Offset": "x" })).status).toBe(400);
    expect((await patch(path, 0, png, { "Upload-Checksum": "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=" })).status).toBe(400);
    expect((await patch(path, 0, png, { "Tus-Resumable": "2.0.0" })).status).toBe(412);
    expect((await server.fetch(path, { method: "HEAD", headers: { "Tus-Resumable": "2.0.0" } })).status).toBe(412);
    expect((await patch("/api/uploads/unknown", 0, png)).status).toBe(404);
    expect((await patch("/api/uploads/..%2f..%2fx", 0, png)).status).toBe(400);
    expect((await server.fetch("/api/uploads/unknown", { method: "HEAD" })).status).toBe(404);
    expect(await offsetOf(path)).toBe(0);
  });

  it("refuse more bytes than were announced, said beforehand or not, also when they are finished", async () => {
    const path = await begin(100);
    const more = Buffer.concat([png, Buffer.alloc(100)]);
    expect((await patch(path, 0, more)).status).toBe(413);
    expect(await offsetOf(path)).toBe(0);
    const chunked = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(png);
        controller.enqueue(Buffer.alloc(100));
        controller.close();
      },
    });
    expect((await patch(path, 0, chunked)).status).toBe(413);
    expect(await stateOf(path)).toMatchObject({ offset: 0, file: null });
    const done = await begin(png.length);
    expect((await patch(done, 0, png)).status).toBe(204);
    expect((await patch(done, png.length, "x")).status).toBe(413);
    expect((await patch(done, png.length, "")).status).toBe(204);
  });

  it("arrive in many small pieces", async () => {
    const chance = random(seedOf(31_012_027));
    const bytes = Buffer.concat([png, chance.bytes(2000)]);
    const path = await begin(bytes.length);
    for (let offset = 0; offset < bytes.length;) {
      const part = bytes.subarray(offset, offset + 1 + chance.below(20));
      const response = await patch(path, offset, part);
      offset += part.length;
      expect([response.status, response.headers.get("upload-offset")]).toEqual([204, String(offset)]);
    }
    const { file } = await stateOf(path);
    expect(await sha256Of(file?.path ?? "")).toBe(createHash("sha256").update(bytes).digest("hex"));
    expect(await pieces(path)).toEqual([]);
  });

  it("do not take more than ten thousand pieces", async () => {
    const path = await begin(100);
    expect((await patch(path, 0, "x")).status).toBe(204);
    const database = createClient({ url: `file:${server.folder}/catalog.db` });
    await database.execute("update resumable_uploads set pieces = 10000 where received = 1");
    database.close();
    const response = await patch(path, 1, "x");
    expect({ status: response.status, json: (await response.json()) as unknown }).toMatchObject({
      ...{ status: 400, json: { error: "too_many_pieces" } },
    });
    expect(await pieces(path)).toHaveLength(1);
  });

  it("take bytes by POST from clients that have no PATCH", async () => {
    const path = await begin(png.length);
    const headers = { ...tus, "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0" };
    expect((await server.fetch(path, { method: "POST", body: png, headers })).status).toBe(400);
    const override = { ...headers, "X-HTTP-Method-Override": "PATCH" };
    expect((await server.fetch(path, { method: "POST", body: png, headers: override })).status).toBe(204);
    expect((await stateOf(path)).file?.path).toMatch(/\.png$/);
  });

  it.each([
    ["at the first bytes", Buffer.from("<!DOCTYPE html><html>".padEnd(5000, " ")), 1_000_000],
    ["at the last byte, when the first came in crumbs", Buffer.from("<svg/>"), 6],
  ])("refuse a file of a wrong type %s, and forget it", async (_when, bytes, length) => {
    const path = await begin(length);
    let response = await patch(path, 0, bytes.subarray(0, length === 6 ? 2 : undefined));
    if (length === 6) {
      expect(response.status).toBe(204);
      response = await patch(path, 2, bytes.subarray(2));
    }
    expect(response.status).toBe(415);
    expect((await server.fetch(path)).status).toBe(404);
    expect(await pieces(path)).toEqual([]);
  });

  it("can be given up", async () => {
    const path = await begin(1000);
    await patch(path, 0, png);
    expect((await pieces(path)).length).toBe(1);
    expect((await server.fetch(path, { method: "DELETE", headers: tus })).status).toBe(204);
    expect((await server.fetch(path, { method: "DELETE", headers: tus })).status).toBe(404);
    expect((await server.fetch(path, { method: "HEAD" })).status).toBe(404);
    expect(await pieces(path)).toEqual([]);
  });

  it("are removed when their time is over, with what a crash left of them; finished files stay", async () => {
    const path = await begin(1000);
    await patch(path, 0, png);
    const id = path.split("/").at(-1) ?? "";
    await server.parts.store.put(
      `resumable/${id}/70-lost`,
      (async function* () {
        yield await Promise.resolve(png);
      })(),
    );
    const done = await begin(png.length);
    await patch(done, 0, png);
    const { file } = await stateOf(done);
    const settle = async (nowMs: number): Promise<string[]> => {
      const keys: string[] = [];
      for await (const { kind, key = "" } of reconcile(server.parts, { nowMs }))
        if (kind === "file_removed") keys.push(key);
      return keys;
    };
    // A day after the last piece, and an hour in which a request may still be storing one.
    const over = Date.now() + 90_000_000;
    expect(await settle(over - 1_000_000)).not.toContain(`resumable/${id}/`);
    expect(await pieces(path)).toHaveLength(2);
    expect(await settle(over + 1_000_000)).toContain(`resumable/${id}/`);
    expect(await pieces(path)).toEqual([]);
    expect((await server.fetch(path)).status).toBe(404);
    expect(await sha256Of(file?.path ?? "")).toBe(createHash("sha256").update(png).digest("hex"));
    expect(await settle(over + 1_000_000)).toEqual([]);
  });
});

it("resumable uploads belong to who began them", async () => {
  const secrets = { app: "app-0123456789abcdef", other: "other-0123456789abcdef", viewer: "viewer-0123456789abcdef" };
  const scopesOf = { app: "upload", other: "upload read", viewer: "read" };
  const tokens = Object.entries(secrets).map(([name, token]) => {
    return { name, token, scopes: scopesOf[name as keyof typeof secrets].split(" ") };
  });
  const guarded = await startTestServer({ BOXCAR_TOKENS: JSON.stringify(tokens) });
  try {
    const call = async (who: keyof typeof secrets | "guest", method: string, path: string, body?: BodyInit) => {
      const authorization: Record<string, string> = who === "guest" ? {} : { Authorization: `Bearer ${secrets[who]}` };
      const fields = method === "POST" ? { "Upload-Length": String(png.length) } : { "Upload-Offset": "0" };
      const headers = { ...tus, "Content-Type": "application/offset+octet-stream", ...fields, ...authorization };
      return guarded.fetch(path, { method, headers, ...(body === undefined ? {} : { body }) });
    };
    expect((await call("guest", "POST", "/api/uploads")).status).toBe(401);
    expect((await call("viewer", "POST", "/api/uploads")).status).toBe(403);
    const path = (await call("app", "POST", "/api/uploads")).headers.get("location") ?? "";
    for (const method of ["GET", "HEAD", "PATCH", "DELETE"]) {
      const body = method === "PATCH" ? png : undefined;
      expect((await call("guest", method, path, body)).status, method).toBe(401);
      expect((await call("viewer", method, path, body)).status, method).toBe(403);
      expect((await call("other", method, path, body)).status, method).toBe(404);
    }
    expect((await call("app", "PATCH", path, png)).status).toBe(204);
    expect((await call("app", "HEAD", path)).headers.get("upload-offset")).toBe(String(png.length));
  } finally {
    await guarded.close();
  }
});
