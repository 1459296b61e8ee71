import { describe, expect, it } from "vitest";
import { allows, matches, parseGrant } from "../../src/base/scopes.ts";
import { random, seedOf } from "../support/random.ts";

describe("a pattern", () => {
  it.each([
    ["live/*", "live/cam1", true],
    ["live/*", "live/a/b/c", true],
    ["live/*", "lives", false],
    ["live/*", "lives/cam1", false],
    ["live/*", "live", false],
    ["live/*", "Live/cam1", false],
    ["live/*", "other/live/cam1", false],
    ["live*", "lives/cam1", true],
    ["*/cam1", "live/cam1", true],
    ["*/cam1", "cam1", false],
    ["*/cam1", "live/xcam1", false],
    ["a*b*c", "a-b-b-c", true],
    ["a*b*c", "a-c-b", false],
    ["live/cam1", "live/cam1", true],
    ["live/cam1", "live/cam10", false],
    ["live/?am1", "live/cam1", false],
    ["live/[c]am1", "live/cam1", false],
    ["live/.am1", "live/cam1", false],
    ["**", "live/cam1", true],
    // é in one code point and in two: different streams, also to the catalog
    ["caf\u00e9/*", "caf\u00e9/1", true],
    ["caf\u00e9/*", "cafe\u0301/1", false],
    ["\u{1f600}*", "\u{1f600}x", true],
  ])("%s for %s: %s", (pattern, path, expected) => {
    expect(matches(pattern, path)).toBe(expected);
  });

  it("matches as a regular expression with the same meaning does", () => {
    const dice = random(seedOf(20_261_121));
    let matched = 0;
    for (let i = 0; i < 20_000; i++) {
      const pattern = Array.from({ length: dice.below(7) }, () => dice.pick(["a", "b", "/", "*"])).join("");
      const path = Array.from({ length: dice.below(9) }, () => dice.pick(["a", "b", "/"])).join("");
      const oracle = new RegExp(`^${pattern.replaceAll("*", ".*")}$`, "s").test(path);
      expect(matches(pattern, path), `seed ${dice.seed}: ${pattern} for ${path}`).toBe(oracle);
      if (oracle) matched++;
    }
    expect(matched).toBeGreaterThan(1000);
  });

  it("takes no longer than its length times the path's", () => {
    expect(matches(`${"*a".repeat(250)}b`, "a".repeat(512))).toBe(false);
  });
});

describe("a grant", () => {
  it.each([
    ["read", { scope: "read", pattern: "*" }],
    ["upload:live/*", { scope: "upload", pattern: "live/*" }],
    ["read:a:b", { scope: "read", pattern: "a:b" }],
    ["", undefined],
    ["write", undefined],
    ["Read", undefined],
    ["read:", undefined],
    ["read:/live", undefined],
    ["read:live/../x", undefined],
    ["read:live//x", undefined],
    ["openid", undefined],
  ])("written %j", (text, expected) => {
    expect(parseGrant(text)).toEqual(expected);
  });

  it("for certain streams does not cover calls about none; admin covers every scope", () => {
    const narrow = [{ scope: "upload", pattern: "live/*" }] as const;
    expect(allows(narrow, "upload", undefined)).toBe(false);
    expect(allows(narrow, "upload", "live/a")).toBe(true);
    expect(allows(narrow, "read", "live/a")).toBe(false);
    const admin = [{ scope: "admin", pattern: "live/*" }] as const;
    expect(allows(admin, "delete", "live/a")).toBe(true);
    expect(allows(admin, "admin", undefined)).toBe(false);
  });
});
