import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Store } from "../../src/base/ports.ts";
import type { OssSettings } from "../../src/config/store-settings.ts";
import { httpSend, nodeDigests } from "../../src/runtime/node/http-send.ts";
import { ossFetchStore } from "../../src/store/oss/oss-fetch.ts";
import { ossStore } from "../../src/store/oss/oss.ts";
import type { RemoteOptions } from "../../src/store/remote/remote-store.ts";
import { bodyOf, readAll, refusal } from "../conformance/store.ts";
import { pass, startFaultProxy, type Fault, type FaultProxy } from "../support/fault-proxy.ts";
import { startOssServer, type OssServer } from "../support/oss-server.ts";
import { random, seedOf, type Random } from "../support/random.ts";

const KIB = 1024;
const partBytes = 128 * KIB;
const impatient: RemoteOptions = {
  partBytes,
  pauseMs: 2,
  longestPauseMs: 20,
  answerMs: 400,
  writeMs: 400,
  idleMs: 150,
};

/** As the server on Node opens it. */
const onNode = (settings: OssSettings, options?: RemoteOptions): Store =>
  ossStore(settings, { ...options, send: httpSend(), digests: nodeDigests });

describe.each([
  ["ali-oss and node:http", onNode],
  ["signed fetch", ossFetchStore],
])("a faulty store behind %s", (_, open) => {
  let server: OssServer;
  let proxy: FaultProxy;
  let store: Store;
  let patient: Store;
  let direct: Store;
  beforeAll(async () => {
    server = await startOssServer();
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    proxy = await startFaultProxy(server.endpoint);
    const { bucket, region, keyId, secret } = server.account;
    const credentials = { keyId, secret, sessionToken: undefined };
    const settings: OssSettings = { driver: "oss", bucket, region, endpoint: "", style: "path", credentials };
    store = open({ ...settings, endpoint: proxy.endpoint }, impatient);
    patient = open({ ...settings, endpoint: proxy.endpoint }, { ...impatient, longestPauseMs: 5000 });
    direct = open({ ...settings, endpoint: server.endpoint }, { partBytes });
  });
  afterEach(async () => {
    server.clear();
    await proxy.close();
  });

  /** Decides in the given order, then lets everything pass. */
  function faults(...list: readonly Fault[]): void {
    proxy.requests.length = 0;
    proxy.decide = (_method, number) => list[number] ?? pass;
  }

  const content = random(seedOf(5)).bytes(600 * KIB);
  const whole = { offset: 0, length: content.length };
  const cut: Fault = { kind: "cut", after: 70_000 };
  const busy: Fault = { kind: "status", status: 503 };

  /** What a read gave before it ended, and how it ended. */
  async function read(span = whole, ifMatch?: string): Promise<{ bytes: Buffer; outcome: string }> {
    const chunks: Buffer[] = [];
    const outcome = await refusal(
      (async () => {
        for await (const chunk of store.get("a", span, ifMatch)) chunks.push(Buffer.from(chunk));
      })(),
    );
    return { bytes: Buffer.concat(chunks), outcome };
  }

  const isStart = (bytes: Buffer, span = whole): boolean =>
    bytes.equals(content.subarray(span.offset, span.offset + bytes.length));

  it.each<[string, readonly Fault[]]>([
    ["500, 429 and 503", [{ kind: "status", status: 500 }, { kind: "status", status: 429 }, busy]],
    ["connections that break", [{ kind: "reset" }, { kind: "lost" }]],
    ["silence", [{ kind: "silence" }]],
    ["bodies that break off three times", [cut, cut, cut]],
    ["a body that stalls", [{ kind: "stall", after: 1000 }]],
    ["a body that ends early as if it were whole", [{ kind: "end", after: 100_000 }]],
    ["all of it", [busy, cut, busy, { kind: "stall", after: 10 }, { kind: "reset" }, { kind: "end", after: 9 }]],
  ])("is read in spite of %s", async (_name, list) => {
    const { etag } = await direct.put("a", bodyOf(content));
    faults(...list);
    expect((await readAll(store, "a", whole, etag)).equals(content)).toBe(true);
    expect(proxy.requests).toHaveLength(list.length + 1);
  });

  it("waits as long as the store asks", async () => {
    await direct.put("a", bodyOf(content));
    faults({ kind: "status", status: 503, headers: { "retry-after": "1" } });
    const begun = performance.now();
    expect((await readAll(patient, "a", whole)).equals(content)).toBe(true);
    expect(performance.now() - begun).toBeGreaterThan(900);
  });

  it("is given up after three resumes, and after four attempts", async () => {
    await direct.put("a", bodyOf(content));
    faults(cut, cut, cut, cut);
    const broken = await read();
    expect(broken.outcome).toBe("store_failed 503");
    expect(broken.bytes.length).toBeLessThanOrEqual(4 * 70_000);
    expect(isStart(broken.bytes)).toBe(true);
    expect(proxy.requests).toHaveLength(4);
    faults(busy, busy, busy, busy);
    expect(await read()).toEqual({ bytes: Buffer.alloc(0), outcome: "store_failed 503" });
    expect(proxy.requests).toHaveLength(4);
    for (const status of [400, 403, 501]) {
      faults({ kind: "status", status });
      expect((await read()).outcome).toBe("store_failed 503");
      expect(proxy.requests, String(status)).toHaveLength(1);
    }
  });

  it.each<[string, Fault, string]>([
    ["ignores the range", { kind: "whole" }, "store_failed 503"],
    ["answers with another range", { kind: "shifted" }, "store_failed 503"],
    ["has another ETag", { kind: "etag" }, "object_changed 409"],
  ])("is never spliced when it %s", async (_name, fault, wanted) => {
    const { etag } = await direct.put("a", bodyOf(content));
    const span = { offset: 1000, length: 300_000 };
    faults(fault);
    expect(await read(span, etag)).toEqual({ bytes: Buffer.alloc(0), outcome: wanted });
    faults(cut, fault);
    for (const ifMatch of [etag, undefined]) {
      proxy.requests.length = 0;
      const midway = await read(span, ifMatch);
      expect(midway.outcome).toBe(wanted);
      expect(midway.bytes.length).toBeLessThanOrEqual(70_000);
      expect(isStart(midway.bytes, span)).toBe(true);
    }
  });

  it("notices an object that is replaced while it is read", async () => {
    await direct.put("a", bodyOf(content));
    faults(cut);
    const replaced = async (): Promise<string> => {
      for await (const chunk of store.get("a", whole)) {
        expect(chunk.length).toBeGreaterThan(0);
        if ((await direct.head("a"))?.size !== content.length) continue;
        await direct.delete("a");
        await direct.put("a", bodyOf(content.subarray(1)));
      }
      return "no error";
    };
    expect(await refusal(replaced())).toBe("object_changed 409");
    await direct.delete("a");
    await direct.put("a", bodyOf(content));
    faults(cut);
    const removed = async (): Promise<void> => {
      for await (const chunk of store.get("a", whole)) if (chunk.length > 0) await direct.delete("a");
    };
    expect(await refusal(removed())).toBe("object_missing 404");
  });

  it("keeps what was written when only the answer was lost, and calls no other's object its own", async () => {
    for (const bytes of [content.subarray(0, 1000), content]) {
      faults();
      proxy.decide = (method, number) =>
        (method === "PUT" && number < 2) || (method === "POST" && number > 5) ? lostOnce(number) : pass;
      const lost = new Set<number>();
      function lostOnce(number: number): Fault {
        if (lost.size === 1) return pass;
        lost.add(number);
        return { kind: "lost" };
      }
      const put = await store.put("a", bodyOf(bytes));
      expect(lost.size).toBe(1);
      expect(await direct.head("a")).toEqual(put);
      expect((await readAll(direct, "a", { offset: 0, length: bytes.length })).equals(bytes)).toBe(true);
      expect(server.unfinished()).toBe(0);
      faults({ kind: "reset" });
      expect(await refusal(store.put("a", bodyOf(bytes)))).toBe("object_exists 409");
      await direct.delete("a");
    }
  });

  it("leaves no unfinished upload when a part cannot be written", async () => {
    proxy.decide = (method) => (method === "PUT" ? busy : pass);
    expect(await refusal(store.put("a", bodyOf(content)))).toBe("store_failed 503");
    expect(server.unfinished()).toBe(0);
    expect(await direct.head("a")).toBeUndefined();
    expect(proxy.requests.filter((request) => request.startsWith("PUT"))).toHaveLength(4);
    expect(proxy.requests.at(-1)).toMatch(/^DELETE .*uploadId=/);
  });

  it("is never far ahead of the store with a body of unknown length", async () => {
    let taken = 0;
    let most = 0;
    const arrived = (): number => proxy.requests.filter((line) => line.includes("partNumber=")).length;
    async function* long(): AsyncGenerator<Uint8Array> {
      for (; taken < 4 * 2 ** 20; taken += 32 * KIB) {
        most = Math.max(most, taken / partBytes - arrived());
        yield await Promise.resolve(new Uint8Array(32 * KIB));
      }
    }
    faults();
    expect(await store.put("a", long())).toMatchObject({ size: 4 * 2 ** 20 });
    expect(most).toBeLessThanOrEqual(2);
  });

  it("gives right bytes or an error, whatever happens", async () => {
    const rng = random(seedOf(31));
    const { etag } = await direct.put("a", bodyOf(content));
    const outcomes: Record<string, number> = {};
    for (let round = 0; round < 60; round++) {
      proxy.decide = () => (rng.below(100) < 45 ? anyFault(rng) : pass);
      const offset = rng.below(content.length);
      const span = { offset, length: 1 + rng.below(content.length - offset) };
      const { bytes, outcome } = await read(span, rng.below(2) === 0 ? etag : undefined);
      const message = `seed ${rng.seed}, round ${round}: ${outcome}, ${bytes.length} of ${JSON.stringify(span)}`;
      expect(isStart(bytes, span), message).toBe(true);
      expect(bytes.length === span.length, message).toBe(outcome === "no error");
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
    for (let round = 0; round < 30; round++) {
      proxy.decide = () => (rng.below(100) < 30 ? anyFault(rng) : pass);
      const bytes = content.subarray(0, rng.pick([1000, 100_000, 300_000]));
      const key = `put/${round}`;
      const outcome = await refusal(store.put(key, bodyOf(bytes), rng.below(2) === 0 ? bytes.length : undefined));
      const info = await direct.head(key);
      const message = `seed ${rng.seed}, put ${round}: ${outcome}`;
      if (outcome === "no error") expect(info?.size, message).toBe(bytes.length);
      if (info === undefined) continue;
      expect((await readAll(direct, key, { offset: 0, length: info.size })).equals(bytes), message).toBe(true);
    }
    expect(outcomes["no error"]).toBeGreaterThan(10);
    console.log(`seed ${rng.seed}: ${JSON.stringify(outcomes)}`);
  });
});

function anyFault(rng: Random): Fault {
  const after = rng.below(100_000);
  return rng.pick<Fault>([
    { kind: "status", status: rng.pick([500, 502, 503, 504, 429, 403]) },
    { kind: "reset" },
    { kind: "lost" },
    { kind: "cut", after },
    { kind: "cut", after },
    { kind: "end", after },
    { kind: "whole" },
    { kind: "shifted" },
    { kind: "etag" },
  ]);
}
