import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { judgeCut } from "./judge.ts";
import { frameHashes } from "./oracle.ts";
import { record } from "./recording.ts";
import { ffmpeg, ffprobePath } from "./tools.ts";

const ENOUGH_MS = 4000;

test.skipIf(ffprobePath === undefined)("a segment is a good cut of itself, and whatever differs is named", async () => {
  const [first, second] = await record({ count: 2, seconds: 4, bframes: 0 });
  if (first === undefined || second === undefined) throw new Error("no segments");
  const { startMs } = first;
  const segments = [first, second];
  const endMs = startMs + ENOUGH_MS;
  expect(await judgeCut({ segments, startMs, endMs, output: first.file })).toEqual([]);
  expect(await judgeCut({ segments, startMs, endMs: endMs - 1000, output: first.file })).toEqual([
    "video: presentation ends at 4.000 s, wanted 3.000 s",
    expect.stringMatching(/^audio: presentation ends/),
  ]);
  expect(await judgeCut({ segments, startMs, endMs, output: second.file })).toContain(
    "video: does not start at the last sync sample at or before the start",
  );

  const folder = await mkdtemp(join(tmpdir(), "boxcar-judge-"));
  const recoded = join(folder, "recoded.mp4");
  await ffmpeg(["-v", "error", "-i", first.file, "-c:v", "mpeg4", "-c:a", "copy", recoded]);
  expect(await judgeCut({ segments, startMs, endMs, output: recoded })).toContain(
    "video: the first sample is not in the source",
  );
  const late = join(folder, "late.mp4");
  await ffmpeg([
    "-v",
    "error",
    "-itsoffset",
    "0.2",
    "-i",
    first.file,
    "-i",
    first.file,
    "-map",
    "0:a",
    "-map",
    "1:v",
    "-c",
    "copy",
    late,
  ]);
  expect(await judgeCut({ segments, startMs, endMs, output: late })).toContainEqual(
    expect.stringMatching(/^audio: presented up to (19|2[0-3])\d\.\d ms away/),
  );
});

test("frames can be compared across files", async () => {
  const [first, second] = await record({ count: 2, seconds: 4 });
  const frames = await frameHashes(first?.file ?? "");
  expect(frames).toHaveLength(100);
  expect(frames).not.toEqual(await frameHashes(second?.file ?? ""));
});
