import { expect, test } from "vitest";
import { bound, i64, setI64 } from "../../src/core/wasm/view.ts";
import { random, seedOf } from "../support/random.ts";

const view = new DataView(new ArrayBuffer(8));

function written(value: number): bigint {
  setI64(view, 0, value);
  return view.getBigInt64(0, true);
}

test("whole numbers of up to 53 bits are written as they are, others rounded", () => {
  const numbers = random(seedOf(1));
  const edges = [1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 52, Number.MAX_SAFE_INTEGER];
  const some = Array.from({ length: 1000 }, () => numbers.below(2 ** 21) * 2 ** 32 + numbers.below(2 ** 32));
  for (const value of [...edges, ...some].flatMap((each) => [each, -each])) {
    expect(written(value)).toBe(BigInt(value));
    expect(i64(view, 0)).toBe(value);
  }
  expect([written(0), written(0.5), written(-0.5), written(-1.6)]).toEqual([0n, 1n, 0n, -2n]);
});

test("infinities are the extremes that stand for no bound", () => {
  expect(written(Number.POSITIVE_INFINITY)).toBe(2n ** 63n - 1n);
  expect(bound(view, 0)).toBe(Number.POSITIVE_INFINITY);
  expect(written(Number.NEGATIVE_INFINITY)).toBe(-(2n ** 63n));
  expect(bound(view, 0)).toBe(Number.NEGATIVE_INFINITY);
});
