import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBench, type Bench } from "./matrix.ts";
import { FORMATS, OUTPUTS } from "./outputs.ts";

/**
 * A short form of `npm run readers`: cells that are right and have to stay so. A reader that is not installed is skipped,
 * and said so.
 */
const HELD: readonly (readonly [output: string, readers: readonly string[]])[] = [
  ["keyframe cut", ["mkvmerge", "mediainfo", "mp4box.js", "Chromium MSE"]],
  ["frame cut, edits=none", ["ffmpeg", "mpv", "Chromium MSE"]],
  ["change in-band", ["ffmpeg", "mkvmerge", "mp4box.js", "mediabunny"]],
  ["gap closed", ["mkvmerge", "mediabunny"]],
];

describe("readers", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench(5);
  });
  afterAll(() => bench.close());

  // Without edit lists Media Source Extensions show the whole cut, and all that read fragments no more than it.
  const cells = HELD.flatMap(([name, readers]) =>
    readers.flatMap((reader) => FORMATS.map((format) => ({ name, reader, format }))),
  ).filter(
    ({ name, reader, format }) => format === "fmp4" || (reader !== "Chromium MSE" && !name.includes("edits=none")),
  );
  test.for(cells)("$reader reads: $name, .$format", async ({ name, reader: readerName, format }, { skip }) => {
    const reader = bench.readers.find((one) => one.name === readerName);
    const output = OUTPUTS.find((one) => one.name === name);
    if (output === undefined) throw new Error(`there is no output ${name}`);
    if (reader === undefined) return skip(`${readerName} is not installed`);
    expect(await bench.try(reader, output, format)).toEqual([]);
  });
});
