import { describe, expect, it } from "vitest";
import { evaluateConditions, rangeApplies } from "../../src/http/replies/conditional.ts";

describe("evaluateConditions", () => {
  it.each([
    [{}, "proceed"],
    [{ ifMatch: '"a"' }, "proceed"],
    [{ ifMatch: '"x", "a"' }, "proceed"],
    [{ ifMatch: "*" }, "proceed"],
    [{ ifMatch: '"x"' }, 412],
    [{ ifMatch: 'W/"a"' }, 412], // strong comparison
    [{ ifMatch: "a" }, 412],
    [{ ifNoneMatch: '"a"' }, 304],
    [{ ifNoneMatch: 'W/"a"' }, 304], // weak comparison
    [{ ifNoneMatch: '"x,y", "a"' }, 304],
    [{ ifNoneMatch: "*" }, 304],
    [{ ifNoneMatch: '"x"' }, "proceed"],
    [{ ifMatch: '"a"', ifNoneMatch: '"a"' }, 304],
    [{ ifMatch: '"x"', ifNoneMatch: '"a"' }, 412], // If-Match comes first
  ] as const)("%j gives %s", (conditions, expected) => {
    expect(evaluateConditions(conditions, "a")).toBe(expected);
  });
});

describe("rangeApplies", () => {
  it.each([
    [undefined, true],
    ['"a"', true],
    ['"x"', false],
    ['W/"a"', false],
    ["a", false],
    ["Sat, 31 Jan 2026 12:00:00 GMT", false],
  ])("%s: %s", (ifRange, expected) => {
    expect(rangeApplies(ifRange, "a")).toBe(expected);
  });
});
