import OSS from "ali-oss";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../src/config/config.ts";
import type { Store } from "../../src/base/ports.ts";
import type { OssSettings } from "../../src/config/store-settings.ts";
import { ossFetchStore } from "../../src/store/oss/oss-fetch.ts";
import { ossStore } from "../../src/store/oss/oss.ts";
import { bodyOf, listed, storeConformance, type OpenStore } from "../conformance/store.ts";
import { startOssServer, type OssServer } from "../support/oss-server.ts";
import { startStoreWorker, type StoreWorker } from "../support/worker-store.ts";

const partBytes = 200 * 1024; // OSS takes parts from 100 KiB on
let server: OssServer;
let worker: StoreWorker;
beforeAll(async () => {
  server = await startOssServer();
  worker = await startStoreWorker(partBytes);
});
afterAll(async () => {
  await worker.close();
  await server.close();
});

function settings(): OssSettings {
  const { bucket, region, keyId, secret } = server.account;
  const credentials = { keyId, secret, sessionToken: undefined };
  return { driver: "oss", bucket, region, endpoint: server.endpoint, style: "path", credentials };
}

/** Nothing may be left of what a test broke off. */
const close = (): Promise<void> => {
  expect(server.unfinished()).toBe(0);
  server.clear();
  return Promise.resolve();
};

storeConformance("OSS through ali-oss", () => Promise.resolve({ store: ossStore(settings(), { partBytes }), close }));
storeConformance("OSS by signed fetch", () =>
  Promise.resolve({ store: ossFetchStore(settings(), { partBytes }), close }),
);
storeConformance("OSS by signed fetch in a Worker", () => Promise.resolve({ store: worker.open(settings()), close }));

it.each([
  ["ali-oss", ossStore],
  ["signed fetch", ossFetchStore],
])("objects are written with their media type through %s", async (_, open) => {
  const store = open(settings(), { partBytes });
  for (const [key, size, type] of [
    ["a/b.mp4", 10, "video/mp4"],
    ["a/c.mp4", 3 * partBytes, "video/mp4"],
    ["a/d.jpg", 10, "image/jpeg"],
    ["a/e", 10, "application/octet-stream"],
    ["a/f.DOCX", 10, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
    ["a/g.xls", 10, "application/vnd.ms-excel"],
  ] as const) {
    await store.put(key, bodyOf(new Uint8Array(size)));
    const { url } = (await store.presign?.get(key, 60)) ?? { url: "" };
    expect((await fetch(url)).headers.get("content-type")).toBe(type);
  }
  server.clear();
});

it.each([
  ["ali-oss", ossStore],
  ["signed fetch", ossFetchStore],
])("what is presigned for a custom domain holds there, while %s keeps to its own endpoint", async (_, open) => {
  const presigned = { endpoint: server.domain, style: "cname" } as const;
  const store = open({ ...settings(), presigned }, { partBytes });
  const bytes = Buffer.from("abc");
  const [key, type] = ["a/ä b.mp4", "video/mp4"];
  const put = await store.presign?.put(key, { size: 3, contentType: type }, 60);
  expect(put?.url.startsWith(`${server.domain}/a/`)).toBe(true);
  expect((await fetch(put?.url ?? "", { method: "PUT", headers: put?.fields ?? {}, body: bytes })).status).toBe(200);
  expect((await store.head(key))?.size).toBe(3);
  const get = await store.presign?.get(key, 60);
  expect(await (await fetch(get?.url ?? "")).text()).toBe("abc");
  const form = await store.presign?.form?.("a/form.mp4", { maxSize: 3, contentType: type }, 60);
  const body = new FormData();
  for (const [name, value] of Object.entries(form?.fields ?? {})) body.append(name, value);
  body.append("file", new Blob([bytes]));
  expect((await fetch(form?.url ?? "", { method: "POST", body })).status).toBe(200);
  await store.delete(key);
  await store.delete("a/form.mp4");
  server.clear();
});

it("all is done by a custom domain, where that is the only address (signed fetch)", async () => {
  const store = ossFetchStore({ ...settings(), endpoint: server.domain, style: "cname" }, { partBytes });
  const body = new Uint8Array(3 * partBytes).map((_, i) => i);
  await store.put("a/b.mp4", bodyOf(body));
  expect((await store.head("a/b.mp4"))?.size).toBe(body.length);
  const { url } = (await store.presign?.get("a/b.mp4", 60)) ?? { url: "" };
  expect(new Uint8Array(await (await fetch(url)).arrayBuffer())).toEqual(body);
  await store.delete("a/b.mp4");
  expect(await store.head("a/b.mp4")).toBeUndefined();
  server.clear();
});

it("a form's type cannot be changed by who sends it", async () => {
  const form = await ossStore(settings()).presign?.form?.("a/b.mp4", { maxSize: 9, contentType: "video/mp4" }, 3600);
  const send = async (fields: Record<string, string>, partType: string): Promise<number> => {
    const body = new FormData();
    for (const [name, value] of Object.entries({ ...form?.fields, ...fields })) body.append(name, value);
    body.append("file", new Blob(["<script>"], { type: partType }));
    return (await fetch(form?.url ?? "", { method: "POST", body })).status;
  };
  expect(await send({ "x-oss-content-type": "text/html" }, "video/mp4")).toBe(403);
  expect(await send({ "content-type": "text/html" }, "video/mp4")).toBe(403);
  expect(await send({}, "text/html")).toBe(200);
  const { url } = (await ossStore(settings()).presign?.get("a/b.mp4", 60)) ?? { url: "" };
  expect((await fetch(url)).headers.get("content-type")).toBe("video/mp4");
  server.clear();
});

describe("the OSS server of these tests", () => {
  const client = (changes: object): OSS => {
    const { bucket, keyId, secret } = server.account;
    const options = { bucket, region: "oss-cn-hangzhou", endpoint: server.endpoint, sldEnable: true };
    return new OSS({ ...options, accessKeyId: keyId, accessKeySecret: secret, ...changes });
  };

  it.each([false, true])("takes right signatures and no other (version 4: %s)", async (authorizationV4) => {
    const before = { ...server.signed };
    const key = "sig/ä +?&.mp4";
    await client({ authorizationV4 }).put(key, Buffer.from("abc"));
    expect(String((await client({ authorizationV4 }).get(key)).content)).toBe("abc");
    const kind = authorizationV4 ? "v4" : "v1";
    expect(server.signed).toEqual({ ...before, [kind]: before[kind] + 2 });
    for (const changes of [{ accessKeySecret: "wrong" }, { accessKeyId: "wrong" }, { amendTimeSkewed: 3_600_000 }]) {
      const outcome = await client({ authorizationV4, ...changes })
        .get(key)
        .catch((error: unknown) => error);
      expect(outcome).toMatchObject({ status: 403 });
    }
    server.clear();
  });
});

/** An empty bucket of real OSS, by BOXCAR_TEST_OSS=oss://BUCKET?region=… and the variables of its credentials. */
const real = process.env.BOXCAR_TEST_OSS;
if (real === undefined) console.warn("skipped: real OSS; BOXCAR_TEST_OSS names no bucket");

describe.skipIf(real === undefined)("real OSS", () => {
  const open = async (make: (settings: OssSettings, options: object) => Store): Promise<OpenStore> => {
    const store = make(readConfig({ ...process.env, BOXCAR_STORE: real }).store as OssSettings, { partBytes });
    expect(await listed(store, ""), "the bucket must be empty").toEqual([]);
    const empty = async (): Promise<void> => {
      for await (const { key } of store.list("")) await store.delete(key);
    };
    return { store, close: empty };
  };
  storeConformance("through ali-oss", () => open(ossStore));
  storeConformance("by signed fetch", () => open(ossFetchStore));
});
