import { describe, expect, it } from "vitest";
import { chooseRange, contentRange, maxRanges } from "../../src/http/replies/byte-range.ts";

const size = 1000;
const spans = (...pairs: readonly (readonly [number, number])[]): object =>
  pairs.map(([first, last]) => ({ offset: first, length: last - first + 1 }));

describe("chooseRange", () => {
  it.each([
    ["bytes=0-0", spans([0, 0])],
    ["bytes=0-999", spans([0, 999])],
    ["bytes=0-5000", spans([0, 999])],
    ["BYTES=10-19", spans([10, 19])],
    ["bytes=999-", spans([999, 999])],
    ["bytes=-1", spans([999, 999])],
    ["bytes=-5000", spans([0, 999])],
    ["bytes=0-99999999999999999999999", spans([0, 999])],
    ["bytes= 0-9 , 20-29", spans([0, 9], [20, 29])],
    ["bytes=0-9,,20-29,", spans([0, 9], [20, 29])],
    ["bytes=500-509,0-9", spans([500, 509], [0, 9])], // apart: in the order asked for
    ["bytes=500-509,0-9,505-600", spans([0, 9], [500, 600])], // overlapping: joined and sorted
    ["bytes=0-9,10-19", spans([0, 19])],
    ["bytes=0-9,2000-", spans([0, 9])], // what is not there is left out
  ])("%s", (field, expected) => {
    expect(chooseRange(field, size)).toEqual(expected);
  });

  it.each(["bytes=1000-", "bytes=1000-2000", "bytes=-0", "bytes=1000-,2000-"])("%s is not satisfiable", (field) => {
    expect(chooseRange(field, size)).toBe("unsatisfiable");
  });

  it.each([
    undefined,
    "",
    "items=0-1",
    "bytes",
    "bytes=",
    "bytes=,",
    "bytes=-",
    "bytes=--1",
    "bytes=5-2",
    "bytes=x-1",
    "bytes=1-2-3",
    "bytes=0x1-2",
    "bytes=1.5-2",
    "bytes=0-1,5-2",
    "bytes =0-1",
    "bytes=0 -1",
    "bytes=+1-2",
    "bytes=٠-١",
  ])("%s is ignored", (field) => {
    expect(chooseRange(field, size)).toBe("whole");
  });

  it("ignores more ranges than anybody needs", () => {
    const many = (count: number): string =>
      `bytes=${Array.from({ length: count }, (_, i) => `${i * 4}-${i * 4}`).join(",")}`;
    expect(chooseRange(many(maxRanges), size)).toHaveLength(maxRanges);
    expect(chooseRange(many(maxRanges + 1), size)).toBe("whole");
    expect(chooseRange(`bytes=${",".repeat(100_000)}0-1`, size)).toBe("whole");
  });

  it("gives exactly the bytes asked for, none twice", () => {
    let seed = 91;
    const below = (limit: number): number => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) % limit;
    for (let round = 0; round < 500; round++) {
      const n = 1 + below(60);
      const wanted = new Set<number>();
      const specs = Array.from({ length: 1 + below(5) }, () => {
        const first = below(70);
        const last = first + below(20);
        for (let i = first; i <= Math.min(last, n - 1); i++) wanted.add(i);
        return `${first}-${last}`;
      });
      const chosen = chooseRange(`bytes=${specs.join(",")}`, n);
      const got =
        typeof chosen === "string"
          ? []
          : chosen.flatMap(({ offset, length }) => Array.from({ length }, (_, i) => offset + i));
      expect(
        got.toSorted((a, b) => a - b),
        `seed 91, round ${round}: ${specs.join()} of ${n}`,
      ).toEqual([...wanted].toSorted((a, b) => a - b));
    }
  });
});

it("writes Content-Range", () => {
  expect(contentRange({ offset: 5, length: 10 }, 1000)).toBe("bytes 5-14/1000");
});
