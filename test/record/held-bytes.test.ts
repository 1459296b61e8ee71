import { expect, test } from "vitest";
import { HeldBytes } from "../../src/runtime/rtsp/held-bytes.ts";

test("held bytes come out as they went in, in pieces of any length, while the memory for them is moved and grows", () => {
  const held = new HeldBytes();
  let added = 0;
  let taken = 0;
  for (let round = 0; round < 300; round++) {
    const length = (round * 7919) % 9001;
    held.add(Uint8Array.from({ length }, () => added++ % 251));
    const out = held.take(round % 3 === 0 ? 0 : Math.min(added - taken, (round * 104_729) % 13_007));
    expect(
      out.every((byte, i) => byte === (taken + i) % 251),
      `round ${round}`,
    ).toBe(true);
    taken += out.length;
  }
  expect(held.take(added - taken).at(-1)).toBe((added - 1) % 251);
});
