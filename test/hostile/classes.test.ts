import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { BoxcarError } from "../../src/base/errors.ts";
import { inspectObject } from "../../src/core/indexing/inspect-object.ts";
import type { ByteSpan } from "../../src/base/ports.ts";
import { random, seedOf } from "../support/random.ts";
import { classes } from "./classes.ts";
import { compiledCore, feed, indexFile, WatchedCore } from "./feed.ts";
import { goodFiles } from "./good.ts";

const VARIANTS = 100;
const seed = seedOf(1);
const module = await compiledCore();
const watched = new WatchedCore(module);
const expected = goodFiles.map((file) => indexFile(new WatchedCore(module).core, file).index);

test.each(classes)(`class $number, $name (seed ${seed})`, async (hostile) => {
  const seen = new Map<string, number>();
  for (let variant = 0; variant < VARIANTS; variant++) {
    const numbers = random(seed * 1_000_003 + hostile.number * 1009 + variant);
    const file = hostile.make(numbers, variant);
    const { name, fields, detail } = feed(watched, file);
    seen.set(name, (seen.get(name) ?? 0) + 1);
    if (name === "repaired") expect(detail).not.toEqual([]);
    else if (name === "accepted") {
      const listing = await listed(file);
      seen.set(listing, (seen.get(listing) ?? 0) + 1);
    } else {
      const { box, offset } = fields;
      expect(box, `variant ${variant} is refused as ${name} without a box`).toMatch(/^.{4}$/);
      expect(Number(offset)).toBeLessThan(Math.max(file.length, 1));
    }
    const which = variant % goodFiles.length;
    const { index } = indexFile(watched.core, goodFiles[which] ?? new Uint8Array(0));
    expect(Buffer.compare(index, expected[which] ?? new Uint8Array(0))).toBe(0);
  }
  console.log(hostile.number, [...seen].map(([name, count]) => `${name} ${count}`).join(", "));
  expect([...seen.keys()].filter((name) => !hostile.outcomes.includes(name))).toEqual([]);
  if (seed === 1) expect(hostile.outcomes.filter((name) => !seen.has(name))).toEqual([]);
});

/** What comes of listing the boxes of a file. */
async function listed(file: Uint8Array): Promise<string> {
  try {
    const read = ({ offset, length }: ByteSpan) => Promise.resolve(file.subarray(offset, offset + length));
    const boxes = await inspectObject(watched.core, file.length, read);
    expect(boxes.length).toBeGreaterThan(3);
    return "accepted";
  } catch (error) {
    if (error instanceof BoxcarError) return error.code;
    throw error;
  }
}

test("what comes of each class is documented", async () => {
  const text = await readFile(new URL("../../docs/hostile-input.md", import.meta.url), "utf8");
  const rows = new Map(
    text.split("\n").flatMap((line) => {
      const cells = line.split("|").map((cell) => cell.trim());
      return /^\d+$/.test(cells[1] ?? "") ? [[Number(cells[1]), cells[3] ?? ""] as const] : [];
    }),
  );
  for (const { number, outcomes } of classes) {
    const named = [...(rows.get(number) ?? "").matchAll(/`([a-z_0-9]+)`|\b(accepted|repaired)\b/g)];
    expect(new Set(named.map((match) => match[1] ?? match[2])), `class ${number}`).toEqual(new Set(outcomes));
  }
});
