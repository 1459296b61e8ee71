import { mkdtemp, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { makeDemoRecordings } from "../../src/cli/demo-recordings.ts";
import { packets } from "../support/oracle.ts";
import { ffmpegPath, ffprobePath } from "../support/tools.ts";

test("the demonstration records a minute in six files, once a folder", async () => {
  const folder = join(await mkdtemp(join(tmpdir(), "boxcar-demo-")), "recordings");
  const segments = await makeDemoRecordings(ffmpegPath, folder);
  expect(segments.map(({ file }) => basename(file))).toEqual(
    ["00", "10", "20", "30", "40", "50"].map((second) => `2026-01-31_10-00-${second}.mp4`),
  );
  for (const { file } of segments) {
    const bytes = await readFile(file);
    expect(bytes.indexOf("moov")).toBeLessThan(bytes.indexOf("mdat"));
    if (ffprobePath === undefined) continue;
    const [video, audio] = await packets(file, { edits: false });
    expect(video?.packets).toHaveLength(250);
    expect(video?.packets.filter(({ sync }) => sync)).toHaveLength(5);
    expect(audio?.packets.length).toBeGreaterThan(460);
  }
  const made = (await stat(folder)).ino;
  expect(await makeDemoRecordings(ffmpegPath, folder)).toEqual(segments);
  expect((await stat(folder)).ino).toBe(made);
});
