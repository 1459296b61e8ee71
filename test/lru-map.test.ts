import { expect, it } from "vitest";
import { LruMap } from "../src/base/lru-map.ts";

it("drops what was not used for longest, and keeps its budget", () => {
  const map = new LruMap<string, string>(6, ({ length }) => length);
  map.set("a", "aa");
  map.set("b", "bb");
  map.set("c", "cc");
  expect(map.get("a")).toBe("aa");
  map.set("d", "d");
  expect(["a", "b", "c", "d"].map((key) => map.has(key))).toEqual([true, false, true, true]);
  map.set("a", "a");
  map.set("e", "ee");
  expect(["a", "c", "d", "e"].map((key) => map.has(key))).toEqual([true, true, true, true]);
});

it("keeps a value larger than its budget until the next one comes", () => {
  const map = new LruMap<number, string>(3, ({ length }) => length);
  map.set(1, "x");
  map.set(2, "large");
  expect([map.has(1), map.get(2)]).toEqual([false, "large"]);
  map.set(3, "y");
  expect([map.has(2), map.has(3)]).toEqual([false, true]);
});
