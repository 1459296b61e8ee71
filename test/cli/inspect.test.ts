import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { find } from "../support/boxes.ts";
import { packets } from "../support/oracle.ts";
import { record } from "../support/recording.ts";
import { ffprobePath } from "../support/tools.ts";
import { boxcar } from "./boxcar-program.ts";

interface Described {
  readonly format: string;
  readonly boxes: readonly {
    readonly type: string;
    readonly offset: number;
    readonly size: number;
    readonly depth: number;
  }[];
  readonly tracks: readonly { readonly samples: number }[];
  readonly samples: readonly { readonly trackIndex: number; readonly size: number; readonly sync: boolean }[];
}

test.skipIf(ffprobePath === undefined)(
  "inspect lists the samples ffprobe lists, and the boxes that are there",
  async () => {
    const [segment] = await record({ count: 3, seconds: 4 });
    const file = segment?.file ?? "";
    const { code, stdout } = await boxcar(["inspect", file, "--json", "--samples"]);
    expect(code).toBe(0);
    const described = JSON.parse(stdout) as Described;
    expect(described.format).toBe("mp4");
    for (const [trackIndex, track] of (await packets(file, { edits: false })).entries()) {
      const samples = described.samples.filter((sample) => sample.trackIndex === trackIndex);
      expect(samples.map(({ size, sync }) => [size, sync])).toEqual(
        track.packets.map(({ size, sync }) => [size, sync]),
      );
    }
    const bytes = await readFile(file);
    for (const path of [["ftyp"], ["moov", "mvhd"], ["moov", "trak", "mdia", "minf", "stbl", "stsz"], ["mdat"]]) {
      const box = { type: path.at(-1), ...find(bytes, ...path), depth: path.length - 1 };
      expect(described.boxes).toContainEqual(box);
    }
    const text = await boxcar(["inspect", file, "--samples"]);
    expect(text.stdout).toMatch(/^ {4}mvhd \d+ \+\d+$/m);
    expect(text.stdout).toContain("track 1: vide avc1.");
    expect(text.stdout).toMatch(/^1 \d+ \d+ 0 \d+ \d+ sync$/m);
  },
);

test("a file that cannot be used shows its boxes and why", async () => {
  const [segment] = await record({ count: 3, seconds: 4 });
  const whole = await readFile(segment?.file ?? "");
  const file = join(await mkdtemp(join(tmpdir(), "boxcar-inspect-")), "renamed.mp4");
  await writeFile(file, whole.subarray(0, whole.length - 100));
  expect((await boxcar(["inspect", file])).stderr).toContain("was cut short");
  whole.write("xtsd", whole.indexOf("stsd"), "latin1");
  await writeFile(file, whole);
  const { code, stdout, stderr } = await boxcar(["inspect", file]);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^ {12}xtsd \d+ \+\d+$/m);
  expect(stderr).toContain(file);
  expect((await boxcar(["inspect", "nowhere.mp4"])).stderr).toBe(
    "boxcar: nowhere.mp4 cannot be read: there is no such file.\n",
  );
});
