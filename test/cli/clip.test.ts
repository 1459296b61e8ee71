import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { judgeCut } from "../support/judge.ts";
import { durationOf, packets } from "../support/oracle.ts";
import { record, RECORDED_AT } from "../support/recording.ts";
import { ffprobePath } from "../support/tools.ts";
import { boxcar } from "./boxcar-program.ts";

const needsFfprobe = test.skipIf(ffprobePath === undefined);
const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), "boxcar-clip-"));

needsFfprobe.each([
  { format: "mp4", cut: "frame", fragmented: false },
  { format: "fmp4", cut: "frame", fragmented: true },
  { format: "mp4", cut: "keyframe", fragmented: true },
] as const)(
  "clip joins files: $format, cut at a $cut, fragmented source: $fragmented",
  async ({ format, cut, fragmented }) => {
    const segments = await record({ count: 3, seconds: 4, fragmented });
    const files = segments.map(({ file }) => file);
    const output = join(await newFolder(), "out.mp4");
    const args = [
      "clip",
      ...files,
      "--from",
      "1.48",
      "--to",
      "00:00:09.240",
      "-o",
      output,
      "--format",
      format,
      "--cut",
      cut,
    ];
    const { code, stderr } = await boxcar(args);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/out\.mp4: \d+\.\d{3} s, \d+ bytes, avc1.*,mp4a.*, 2 joints, 0 gaps/);
    const [startMs, endMs] = [RECORDED_AT + 1480, RECORDED_AT + 9240];
    expect(await judgeCut({ segments, startMs, endMs, output, cut, fragmented: format === "fmp4" })).toEqual([]);
  },
);

needsFfprobe("a recording that lost its last fragment is clipped as far as it goes, with a warning", async () => {
  const [segment] = await record({ count: 1, seconds: 4, fragmented: true });
  const folder = await newFolder();
  const [cut, output] = [join(folder, "cut.mp4"), join(folder, "out.mp4")];
  const file = await readFile(segment?.file ?? "");
  await writeFile(cut, file.subarray(0, file.lastIndexOf("mdat") + 100));
  const { code, stderr } = await boxcar(["clip", cut, "-o", output]);
  expect(code, stderr).toBe(0);
  expect(stderr).toContain(`warning: ${cut}: An incomplete last movie fragment was left out.`);
  const [whole, kept] = await Promise.all([packets(segment?.file ?? ""), packets(output, { edits: false })]);
  const count = (tracks: typeof kept): number => tracks.reduce((sum, track) => sum + track.packets.length, 0);
  expect(count(kept)).toBeGreaterThan(0);
  expect(count(kept)).toBeLessThan(count(whole));
});

needsFfprobe("whole files without times; an existing file is kept unless forced", async () => {
  const [first, second] = await record({ count: 3, seconds: 4 });
  const output = join(await newFolder(), "out.mp4");
  const files = [first?.file ?? "", second?.file ?? ""];
  expect(await boxcar(["clip", ...files, "-o", output])).toMatchObject({ code: 0, stdout: "" });
  expect(await durationOf(output)).toBeCloseTo(8, 0);
  const [video] = await packets(output, { edits: false });
  expect(video?.packets).toHaveLength(200);
  const again = await boxcar(["clip", ...files, "-o", output]);
  expect(again).toMatchObject({ code: 2 });
  expect(again.stderr).toContain("--force");
  const before = await readFile(output);
  expect(await boxcar(["clip", ...files, "-o", output, "--force"])).toMatchObject({ code: 0 });
  expect(await readFile(output)).toEqual(before);
});

test("what cannot be cut is named, and nothing is written", async () => {
  const folder = await newFolder();
  const [first] = await record({ count: 3, seconds: 4 });
  const [text, output] = [join(folder, "text.mp4"), join(folder, "out.mp4")];
  await writeFile(text, "this is no MP4");
  const bad = await boxcar(["clip", first?.file ?? "", text, "-o", output]);
  expect(bad.code).toBe(1);
  expect(bad.stderr).toContain(text);
  const outside = await boxcar(["clip", first?.file ?? "", "--from", "1h", "--to", "2h", "-o", output]);
  expect(outside.code).toBe(2);
  expect(outside.stderr).toMatch(/^boxcar: --from is not before the end of the files, which last \d/);
  await expect(readFile(output)).rejects.toMatchObject({ code: "ENOENT" });
});
