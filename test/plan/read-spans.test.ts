import { expect, test } from "vitest";
import { lengthOf } from "../../src/base/bytes.ts";
import { cutParts, readParts, type Part } from "../../src/core/reading/read-parts.ts";
import type { Store } from "../../src/base/ports.ts";
import { random, seedOf } from "../support/random.ts";

/** A store of one object that hands out one buffer again and again, in chunks of any size, and counts its reads. */
function storeOf(object: Uint8Array, chunkSize: () => number): { store: Pick<Store, "get">; reads: () => number } {
  let reads = 0;
  const buffer = new Uint8Array(1 << 18);
  // eslint-disable-next-line @typescript-eslint/require-await -- a port
  async function* get(
    _key: string,
    { offset, length }: { offset: number; length: number },
  ): AsyncGenerator<Uint8Array> {
    reads++;
    for (let at = offset; at < offset + length;) {
      const size = Math.min(chunkSize(), offset + length - at, buffer.length);
      buffer.set(object.subarray(at, at + size));
      yield buffer.subarray(0, size);
      buffer.fill(0);
      at += size;
    }
  }
  return { store: { get }, reads: () => reads };
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const chunk of chunks) copies.push(Buffer.from(chunk));
  return Buffer.concat(copies);
}

test("parts come out as they are asked for, forwards and backwards, over any chunks", async () => {
  const rng = random(seedOf(21));
  for (let round = 0; round < 200; round++) {
    const object = rng.bytes(1 + rng.below(20_000));
    const parts: Part[] = Array.from({ length: 1 + rng.below(30) }, () => {
      if (rng.below(4) === 0) return rng.bytes(rng.below(50));
      const offset = rng.below(object.length);
      return { offset, length: 1 + rng.below(Math.min(3000, object.length - offset)) };
    });
    const whole = Buffer.concat(
      parts.map((part) =>
        part instanceof Uint8Array ? part : object.subarray(part.offset, part.offset + part.length),
      ),
    );
    const offset = rng.below(whole.length);
    const length = rng.below(whole.length - offset + 1);
    const { store, reads } = storeOf(object, () => 1 + rng.below(rng.pick([10, 500, 65_536])));
    const cut = [...cutParts(parts, { offset, length })].flatMap((some) => some.cut);
    const read = await collect(readParts(store, { key: "k", etag: "e" }, cut));
    expect(read.equals(whole.subarray(offset, offset + length)), `seed ${rng.seed}, round ${round}`).toBe(true);
    expect(reads(), `seed ${rng.seed}, round ${round}`).toBeLessThanOrEqual(1);
  }
});

test("many parts are handed out some thousands at a time", () => {
  const parts = Array.from({ length: 50_000 }, (_, i) => ({ offset: 3 * i, length: 2 }));
  const pages = [...cutParts(parts, { offset: 20_001, length: 70_000 })];
  expect(Math.max(...pages.map(({ cut }) => cut.length))).toBeLessThanOrEqual(5000);
  const cut = pages.flatMap((page) => page.cut);
  expect([cut.length, lengthOf(cut), cut[0]]).toEqual([35_001, 70_000, { offset: 30_001, length: 1 }]);
  expect(pages.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(90_002);
});

test("spans far behind or ahead of each other are read apart", async () => {
  const object = new Uint8Array(4 << 20);
  const { store, reads } = storeOf(object, () => 65_536);
  const far = [0, 3 << 20, 100, 3 << 20].map((offset) => ({ offset, length: 10 }));
  expect((await collect(readParts(store, { key: "k", etag: "e" }, far))).length).toBe(40);
  expect(reads()).toBe(4);
});

test("short pieces of what was read come together, long ones as they are", async () => {
  const object = new Uint8Array(1 << 20);
  const sizes = async (chunkSize: number, parts: readonly Part[]): Promise<number[]> => {
    const found: number[] = [];
    const { store } = storeOf(object, () => chunkSize);
    for await (const { length } of readParts(store, { key: "k", etag: "e" }, parts)) found.push(length);
    return found;
  };
  const everyOther = Array.from({ length: 100 }, (_, i) => ({ offset: 2000 * i, length: 1000 }));
  expect(await sizes(50_000, [new Uint8Array(100), ...everyOther])).toEqual([25_100, 25_000, 25_000, 25_000]);
  const long = 1 << 18;
  expect(await sizes(long, [new Uint8Array(10), { offset: 0, length: 2 * long }])).toEqual([10, long, long]);
});

test("what was copied together stays as it is until the next chunk is asked for, also where the next object is open", async () => {
  const object = random(seedOf(22)).bytes(200_000);
  const everyOther = Array.from({ length: 50 }, (_, i) => ({ offset: 4000 * i, length: 2000 }));
  const wanted = Buffer.concat(everyOther.map(({ offset, length }) => object.subarray(offset, offset + length)));
  const idle: Uint8Array[] = [];
  const open = (): AsyncGenerator<Uint8Array> =>
    readParts(storeOf(object, () => 50_000).store, { key: "k", etag: "e" }, everyOther, idle);
  expect((await collect(open())).equals(wanted)).toBe(true);
  expect(idle.length).toBe(1);
  const [before, next] = [open(), open()];
  const chunk = Buffer.from(((await before.next()).value as Uint8Array | undefined) ?? []);
  const held = ((await next.next()).value as Uint8Array | undefined) ?? new Uint8Array();
  expect(Buffer.concat([chunk, await collect(before)]).equals(wanted)).toBe(true);
  expect(Buffer.concat([Buffer.from(held), await collect(next)]).equals(wanted)).toBe(true);
  expect(idle.length).toBe(2);
  await Promise.all(Array.from({ length: 20 }, async () => collect(open())));
  expect(idle.length).toBe(8);
});
