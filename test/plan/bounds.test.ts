import { writeFile } from "node:fs/promises";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { OutputBoxes } from "../../src/core/wasm/output-boxes.ts";
import { box } from "../support/boxes.ts";
import { buildMovie, videoEntry } from "../support/movie.ts";
import { RECORDED_AT } from "../support/recording.ts";
import { bytesOf, shelve, type Shelf } from "../support/shelf.ts";
import { FORMATS, scratch } from "./output.ts";

const DAY_MS = 86_400_000;
const captions = { offsetMinutes: 0 };

describe("captions over held gaps", () => {
  // No gap is longer than one sample can last at sixteen thousand ticks a second.
  const days = Array.from({ length: 271 }, (_, i) => 3 * i);
  let shelf: Shelf;
  beforeAll(async () => {
    const samples = Array.from({ length: 25 }, () => ({ data: new Uint8Array(50), duration: 40 }));
    const entries = [videoEntry("mp4v", 160, 120, box("esds", new Uint8Array(40)))];
    const { file } = buildMovie({ tracks: [{ handler: "vide", timescale: 1000, entries, samples, size: [160, 120] }] });
    const path = scratch("second.mp4");
    await writeFile(path, file);
    shelf = await shelve(days.map((day) => ({ file: path, startMs: RECORDED_AT + day * DAY_MS })));
  });

  const plan = (untilDay: number): ReturnType<Shelf["plan"]> =>
    shelf.plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + untilDay * DAY_MS + 1000, gaps: "keep", captions });

  test.for(FORMATS)("are made when they are read, hour by hour (%s)", async (format) => {
    const made = [vi.spyOn(OutputBoxes.prototype, "captions"), vi.spyOn(OutputBoxes.prototype, "captionFragment")];
    const calls = (): number => made.reduce((sum, { mock }) => sum + mock.calls.length, 0);
    const media = (await plan(270)).media(format);
    expect(media.size).toBeGreaterThan(270 * 86_400 * 27);
    expect(calls()).toBe(0);
    const length = 1 << 20;
    expect(await bytesOf(media, { offset: media.size - 2 * length, length })).toHaveLength(length);
    expect(calls()).toBeGreaterThan(0);
    expect(calls()).toBeLessThan(100);
    for (const spy of made) spy.mockRestore();
  });

  test.for(FORMATS)("are refused for more than a year, by what is allowed (%s)", async (format) => {
    const long = await plan(810);
    expect(() => long.media(format)).toThrow(
      expect.objectContaining({ code: "captions_too_long", fields: { longestSeconds: 31_622_400 } }),
    );
  });
});

describe("sample entries", () => {
  /** A recording of a second whose sample entry has a box of so many bytes, which no other has. */
  async function described(length: number, seed: number): Promise<string> {
    const samples = Array.from({ length: 25 }, () => ({ data: new Uint8Array(50), duration: 40 }));
    const entries = [videoEntry("mp4v", 160, 120, box("uuid", new Uint8Array(length).fill(seed)))];
    const { file } = buildMovie({ tracks: [{ handler: "vide", timescale: 1000, entries, samples, size: [160, 120] }] });
    const path = scratch(`described-${String(length)}.mp4`);
    await writeFile(path, file);
    return path;
  }

  test("beyond 256 KiB of a track are refused with the file", async () => {
    await shelve([{ file: await described((256 << 10) - 200, 1), startMs: 0 }]);
    const large = await described(256 << 10, 1);
    await expect(shelve([{ file: large, startMs: 0 }])).rejects.toMatchObject({
      ...{ code: "description_too_large", fields: { box: "stsd" } },
    });
  });

  test("beyond 4 MiB of one download are refused, and a kept plan is as heavy as its own", async () => {
    const files = await Promise.all(
      Array.from({ length: 18 }, async (_, i) => ({ file: await described(250 << 10, i), startMs: i * 1000 })),
    );
    const shelf = await shelve(files);
    const plan = await shelf.plan({ startMs: 0, endMs: 16_000 });
    expect(plan.weight).toBeGreaterThan(2 * 16 * (250 << 10));
    const refusal = { code: "too_many_changes" };
    await expect(shelf.plan({ startMs: 0, endMs: 18_000 })).rejects.toMatchObject(refusal);
  });
});
