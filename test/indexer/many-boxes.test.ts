/** Files of many small boxes: what is kept of each while the file passes. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { StreamIndexer } from "../../src/core/index.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { box, bytes } from "../support/boxes.ts";

const core = await loadCore();
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes of the heap and of buffers that are in use. */
function used(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test("a box takes no more than the 128 bytes that it counts", () => {
  const boxes = bytes(...Array.from({ length: 1000 }, () => box("mdat")));
  const indexer = new StreamIndexer(core);
  indexer.push(box("ftyp", "isom"));
  const before = used();
  for (let i = 0; i < 100; i++) indexer.push(boxes);
  expect(used() - before).toBeLessThan(100_000 * 128);
  expect(() => indexer.end()).toThrow(/moov/);
});
