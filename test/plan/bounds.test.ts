import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Core } from "../../src/wasm/module.ts";
import { box } from "../support/boxes.ts";
import { buildMovie, videoEntry } from "../support/movie.ts";
import { RECORDED_AT } from "../support/recording.ts";
import { bytesOf, shelve, type Shelf } from "../support/shelf.ts";
import { FORMATS, scratch } from "./output.ts";

const DAY_MS = 86_400_000;
const captions = { offsetMinutes: 0 };

describe("captions over held gaps", () => {
  const days = [0, 300, 800];
  let shelf: Shelf;
  beforeAll(async () => {
    const samples = Array.from({ length: 25 }, () => ({ data: new Uint8Array(50), duration: 1 }));
    const entries = [videoEntry("mp4v", 160, 120, box("esds", new Uint8Array(40)))];
    const { file } = buildMovie({ tracks: [{ handler: "vide", timescale: 25, entries, samples, size: [160, 120] }] });
    const path = await scratch("second.mp4");
    await writeFile(path, file);
    shelf = await shelve(days.map((day) => ({ file: path, startMs: RECORDED_AT + day * DAY_MS })));
  });
  afterAll(() => shelf.close());

  const plan = (untilDay: number): ReturnType<Shelf["plan"]> =>
    shelf.plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + untilDay * DAY_MS + 1000, gaps: "keep", captions });

  test.for(FORMATS)("are made when they are read, hour by hour (%s)", async (format) => {
    const made = [vi.spyOn(Core.prototype, "captions"), vi.spyOn(Core.prototype, "captionFragment")];
    const calls = (): number => made.reduce((sum, { mock }) => sum + mock.calls.length, 0);
    const media = (await plan(300)).media(format);
    expect(media.size).toBeGreaterThan(300 * 86_400 * 27);
    expect(calls()).toBe(0);
    const length = 1 << 20;
    expect(await bytesOf(media, { offset: media.size - 2 * length, length })).toHaveLength(length);
    expect(calls()).toBeGreaterThan(0);
    expect(calls()).toBeLessThan(100);
    for (const spy of made) spy.mockRestore();
  });

  test.for(FORMATS)("are refused for more than a year, by what is allowed (%s)", async (format) => {
    const long = await plan(800);
    expect(() => long.media(format)).toThrow(
      expect.objectContaining({ error: "captions_too_long", status: 400, fields: { longestSeconds: 31_622_400 } }),
    );
  });
});
