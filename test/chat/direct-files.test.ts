import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ossCallbackKeys } from "../../src/runtime/outbound/oss-callback-keys.ts";
import { reconcile } from "../../src/intake/reconcile/reconcile.ts";
import { FileStore } from "../../src/store/file/file.ts";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { box, bytes, u32 } from "../support/boxes.ts";
import { png } from "../support/forms.ts";
import { record } from "../support/recording.ts";
import { startDirectStore, type DirectStore } from "./direct-store.ts";

interface Announced {
  path: string;
  expires: number;
  put: { url: string; fields: Record<string, string> };
  form?: { url: string; fields: Record<string, string> };
}

const osskeys = generateKeyPairSync("rsa", { modulusLength: 1024 });
const publicKey = osskeys.publicKey.export({ type: "spki", format: "pem" }).toString();
const callbackUrl = "https://media.example.com/api/chat/upload/callback";
let fetched: string[] = [];
let failing = false;
const keys = {
  fetchKey: (url: string) => {
    fetched.push(url);
    return failing ? Promise.reject(new Error("no route")) : Promise.resolve(publicKey);
  },
  verify: ossCallbackKeys.verify,
};
let folder = "";
let direct: DirectStore;
let server: TestServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "boxcar-direct-"));
  direct = await startDirectStore(new FileStore(folder));
  const env = { BOXCAR_MAX_UPLOAD: "4M", BOXCAR_UPLOAD_MEMORY: "2M", BOXCAR_OSS_CALLBACK_URL: callbackUrl };
  server = await startTestServer(env, { store: direct.store, ossCallbackKeys: keys });
});
afterAll(async () => {
  await server.close();
  await direct.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  fetched = [];
  failing = false;
});

async function post(path: string, body: unknown): Promise<{ status: number; msg: string; data: unknown }> {
  const headers = { "Content-Type": "application/json" };
  const response = await server.fetch(path, { method: "POST", body: JSON.stringify(body), headers });
  return { status: response.status, ...((await response.json()) as { msg: string; data: unknown }) };
}

async function announce(size: number, contentType = "image/png", imageClassId = 0): Promise<Announced> {
  const answer = await post("/api/chat/upload/presign", { size, contentType, imageClassId });
  expect(answer).toMatchObject({ status: 200, msg: "ok" });
  return answer.data as Announced;
}

/** Sends bytes to the store as the client would. */
const send = async ({ put }: Announced, body: Uint8Array<ArrayBuffer>): Promise<number> =>
  (await fetch(put.url, { method: "PUT", body })).status;
const complete = (path: string): ReturnType<typeof post> => post("/api/chat/upload/complete", { path });
const there = async (path: string): Promise<boolean> => (await direct.store.head(path)) !== undefined;

describe("a file that the client sends to the store itself", () => {
  it("is to be had once it is completed, which may be repeated", async () => {
    const announced = await announce(png.length, "image/png", 9);
    expect(announced.path).toMatch(/^images\/\d{8}\/\d{13}_[0-9a-f]{12}\.png$/);
    expect(announced.expires).toBeCloseTo(Date.now() / 1000 + 3600, -2);
    expect(await complete(announced.path)).toMatchObject({ status: 400, msg: "fail" });
    expect(await send(announced, png)).toBe(200);
    expect((await server.fetch(`/files/${announced.path}`)).status).toBe(404);
    const [first, second] = await Promise.all([complete(announced.path), complete(announced.path)]);
    expect(first).toMatchObject({ status: 200, data: { path: announced.path, image_class_id: 9 } });
    expect(second).toEqual(first);
    expect(Buffer.from(await (await server.fetch(`/files/${announced.path}`)).arrayBuffer()).equals(png)).toBe(true);
  });

  it("is indexed by ranged reads when it is an MP4", async () => {
    const [segment] = await record({ count: 1, seconds: 2, size: "320x180" });
    const bytes = await readFile(segment?.file ?? "");
    const announced = await announce(bytes.length, "video/mp4");
    expect(await send(announced, bytes)).toBe(200);
    const { data } = await complete(announced.path);
    expect(data).toMatchObject({
      media: { width: 320, height: 180, duration: 2 },
      cover: expect.stringContaining("t_0") as string,
    });
  });

  it.each<[string, number, string, Uint8Array<ArrayBuffer>, number]>([
    ["of another size", png.length + 1, "image/png", png, 400],
    ["of another type", png.length, "image/jpeg", png, 415],
    ["that is a page", 20, "image/png", Buffer.from("<!DOCTYPE html><htm>"), 415],
  ])("%s is refused and removed", async (_what, size, type, bytes, status) => {
    const announced = await announce(size, type);
    expect(await send(announced, bytes)).toBe(200);
    expect(await complete(announced.path)).toMatchObject({ status, msg: "fail" });
    expect(await there(announced.path)).toBe(false);
    expect(await complete(announced.path)).toMatchObject({ status: 400, msg: "fail" });
  });

  it.each([
    [{ size: 0, contentType: "image/png" }, 400],
    [{ size: 1.5, contentType: "image/png" }, 400],
    [{ size: (4 << 20) + 1, contentType: "image/png" }, 413],
    [{ size: 1, contentType: "text/html" }, 415],
    [{ size: 1, contentType: "image/svg+xml" }, 415],
    [{ size: 1 }, 400],
    [{ size: 1, contentType: "image/png", key: "../x" }, 400],
    [{ size: 1, contentType: "image/png", imageClassId: -1 }, 400],
  ])("cannot be announced as %j", async (body, status) => {
    expect(await post("/api/chat/upload/presign", body)).toMatchObject({ status, msg: "fail" });
  });

  it.each(["", "../x", "segments/live/cam1/1.mp4", "images/20260131/1769860800250_0123456789ab.png"])(
    "cannot be completed as %j",
    async (path) => {
      expect(await complete(path)).toMatchObject({ status: 400, msg: "fail" });
    },
  );

  it("cannot be completed while its metadata needs more memory than uploads may have together", async () => {
    const file = new Uint8Array(bytes(box("ftyp", "isom", u32(512)), box("moov", new Uint8Array(3_500_000))));
    const announced = await announce(file.length, "video/mp4");
    expect(await send(announced, file)).toBe(200);
    expect(await complete(announced.path)).toMatchObject({ status: 429, msg: "fail" });
  });

  it("is removed when nobody completes it", async () => {
    const announced = await announce(png.length);
    await send(announced, png);
    const parts = { ...server.parts, store: direct.store };
    const settle = async (nowMs: number): Promise<string[]> => {
      const keys: string[] = [];
      for await (const { kind, key = "" } of reconcile(parts, { nowMs })) if (kind === "file_removed") keys.push(key);
      return keys;
    };
    expect(await settle(announced.expires * 1000 + 3_000_000)).not.toContain(announced.path);
    expect(await there(announced.path)).toBe(true);
    expect(await settle(announced.expires * 1000 + 3_700_000)).toContain(announced.path);
    expect(await there(announced.path)).toBe(false);
    expect(await settle(announced.expires * 1000 + 3_700_000)).toEqual([]);
  });

  it("needs a store that signs", async () => {
    const plain = await startTestServer();
    const response = await plain.fetch("/api/chat/upload/presign", {
      method: "POST",
      body: JSON.stringify({ size: 1, contentType: "image/png" }),
      headers: { "Content-Type": "application/json" },
    });
    expect({ status: response.status, json: (await response.json()) as unknown }).toMatchObject({
      status: 501,
      json: { msg: "fail" },
    });
    await plain.close();
  });
});

describe("OSS's callback", () => {
  const path = "/api/chat/upload/callback";
  const keyUrl = "https://gosspublic.alicdn.com/callback_pub_key_v1.pem";

  interface Callback {
    body: string;
    /** Of the URL, with its question mark. */
    query?: string;
    /** What is signed, where it is not what is sent. */
    signed?: string;
    keyUrl?: string;
    authorization?: string;
  }
  async function call({
    body,
    signed,
    query = "",
    ...fields
  }: Callback): Promise<{ status: number; msg: string; data: unknown }> {
    const data = Buffer.from(signed ?? `${path}${query}\n${body}`);
    const response = await server.fetch(path + query, {
      method: "POST",
      body,
      headers: {
        "Content-Type": "application/x-www-form-urlencoded",
        Authorization: fields.authorization ?? sign("RSA-MD5", data, osskeys.privateKey).toString("base64"),
        "x-oss-pub-key-url": Buffer.from(fields.keyUrl ?? keyUrl).toString("base64"),
      },
    });
    return { status: response.status, ...((await response.json()) as { msg: string; data: unknown }) };
  }

  it("is asked for in the form, and completes the file", async () => {
    const announced = await announce(png.length);
    const field = JSON.parse(Buffer.from(announced.form?.fields.callback ?? "", "base64").toString()) as unknown;
    expect(field).toEqual({
      callbackUrl,
      callbackBody: "object=${object}",
      callbackBodyType: "application/x-www-form-urlencoded",
      callbackSNI: true,
    });
    await send(announced, png);
    const body = `object=${encodeURIComponent(announced.path)}`;
    const answers = [
      await call({ body }),
      await call({ body, query: "?from=oss&n=1" }),
      await call({ body, keyUrl: keyUrl.replace("https", "http") }),
    ];
    for (const answer of answers)
      expect(answer).toMatchObject({ status: 200, msg: "ok", data: { path: announced.path } });
    // However the URL is written, the key is fetched by https, once for all.
    expect(fetched).toEqual([keyUrl]);
  });

  it("is answered in time by a slow store; the client's own confirmation waits for the file", async () => {
    const announced = await announce(png.length);
    await send(announced, png);
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const get = direct.store.get.bind(direct.store);
    direct.store.get = async function* (...asked) {
      await gate;
      yield* get(...asked);
    };
    try {
      const answer = await call({ body: `object=${encodeURIComponent(announced.path)}` });
      expect(answer).toEqual({ status: 200, msg: "ok", data: { path: announced.path, pending: true } });
      expect((await server.fetch(`/files/${announced.path}`)).status, "nothing is to be had of it yet").toBe(404);
      const waiting = complete(announced.path);
      open();
      expect(await waiting).toMatchObject({ status: 200, msg: "ok", data: { path: announced.path } });
      expect((await server.fetch(`/files/${announced.path}`)).status).toBe(200);
    } finally {
      direct.store.get = get;
    }
  });

  it("brings no token, also where everyone else must", async () => {
    const open = server;
    const env = { BOXCAR_TOKEN: "0123456789-abcdefgh", BOXCAR_OSS_CALLBACK_URL: callbackUrl };
    server = await startTestServer(env, { store: direct.store, ossCallbackKeys: keys });
    const answer = await call({ body: "object=x" });
    expect(answer.status).toBe(400);
    expect(answer.data).toContain("No upload was announced");
    expect(await call({ body: "object=x", authorization: "" })).toMatchObject({ status: 403, msg: "fail" });
    expect(server.lines.filter(({ message }) => message === "audit").map(({ fields }) => fields)).toMatchObject([
      { outcome: "unknown_file", kind: "oss", path },
      { outcome: "bad_signature", kind: "guest", path },
    ]);
    await server.close();
    server = open;
  });

  it.each<[string, Partial<Callback>]>([
    ["with another body than was signed", { signed: `${path}\nobject=other` }],
    ["for another path", { signed: "/other\nobject=x" }],
    ["without a signature", { authorization: "" }],
    ["with a signature that is no base64", { authorization: "*" }],
    ["with a signature of nothing", { authorization: Buffer.alloc(128).toString("base64") }],
  ])("%s is refused", async (_what, callback) => {
    expect(await call({ body: "object=x", ...callback })).toMatchObject({ status: 403, msg: "fail" });
  });

  it.each([
    "https://gosspublic.alicdn.com.evil.example/k.pem",
    "https://evil.example/gosspublic.alicdn.com/k.pem",
    "https://gosspublic.alicdn.com@evil.example/k.pem",
    "https://gosspublic.alicdn.com:8443/k.pem",
    "https://gosspublic.alicdn.com/../k.pem",
    "https://gosspublic.alicdn.com/k.pem?x=1",
    "https://gosspublic.alicdn.com/k.pem#.pem",
    "https://gosspublic.alicdn.com\\@evil.example/k.pem",
    "file:///etc/passwd",
    "http://127.0.0.1/k.pem",
    "https://GOSSPUBLIC.alicdn.com/k.pem",
    "",
  ])("with a key at %j is refused without a request to anywhere", async (url) => {
    expect(await call({ body: "object=x", keyUrl: url })).toMatchObject({ status: 403, msg: "fail" });
    expect(fetched).toEqual([]);
  });

  it("is 503 while the key cannot be had", async () => {
    const other = "https://gosspublic.alicdn.com/other.pem";
    failing = true;
    expect(await call({ body: "object=x", keyUrl: other })).toMatchObject({ status: 503, msg: "fail" });
    expect(fetched).toEqual([other]);
  });

  it("does not believe what lies in the store", async () => {
    const announced = await announce(20);
    await send(announced, Buffer.from("<!DOCTYPE html><htm>"));
    expect(await call({ body: `object=${announced.path}` })).toMatchObject({ status: 415, msg: "fail" });
    expect(await there(announced.path)).toBe(false);
  });
});
