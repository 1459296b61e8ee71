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
