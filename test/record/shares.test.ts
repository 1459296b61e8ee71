import { describe, expect, test } from "vitest";
import { sharesOf } from "../../src/record/shares.ts";

/** What each first part gives, of so many bytes recorded and uploaded a stream. */
function given(
  uses: Record<string, readonly [recorded: number, uploaded: number]>,
  excess: number,
  counted: "all" | "recorded" = "recorded",
): Record<string, number> {
  const all = Object.entries(uses).map(([path, [recorded, uploaded]]) => [path, { recorded, uploaded }] as const);
  return Object.fromEntries(Array.from(sharesOf(new Map(all), excess, counted), ([name, { gives }]) => [name, gives]));
}

describe("of the room that is to be given up,", () => {
  test("who takes less than an equal share gives nothing, and those who take more end up alike", () => {
    expect(given({ "a/x": [100, 0], "b/x": [500, 0], "c/x": [1000, 0] }, 300)).toEqual({ a: 0, b: 0, c: 300 });
    expect(given({ "a/x": [100, 0], "b/x": [500, 0], "c/x": [1000, 0] }, 700)).toEqual({ a: 0, b: 100, c: 600 });
    expect(given({ "a/x": [100, 0], "b/x": [500, 0], "c/x": [1000, 0] }, 1450)).toEqual({ a: 50, b: 450, c: 950 });
    expect(given({ a: [100, 0], b: [100, 0] }, 9000)).toEqual({ a: 100, b: 100 });
    expect(given({}, 9)).toEqual({});
  });

  test("many streams count as their first part", () => {
    const many = Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`mal/${String(i)}`, [100, 0] as const]));
    expect(given({ "alice/cam": [1600, 0], ...many }, 3000)).toEqual({ alice: 0, mal: 3000 });
    expect(sharesOf(new Map([["a/x", { recorded: 60, uploaded: 0 }], ["a/y", { recorded: 40, uploaded: 0 }]]), 20, "all").get("a"))
      .toEqual({ gives: 20, each: 40, over: 0 }); // prettier-ignore
  });

  test("uploads count against their own first part, of which recordings alone go", () => {
    expect(given({ "alice/cam": [100, 0], "mal/fill": [10, 900] }, 500, "all")).toEqual({ alice: 0, mal: 10 });
    expect(given({ "alice/cam": [600, 0], "mal/fill": [0, 900] }, 500, "all")).toEqual({ alice: 100, mal: 0 });
    // Where uploads are not in the way, what was recorded is brought down all the same.
    expect(given({ "alice/cam": [600, 0], "mal/fill": [100, 900] }, 500)).toEqual({ alice: 400, mal: 100 });
  });
});
