import { readFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { reconcile } from "../../src/intake/reconcile/reconcile.ts";
import { startOssServer, type OssServer } from "../support/oss-server.ts";
import { RECORDED_AT, record } from "../support/recording.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

interface Signed {
  readonly id: number;
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly expireTime: string;
  readonly confirmUrl: string;
}

let oss: OssServer;
let server: TestServer;
let file: Buffer<ArrayBuffer>;
beforeAll(async () => {
  oss = await startOssServer();
  const [recorded] = await record({ count: 1, seconds: 2 });
  file = await readFile(recorded?.file ?? "");
});
afterAll(() => oss.close());
beforeEach(async () => {
  const { bucket, region, keyId, secret } = oss.account;
  server = await startTestServer({
    BOXCAR_STORE: `oss://${bucket}?region=${region}&endpoint=${encodeURIComponent(oss.endpoint)}&style=path`,
    BOXCAR_STORE_KEY_ID: keyId,
    BOXCAR_STORE_SECRET: secret,
    BOXCAR_MAX_UPLOAD: "8M",
  });
});
afterEach(async () => {
  await server.close();
  oss.clear();
});

async function presign(size = file.length, path = "live/cam%201"): Promise<Signed> {
  const { status, json } = await server.call(`/mp4/api/segments/presign/${path}?size=${size}`, { method: "POST" });
  expect(status, JSON.stringify(json)).toBe(201);
  return json.data as Signed;
}

const send = ({ method, url, headers }: Signed, body: BodyInit = file): Promise<Response> =>
  fetch(url, { method, headers, body });
const confirm = ({ confirmUrl }: Signed, query = `&start=${RECORDED_AT}`): ReturnType<TestServer["call"]> =>
  server.call(confirmUrl + query, { method: "POST" });

async function objects(): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of server.parts.store.list("")) keys.push(key);
  return keys;
}

/** What reconciling does at a moment. */
async function settle(nowMs: number): Promise<string[]> {
  const kinds: string[] = [];
  for await (const { kind } of reconcile(server.parts, { nowMs, pendingGraceMs: 60_000 })) kinds.push(kind);
  return kinds;
}

async function unsettled(): Promise<number> {
  const ever = Number.MAX_SAFE_INTEGER;
  return (await server.parts.catalog.unsettled.page({ pendingMs: ever, tombstoneMs: ever }, 0, 10)).length;
}

describe("a direct upload", () => {
  it("keeps its object when it is confirmed with a wrong ETag or start", async () => {
    const signed = await presign();
    const etag = encodeURIComponent((await send(signed)).headers.get("etag") ?? "");
    const wrong = await confirm(signed, `&start=${RECORDED_AT}&etag=wrong`);
    expect(wrong).toMatchObject({ status: 409, json: { error: "object_changed" } });
    const late = await confirm(signed, "&start=9999-12-31T23:59:59Z");
    expect(late).toMatchObject({ status: 422, json: { error: "time_out_of_bounds" } });
    expect(await objects()).toHaveLength(1);
    expect(await confirm(signed, `&start=${RECORDED_AT}&etag=${etag}`)).toMatchObject({ status: 201 });
  });

  it("goes to the store itself and becomes a segment when it is confirmed", async () => {
    const signed = await presign();
    expect(new URL(signed.url).origin).toBe(oss.endpoint);
    expect(signed.headers).toMatchObject({ "content-length": String(file.length), "content-type": "video/mp4" });
    expect(await confirm(signed)).toMatchObject({ status: 400, json: { error: "not_uploaded", id: signed.id } });
    const stored = await send(signed);
    expect(stored.status).toBe(200);
    const etag = encodeURIComponent(stored.headers.get("etag") ?? "");
    const { status, json } = await confirm(signed, `&start=${RECORDED_AT}&etag=${etag}`);
    expect({ status, data: json.data }).toMatchObject({
      status: 201,
      data: { id: signed.id, streamPath: "live/cam 1", size: file.length, startTime: "2026-01-31T10:00:00.000Z" },
    });
    const again = await confirm(signed, "");
    expect(again).toMatchObject({ status: 201, json: { data: { id: signed.id } } });
    const { url } = json.data as { url: string };
    expect(Buffer.from(await (await server.fetch(url)).arrayBuffer()).equals(file)).toBe(true);
    expect(await unsettled()).toBe(0);
  });

  it("takes nothing but what was signed, and only once", async () => {
    const signed = await presign();
    const shorter = { ...signed.headers, "content-length": String(file.length - 1) };
    expect((await send({ ...signed, headers: shorter }, file.subarray(1))).status).toBe(403);
    const otherType = { ...signed.headers, "content-type": "text/html" };
    expect((await send({ ...signed, headers: otherType })).status).toBe(403);
    expect((await send({ ...signed, url: signed.url.replace("segments", "elsewhere") })).status).toBe(403);
    expect((await send({ ...signed, method: "POST" })).status).toBe(403);
    expect(await objects()).toEqual([]);
    expect((await send(signed)).status).toBe(200);
    expect((await send(signed)).status).toBe(409);
  });

  it("of a file that is no segment is refused and removed", async () => {
    const signed = await presign(1000);
    await send(signed, new Uint8Array(1000));
    expect(await confirm(signed)).toMatchObject({ status: 422 });
    expect(await objects()).toEqual([]);
    expect(await confirm(signed)).toMatchObject({ status: 400, json: { error: "not_uploaded" } });
  });

  it("leaves nothing of what is sent once more after a refusal", async () => {
    const signed = await presign(1000);
    await send(signed, new Uint8Array(1000));
    expect(await confirm(signed)).toMatchObject({ status: 422 });
    expect((await send(signed, new Uint8Array(1000))).status).toBe(200);
    expect(await settle(Date.parse(signed.expireTime) + 61_000)).toEqual(["upload_removed"]);
    expect(await objects()).toEqual([]);
    expect(await unsettled()).toBe(0);
  });

  it("is compared with what was announced", async () => {
    const wrong = await presign();
    const [key = ""] = /segments\/[^?]+/.exec(decodeURIComponent(new URL(wrong.url).pathname)) ?? [];
    async function* short(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(file.subarray(1));
    }
    await server.parts.store.put(key, short());
    expect(await confirm(wrong)).toMatchObject({ status: 400, json: { error: "size_mismatch" } });
    expect(await objects()).toEqual([]);
  });

  it("answers all who confirm it at once alike", async () => {
    const signed = await presign();
    await send(signed);
    const answers = await Promise.all([confirm(signed), confirm(signed), confirm(signed)]);
    for (const answer of answers) expect(answer).toMatchObject({ status: 201, json: { data: { id: signed.id } } });
  });

  it("can be confirmed again with the start that was missing, and on its own stream only", async () => {
    const signed = await presign();
    await send(signed);
    expect(await confirm(signed, "")).toMatchObject({ status: 400, json: { error: "start_missing" } });
    const elsewhere = { ...signed, confirmUrl: signed.confirmUrl.replace("cam%201", "cam2") };
    expect(await confirm(elsewhere)).toMatchObject({ status: 404, json: { error: "unknown_id" } });
    expect(await confirm(signed)).toMatchObject({ status: 201 });
  });

  it("is refused when it is too large, and where the store signs nothing", async () => {
    const large = await server.call("/mp4/api/segments/presign/live/cam1?size=9000000", { method: "POST" });
    expect(large).toMatchObject({ status: 413, json: { error: "too_large" } });
    const plain = await startTestServer();
    const refused = await plain.call("/mp4/api/segments/presign/live/cam1?size=9", { method: "POST" });
    expect(refused).toMatchObject({ status: 501, json: { error: "not_available" } });
    expect(plain.logged).toEqual([]); // the reply says all of it
    await plain.close();
  });

  it("that is never confirmed is reconciled away after it has expired, and not before", async () => {
    const signed = await presign();
    await send(signed);
    const expiresMs = Date.parse(signed.expireTime);
    expect(await settle(expiresMs + 59_000)).toEqual([]);
    expect(await objects()).toHaveLength(1);
    expect(await settle(expiresMs + 61_000)).toEqual(["upload_removed"]);
    expect(await objects()).toEqual([]);
    expect(await confirm(signed)).toMatchObject({ status: 404 });
  });
});
