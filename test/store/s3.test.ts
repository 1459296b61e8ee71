import { AwsClient } from "aws4fetch";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe } from "vitest";
import { httpSend, nodeDigests } from "../../src/runtime/node/http-send.ts";
import { s3Store } from "../../src/store/s3/s3.ts";
import type { S3Settings } from "../../src/config/store-settings.ts";
import { storeConformance } from "../conformance/store.ts";
import { startStoreWorker, type StoreWorker } from "../support/worker-store.ts";
import { radosgwMissing, startRadosgw, type Radosgw } from "../support/radosgw.ts";

if (radosgwMissing !== undefined) console.warn(`skipped: S3 stores; ${radosgwMissing}`);

describe.skipIf(radosgwMissing !== undefined)("S3, served by radosgw", () => {
  const partBytes = 5 * 2 ** 20;
  let radosgw: Radosgw;
  let worker: StoreWorker;
  beforeAll(async () => {
    radosgw = await startRadosgw();
    worker = await startStoreWorker(partBytes);
  });
  afterAll(async () => {
    await worker.close();
    await radosgw.close();
  });

  /** Settings of a new, empty bucket. */
  async function bucket(): Promise<S3Settings> {
    const { endpoint, keyId, secret } = radosgw;
    const name = `b-${randomUUID()}`;
    const client = new AwsClient({ accessKeyId: keyId, secretAccessKey: secret, service: "s3", region: "us-east-1" });
    const made = await client.fetch(`${endpoint}/${name}`, { method: "PUT" });
    if (!made.ok) throw new Error(`cannot make a bucket: ${await made.text()}`);
    const credentials = { keyId, secret, sessionToken: undefined };
    return { driver: "s3", bucket: name, region: "us-east-1", endpoint, style: "path", credentials };
  }

  storeConformance("a bucket", async () => ({
    store: s3Store(await bucket(), { partBytes, send: httpSend(), digests: nodeDigests }),
    close: () => Promise.resolve(),
  }));
  storeConformance("a bucket seen from a Worker", async () => ({
    store: worker.open(await bucket()),
    close: () => Promise.resolve(),
  }));
});
