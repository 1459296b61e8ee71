/** Indexes that are built in a thread. */
import { expect, test } from "vitest";
import { indexObject, type Core, type IndexedSegment } from "../../src/core/index.ts";
import { buildAside } from "../../src/runtime/node/index-aside.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { recordMetadata } from "../support/recording.ts";

const here = await loadCore();
const aside = await loadCore(buildAside());

function indexed(core: Core, file: Uint8Array): Promise<IndexedSegment> {
  return indexObject(core, file.length, ({ offset, length }) =>
    Promise.resolve(file.subarray(offset, offset + length)),
  );
}

/** Turns of the event loop until a promise is settled. */
async function turnsOf(promise: Promise<unknown>): Promise<number> {
  let turns = 0;
  let timer = setImmediate(function again() {
    turns++;
    timer = setImmediate(again);
  });
  await promise.catch(() => undefined);
  clearImmediate(timer);
  return turns;
}

test("are those that would be built here, and others have their turn meanwhile", async () => {
  const file = await recordMetadata(2 << 20);
  expect(await turnsOf(indexed(here, file))).toBe(0);
  const built = indexed(aside, file);
  expect(await turnsOf(built)).toBeGreaterThan(1);
  expect(await built).toEqual(await indexed(here, file));
});

test("are refused as they would be here, and the next ones built", async () => {
  const file = await recordMetadata(2 << 20);
  const broken = Uint8Array.from(file);
  broken.set([0xff, 0xff, 0xff, 0xff], Buffer.from(file).indexOf("stco") + 12);
  const refusal = await indexed(here, broken).catch((error: unknown) => error);
  const [first, second] = await Promise.allSettled([indexed(aside, broken), indexed(aside, file)]);
  expect(first).toEqual({ status: "rejected", reason: refusal });
  expect(second).toMatchObject({ status: "fulfilled" });
});

test("of files with little metadata take no thread", async () => {
  expect(await turnsOf(indexed(aside, await recordMetadata(1000)))).toBe(0);
});
