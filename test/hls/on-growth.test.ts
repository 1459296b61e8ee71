import { expect, it } from "vitest";
import { GrowingSegments } from "../../src/catalog/growing.ts";
import type { Catalog } from "../../src/catalog/catalog.ts";
import { MadeOnGrowth } from "../../src/http/streaming/on-growth.ts";

it("makes what many wait for once, and again when the stream has grown", async () => {
  const growing = new GrowingSegments();
  const context = { catalog: { growing } as unknown as Catalog };
  const shared = new MadeOnGrowth<{ readonly number: number }>();
  let made = 0;
  const make = (): Promise<{ number: number }> => Promise.resolve({ number: ++made });
  const all = async (count: number): Promise<number[]> => {
    const found = await Promise.all(
      Array.from({ length: count }, () => shared.of(context, "live/cam1", "/index.m3u8", make)),
    );
    return [...new Set(found.map(({ number }) => number))];
  };

  growing.grew("live/cam1");
  expect(await all(100)).toEqual([1]);
  growing.grew("live/other");
  expect(await all(100)).toEqual([1]);
  growing.grew("live/cam1");
  expect(await all(100)).toEqual([2]);
});

it("makes it anew where it failed for another, and each time for a stream that is not being recorded", async () => {
  const growing = new GrowingSegments();
  const context = { catalog: { growing } as unknown as Catalog };
  const shared = new MadeOnGrowth<object>();
  let made = 0;
  const ask = (): Promise<object> =>
    shared.of(context, "live/cam1", "/index.m3u8", () => Promise.resolve({ made: ++made }));
  await ask();
  expect(await ask()).toEqual({ made: 2 });

  growing.grew("live/cam1");
  const gone = shared.of(context, "live/cam1", "/index.m3u8", () => Promise.reject(new Error("the client has gone")));
  const other = ask();
  await expect(gone).rejects.toThrow("the client has gone");
  expect(await other).toEqual({ made: 3 });
});
