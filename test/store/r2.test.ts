import { afterAll, beforeAll, describe } from "vitest";
import { storeConformance } from "../conformance/store.ts";
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
});
