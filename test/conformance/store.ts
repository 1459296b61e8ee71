import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { statusOf } from "../../src/base/error-codes.ts";
import { BoxcarError } from "../../src/base/errors.ts";
import type { ByteSpan, ObjectInfo, Store } from "../../src/base/ports.ts";
import { random, seedOf } from "../support/random.ts";

const MIB = 1024 * 1024;

/** A store under test, empty, and how to be rid of it. */
export interface OpenStore {
  readonly store: Store;
  close(): Promise<void>;
}

/** Copies what `get` yields. */
export async function readAll(store: Store, key: string, span: ByteSpan, ifMatch?: string): Promise<Buffer> {
  const copies: Uint8Array[] = [];
  for await (const chunk of store.get(key, span, ifMatch)) copies.push(Uint8Array.from(chunk));
  return Buffer.concat(copies);
}

/** The bytes as a body, in chunks of the given size; the buffer of a chunk is overwritten once the next is asked for. */
export async function* bodyOf(bytes: Uint8Array, chunk = 65_536): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(chunk);
  for (let offset = 0; offset < bytes.byteLength; offset += chunk) {
    const part = bytes.subarray(offset, offset + chunk);
    buffer.set(part);
    yield await Promise.resolve(buffer.subarray(0, part.byteLength));
    buffer.fill(0xee);
  }
}

/** The BoxcarError a promise fails with, as `error status`. */
export async function refusal(promise: Promise<unknown>): Promise<string> {
  const outcome = await promise.then(
    () => "no error",
    (error: unknown) => error,
  );
  return outcome instanceof BoxcarError ? `${outcome.code} ${statusOf(outcome)}` : String(outcome);
}

export async function listed(store: Store, prefix: string): Promise<ObjectInfo[]> {
  const infos: ObjectInfo[] = [];
  for await (const info of store.list(prefix)) infos.push(info);
  return infos.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** What every store driver must do. Each test opens a store of its own. */
export function storeConformance(name: string, open: () => Promise<OpenStore>): void {
  describe(`${name} as a store`, () => {
    let store: Store;
    let opened: OpenStore;
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.close());

    it("gives back what was put, in any span", async () => {
      const rng = random(seedOf(11));
      for (const size of [1, 1000, MIB, MIB + 1, 3 * MIB + 17]) {
        const content = rng.bytes(size);
        const put = await store.put(`spans/${size}`, bodyOf(content));
        expect(put).toEqual({ key: `spans/${size}`, size, etag: put.etag });
        expect(put.etag).toMatch(/^[\x21\x23-\x7e]+$/);
        expect(await store.head(`spans/${size}`)).toEqual(put);
        const spans = [
          { offset: 0, length: size },
          { offset: 0, length: 1 },
          { offset: size - 1, length: 1 },
        ];
        for (let i = 0; i < 4; i++) {
          const offset = rng.below(size);
          spans.push({ offset, length: 1 + rng.below(size - offset) });
        }
        for (const span of spans) {
          const found = await readAll(store, put.key, span, put.etag);
          const wanted = content.subarray(span.offset, span.offset + span.length);
          expect(Buffer.compare(found, wanted), `seed ${rng.seed}: ${size} ${JSON.stringify(span)}`).toBe(0);
        }
      }
    });

    it("reads many spans at once without mixing them", async () => {
      const contents = [1, 2, 3, 4, 5, 6].map((value) => new Uint8Array(2 * MIB + value).fill(value));
      await Promise.all(contents.map((content, i) => store.put(`many/${i}`, bodyOf(content, MIB))));
      const found = await Promise.all(
        contents.flatMap((content, i) => {
          const span = { offset: 0, length: content.byteLength };
          return [readAll(store, `many/${i}`, span), readAll(store, `many/${i}`, span)];
        }),
      );
      found.forEach((bytes, i) => {
        expect(bytes.equals(contents[i >> 1] ?? Buffer.alloc(0))).toBe(true);
      });
    });

    it("stores an empty object", async () => {
      const put = await store.put("empty", bodyOf(new Uint8Array(0)));
      expect(put.size).toBe(0);
      expect(await store.head("empty")).toEqual(put);
    });

    it("refuses spans past the end, other versions and what is not there", async () => {
      const put = await store.put("a/b", bodyOf(Buffer.from("0123456789")));
      expect(await refusal(readAll(store, "a/b", { offset: 0, length: 11 }))).toBe("object_short 502");
      expect(await refusal(readAll(store, "a/b", { offset: 10, length: 1 }))).toBe("object_short 502");
      expect(await refusal(readAll(store, "a/b", { offset: 2 ** 40, length: 5 }))).toBe("object_short 502");
      expect(await refusal(readAll(store, "a/b", { offset: 0, length: 10 }, `${put.etag}x`))).toBe(
        "object_changed 409",
      );
      for (const key of ["a/c", "a", "a/b/c", "b"]) {
        expect(await refusal(readAll(store, key, { offset: 0, length: 1 })), key).toBe("object_missing 404");
        expect(await store.head(key), key).toBeUndefined();
      }
    });

    it("never overwrites", async () => {
      const first = await store.put("once", bodyOf(Buffer.from("first")));
      expect(await refusal(store.put("once", bodyOf(Buffer.from("other"))))).toBe("object_exists 409");
      expect(await store.head("once")).toEqual(first);
      expect(String(await readAll(store, "once", { offset: 0, length: 5 }, first.etag))).toBe("first");
    });

    it("lets one of several puts of a key win", async () => {
      const contents = [1, 2, 3, 4].map((value) => new Uint8Array(300_000).fill(value));
      const outcomes = await Promise.allSettled(contents.map((content) => store.put("race", bodyOf(content, 10_000))));
      const winners = outcomes.flatMap((outcome, i) => (outcome.status === "fulfilled" ? [i] : []));
      expect(winners).toHaveLength(1);
      for (const outcome of outcomes) {
        if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "object_exists" });
      }
      const found = await readAll(store, "race", { offset: 0, length: 300_000 });
      expect(found.equals(contents[winners[0] ?? 0] ?? Buffer.alloc(0))).toBe(true);
    });

    it("shows nothing of an object before it is whole", async () => {
      const seen: unknown[] = [];
      async function* slow(): AsyncGenerator<Uint8Array> {
        for (const part of ["one", "two"]) {
          seen.push(await store.head("slow"), ...(await listed(store, "")));
          yield Buffer.from(part);
        }
      }
      await store.put("slow", slow());
      expect(seen).toEqual([undefined, undefined]);
      expect(await store.head("slow")).toMatchObject({ size: 6 });
    });

    it("leaves nothing of a body that fails, and passes its error on", async () => {
      const fault = new Error("the sender went away");
      async function* failing(): AsyncGenerator<Uint8Array> {
        yield await Promise.resolve(new Uint8Array(200_000));
        throw fault;
      }
      await expect(store.put("broken", failing())).rejects.toBe(fault);
      expect(await store.head("broken")).toBeUndefined();
      expect(await listed(store, "")).toEqual([]);
      await store.put("broken", bodyOf(Buffer.from("whole now")));
      expect(await store.head("broken")).toMatchObject({ size: 9 });
    });

    it("holds a body against the size that was announced", async () => {
      const ten = Buffer.from("0123456789");
      expect(await store.put("sized", bodyOf(ten, 3), 10)).toMatchObject({ size: 10 });
      expect(String(await readAll(store, "sized", { offset: 0, length: 10 }))).toBe("0123456789");
      expect(await store.put("none", bodyOf(new Uint8Array(0)), 0)).toMatchObject({ size: 0 });
      for (const size of [0, 9, 11, 2 ** 30]) {
        expect(await refusal(store.put("missized", bodyOf(ten, 3), size)), String(size)).toBe("size_mismatch 400");
      }
      expect(await store.head("missized")).toBeUndefined();
    });

    it("deletes, also what is not there", async () => {
      const first = await store.put("gone/x", bodyOf(Buffer.from("abc")));
      await store.delete("gone/x");
      await store.delete("gone/x");
      await store.delete("never/was");
      await store.delete("gone");
      expect(await store.head("gone/x")).toBeUndefined();
      expect(await listed(store, "")).toEqual([]);
      const second = await store.put("gone/x", bodyOf(Buffer.from("abd")));
      expect(second.etag).not.toBe(first.etag);
      expect(await refusal(readAll(store, "gone/x", { offset: 0, length: 3 }, first.etag))).toBe("object_changed 409");
    });

    it("lists by prefix, with odd names", async () => {
      const keys = [
        "seg/a/1.mp4",
        "seg/a/2.mp4",
        "seg/ab/1.mp4",
        "segment",
        "other/seg/a",
        "seg/ä ö/日本.mp4",
        "seg/100% + #1 & ?=;:@!$'()*,[]{}|~^`\"<>.mp4",
        "seg/a%2Fb",
        "seg/..a/b..",
        `seg/${"k".repeat(200)}/${"l".repeat(200)}`,
      ].sort((a, b) => (a < b ? -1 : 1));
      const infos = [];
      for (const key of keys) infos.push(await store.put(key, bodyOf(Buffer.from(key))));
      expect(await listed(store, "")).toEqual(infos);
      for (const prefix of [
        "seg",
        "seg/",
        "seg/a",
        "seg/a/",
        "seg/a/1",
        "seg/ä",
        "oth",
        "seg/a/1.mp4",
        "none",
        "none/",
      ]) {
        expect(
          (await listed(store, prefix)).map((info) => info.key),
          prefix,
        ).toEqual(keys.filter((key) => key.startsWith(prefix)));
      }
      for (const info of infos) {
        const found = await readAll(store, info.key, { offset: 0, length: info.size }, info.etag);
        expect(String(found)).toBe(info.key);
      }
    });

    it("lists more objects than fit into one page", async () => {
      const keys = Array.from({ length: 1100 }, (_, i) => `page/${String(i).padStart(5, "0")}`);
      for (let i = 0; i < keys.length; i += 50) {
        await Promise.all(keys.slice(i, i + 50).map((key) => store.put(key, bodyOf(new Uint8Array(1)))));
      }
      expect((await listed(store, "page/")).map((info) => info.key)).toEqual(keys);
    });

    it("refuses bad keys in every call", async () => {
      const keys = [
        "",
        "/",
        "/etc/passwd",
        "a/",
        "a//b",
        ".",
        "..",
        "a/..",
        "../a",
        "a/../../b",
        "a/./b",
        "a\\b",
        "..\\a",
        "a\0b",
        "a\nb",
        "a\x7fb",
        "a\u0085b",
        "half \ud800",
        "x".repeat(1024),
        `${"ä/".repeat(341)}äa`,
      ];
      for (const key of keys) {
        const name = JSON.stringify(key).slice(0, 40);
        expect(await refusal(store.put(key, bodyOf(new Uint8Array(1)))), `put ${name}`).toBe("bad_key 400");
        expect(await refusal(store.head(key)), `head ${name}`).toBe("bad_key 400");
        expect(await refusal(store.delete(key)), `delete ${name}`).toBe("bad_key 400");
        expect(await refusal(readAll(store, key, { offset: 0, length: 1 })), `get ${name}`).toBe("bad_key 400");
      }
      expect(await listed(store, "")).toEqual([]);
    });

    it("takes keys of up to 1023 bytes", async () => {
      const key = `${"ä/".repeat(340)}abc`;
      expect(Buffer.byteLength(key)).toBe(1023);
      await store.put(key, bodyOf(Buffer.from("deep")));
      expect((await listed(store, "")).map((info) => info.key)).toEqual([key]);
    });

    it("can be left in the middle of a read", async () => {
      await store.put("left", bodyOf(new Uint8Array(4 * MIB), MIB));
      for (let i = 0; i < 12; i++) {
        for await (const chunk of store.get("left", { offset: 0, length: 4 * MIB })) {
          expect(chunk.byteLength).toBeGreaterThan(0);
          break;
        }
      }
      expect(await readAll(store, "left", { offset: 0, length: 4 * MIB })).toHaveLength(4 * MIB);
    });
  });
}
