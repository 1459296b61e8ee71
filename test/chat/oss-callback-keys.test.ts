import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { expect, it } from "vitest";
import { OssCallbacks } from "../../src/intake/direct/oss-callback.ts";
import { BoxcarError } from "../../src/base/errors.ts";
import { ossCallbackKeys } from "../../src/runtime/outbound/oss-callback-keys.ts";

const oss = generateKeyPairSync("rsa", { modulusLength: 1024 });
const forger = generateKeyPairSync("rsa", { modulusLength: 1024 });
const usual = "callback_pub_key_v1.pem";
const path = "/api/chat/upload/callback";
const body = new TextEncoder().encode("object=x");

/** Callbacks over a store of keys that can be away, at times that the test says. */
function callbacks() {
  const state = { nowMs: 0, away: false, fetched: [] as string[] };
  const fetchKey = (url: string): Promise<string> => {
    state.fetched.push(url.slice(url.lastIndexOf("/") + 1));
    if (state.away) return Promise.reject(new Error("no route"));
    return Promise.resolve(oss.publicKey.export({ type: "spki", format: "pem" }).toString());
  };
  const checked = new OssCallbacks({ fetchKey, verify: ossCallbackKeys.verify }, () => state.nowMs);
  const check = async (name: string, key: KeyObject): Promise<string> => {
    const signature = sign("RSA-MD5", Buffer.from(`${path}\nobject=x`), key).toString("base64");
    const keyUrl = Buffer.from(`https://gosspublic.alicdn.com/${name}`).toString("base64");
    try {
      await checked.check({ path, query: "", body, authorization: signature, keyUrl });
      return "genuine";
    } catch (error) {
      if (error instanceof BoxcarError) return error.code;
      throw error;
    }
  };
  return {
    state,
    genuine: (name = usual) => check(name, oss.privateKey),
    forged: (name: string) => check(name, forger.privateKey),
  };
}

it("forged callbacks that name a thousand keys make few of them be fetched, and keep OSS's own from nothing", async () => {
  const { state, genuine, forged } = callbacks();
  expect(await genuine()).toBe("genuine");
  const outcomes = await Promise.all(Array.from({ length: 500 }, (_, i) => forged(`key-${i}.pem`)));
  for (let i = 500; i < 1000; i++) outcomes.push(await forged(`key-${i}.pem`));
  expect(outcomes.filter((outcome) => outcome === "genuine")).toEqual([]);
  expect(state.fetched.length).toBe(2);
  expect(await genuine()).toBe("genuine");
  expect(state.fetched.length).toBe(2);
});

it("a flood of forged callbacks before the first genuine one does not keep it from being checked", async () => {
  const { genuine, forged, state } = callbacks();
  for (let i = 0; i < 100; i++) await forged(`key-${i}.pem`);
  expect(await genuine()).toBe("genuine");
  expect(state.fetched).toEqual(["key-0.pem", usual]);
});

it("the same forged callback makes its key be fetched once", async () => {
  const { forged, state } = callbacks();
  expect(await Promise.all([forged("a.pem"), forged("a.pem")])).toEqual(["bad_signature", "bad_signature"]);
  for (let i = 0; i < 10; i++) expect(await forged("a.pem")).toBe("bad_signature");
  expect(state.fetched).toEqual(["a.pem"]);
});

it("a key that cannot be fetched is not asked for at each callback, and again after a pause", async () => {
  for (const name of [usual, "other.pem"]) {
    const { genuine, state } = callbacks();
    state.away = true;
    for (let i = 0; i < 10; i++) expect(await genuine(name)).toBe("keys_unavailable");
    expect(state.fetched).toEqual([name]);
    state.away = false;
    state.nowMs += 15_000;
    expect(await genuine(name)).toBe("genuine");
    expect(state.fetched).toEqual([name, name]);
  }
});

it("another key of OSS's own is found, also after many that are none", async () => {
  const { genuine, forged, state } = callbacks();
  for (let i = 0; i < 200; i++) {
    await forged(`key-${i}.pem`);
    state.nowMs += 15_000;
  }
  expect(await genuine("callback_pub_key_v2.pem")).toBe("genuine");
});

it("a key without end is given up at its bound, and its host not read any further", async () => {
  const host = createServer((_, reply) => {
    const send = (): void => {
      while (!reply.destroyed && reply.write(Buffer.alloc(4096, "a")));
    };
    reply.on("drain", send);
    send();
  }).listen(0, "127.0.0.1");
  await once(host, "listening");
  const closed = new Promise((resolve) => host.once("connection", (socket) => socket.once("close", resolve)));
  const url = `http://127.0.0.1:${String((host.address() as AddressInfo).port)}/key.pem`;
  await expect(ossCallbackKeys.fetchKey(url)).rejects.toThrow("more than 16384 bytes");
  await closed;
  host.close();
});
