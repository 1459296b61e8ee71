import { copyFile, mkdtemp, readFile, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { record, RECORDED_AT, type RecordedSegment } from "../support/recording.ts";
import { bytesOf, shelve } from "../support/shelf.ts";
import { FORMATS } from "./output.ts";

/** Copies of a recording that a test may damage. */
async function copies(): Promise<RecordedSegment[]> {
  const folder = await mkdtemp(join(tmpdir(), "boxcar-objects-"));
  return Promise.all(
    (await record({ count: 3, seconds: 2 })).map(async (segment, i) => {
      const file = join(folder, `${String(i)}.mp4`);
      await copyFile(segment.file, file);
      return { ...segment, file };
    }),
  );
}

const range = { startMs: RECORDED_AT + 700, endMs: RECORDED_AT + 5300 };

test.for(FORMATS)("a fresh catalog over the same objects gives the same bytes and entity tag (%s)", async (format) => {
  const segments = await copies();
  const [one, two] = [await shelve(segments), await shelve(segments)];
  const [first, second] = [(await one.plan(range)).media(format), (await two.plan(range)).media(format)];
  expect(second.etag).toBe(first.etag);
  expect(second.size).toBe(first.size);
  expect((await bytesOf(second)).equals(await bytesOf(first))).toBe(true);
  const again = (await one.plan(range)).media(format);
  expect(again.etag).toBe(first.etag);
  const others = [
    await one.plan({ ...range, startMs: range.startMs + 1 }),
    await one.plan({ ...range, endMs: range.endMs - 1 }),
    await one.plan({ ...range, cut: "keyframe" }),
    await one.plan({ ...range, gaps: "keep" }),
    await one.plan({ ...range, changes: "entries" }),
  ].map((plan) => plan.media(format).etag);
  const other = (await one.plan(range)).media(format === "mp4" ? "fmp4" : "mp4").etag;
  expect(new Set([first.etag, other, ...others]).size).toBe(others.length + 2);
});

const damages = [
  { name: "is removed", error: "object_missing", damage: (file: string) => rm(file) },
  {
    name: "is replaced",
    error: "object_changed",
    damage: async (file: string) => {
      await writeFile(file, (await readFile(file)).reverse());
      await utimes(file, new Date(), new Date(Date.now() + 1000)); // a file's clock may stand still for some milliseconds
    },
  },
  { name: "is cut off", error: "object_changed", damage: (file: string) => truncate(file, 3000) },
];

test.for(damages.flatMap((damage) => FORMATS.map((format) => ({ ...damage, format }))))(
  "a first object that $name ends the read with $error before any byte of it ($format)",
  async ({ damage, error, format }) => {
    const segments = await copies();
    const media = (await (await shelve(segments)).plan(range)).media(format);
    const whole = await bytesOf(media);
    await damage(segments[0]?.file ?? "");
    for (const span of [
      { offset: 0, length: media.size },
      { offset: 10, length: media.size - 20 },
    ]) {
      const first = media.read(span)[Symbol.asyncIterator]().next();
      await expect(first, JSON.stringify(span)).rejects.toMatchObject({ code: error });
    }
    // The header alone needs no object.
    expect((await bytesOf(media, { offset: 0, length: 100 })).equals(whole.subarray(0, 100))).toBe(true);
  },
);

test.for(damages.flatMap((damage) => FORMATS.map((format) => ({ ...damage, format }))))(
  "an object that $name since the plan was made ends the read with $error ($format)",
  async ({ damage, error, format }) => {
    const segments = await copies();
    const shelf = await shelve(segments);
    const media = (await shelf.plan(range)).media(format);
    const before = await bytesOf(media);
    await damage(segments[1]?.file ?? "");
    let read = 0;
    const reading = (async () => {
      for await (const chunk of media.read({ offset: 0, length: media.size })) {
        expect(before.subarray(read, read + chunk.length).equals(chunk), `bytes from ${String(read)}`).toBe(true);
        read += chunk.length;
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: error });
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(media.size);
    // what comes before the damage can still be had
    const head = await bytesOf(media, { offset: 0, length: read });
    expect(head.equals(before.subarray(0, read))).toBe(true);
  },
);
