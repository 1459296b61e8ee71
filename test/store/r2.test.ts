import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { r2Store } from "../../src/store/r2.ts";
import { listed, refusal, storeConformance } from "../conformance/store.ts";
import { startStoreWorker, type StoreWorker } from "../support/worker-store.ts";

describe("R2, served by Miniflare", () => {
  let worker: StoreWorker;
  beforeAll(async () => {
    worker = await startStoreWorker(5 * 2 ** 20);
  });
  afterAll(() => worker.close());

  storeConformance("a bucket bound to a Worker", async () => {
    const store = worker.open({ driver: "r2", binding: "MEDIA" });
    const keys: string[] = [];
    for await (const { key } of store.list("")) keys.push(key);
    for (let i = 0; i < keys.length; i += 100)
      await Promise.all(keys.slice(i, i + 100).map((key) => store.delete(key)));
    return { store, close: () => Promise.resolve() };
  });

  it("does not list what a bucket names of another prefix", async () => {
    const objects = ["resumable/1/0", "segments/a"].map((key) => ({ key, size: 1, etag: "e" }));
    const bucket = { list: () => Promise.resolve({ objects, truncated: false }) };
    expect(await refusal(listed(r2Store(bucket as never), "resumable/1/"))).toBe("store_failed 503");
  });
});
