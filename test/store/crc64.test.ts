/** CRC-64 as OSS has it, and what becomes of an object that a bucket has written otherwise than it was sent. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Crc64 } from "../../src/store/remote/crc64.ts";
import { ossFetchStore } from "../../src/store/oss/oss-fetch.ts";
import { ossStore } from "../../src/store/oss/oss.ts";
import type { OssSettings } from "../../src/config/store-settings.ts";
import { bodyOf } from "../conformance/store.ts";
import { startOssServer, type OssServer } from "../support/oss-server.ts";

const partBytes = 100 * 1024;
let oss: OssServer;
beforeAll(async () => {
  oss = await startOssServer();
});
afterAll(() => oss.close());

it("is that of the catalogue of CRCs (CRC-64/XZ), however the bytes come", () => {
  const bytes = new TextEncoder().encode("123456789");
  const [whole, apart, none] = [new Crc64(), new Crc64(), new Crc64()];
  whole.add(bytes);
  for (const byte of bytes) apart.add(Uint8Array.of(byte));
  expect([whole, apart, none].map(String)).toEqual([String(0x995dc9bbdf1939fan), "11051210869376104954", "0"]);
});

describe.each([
  ["ali-oss", ossStore],
  ["signed fetch", ossFetchStore],
])("a bucket through %s", (name, open) => {
  it.each([
    ["one request", 1000],
    ["parts", 3 * partBytes],
  ])("that damages what it writes by %s is told so, and nothing stays", async (how, size) => {
    const { bucket, region, keyId, secret } = oss.account;
    const credentials = { keyId, secret, sessionToken: undefined };
    const settings: OssSettings = { driver: "oss", bucket, region, endpoint: oss.endpoint, style: "path", credentials };
    const store = open(settings, { partBytes });
    const key = `${name}/${how}`;
    oss.damageNext();
    await expect(store.put(key, bodyOf(new Uint8Array(size).fill(7)))).rejects.toMatchObject({
      code: "checksum_mismatch",
    });
    expect(await store.head(key)).toBeUndefined();
    expect(oss.unfinished()).toBe(0);
    expect(await store.put(key, bodyOf(new Uint8Array(size).fill(7)))).toMatchObject({ size });
  });
});
