import { copyFile, mkdir, mkdtemp, open, readFile, realpath, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readConfig } from "../../src/config/config.ts";
import { openNodeParts } from "../../src/runtime/node/node-parts.ts";
import { record } from "../support/recording.ts";
import { start } from "./boxcar-program.ts";

test("a folder is followed: what is finished is taken in, what is being written is left alone", async () => {
  const recording = await record({ count: 3, seconds: 2 });
  const files = recording.map(({ file }) => file);
  const folder = await realpath(await mkdtemp(join(tmpdir(), "boxcar-follow-")));
  const data = join(folder, "data");
  const below = join(folder, "recordings", "live", "cam1");
  await mkdir(below, { recursive: true });
  const name = (second: number): string => `2026-01-31_11-00-0${second}-000000.mp4`;
  await copyFile(files[0] ?? "", join(below, name(0)));
  const pattern = ["--pattern", "%path/%Y-%m-%d_%H-%M-%S-%f.mp4", "--tz", "UTC"];
  const program = start(["import", join(folder, "recordings"), ...pattern, "--watch"], { BOXCAR_DATA: data });
  expect(await program.line(name(0))).toMatch(/^imported live\/cam1\/.*: live\/cam1 2026-01-31T11:00:00.000Z 2.0 s/);
  // One that is held open is not finished, however long nothing is written.
  const bytes = await readFile(files[1] ?? "");
  const written = await open(join(below, name(2)), "w");
  await written.write(bytes.subarray(0, bytes.length - 5000));
  // One that is moved there is, and so is one in a folder that is new.
  await mkdir(join(folder, "recordings", "live", "cam2"));
  await copyFile(files[2] ?? "", join(folder, "moved.mp4"));
  await rename(join(folder, "moved.mp4"), join(folder, "recordings", "live", "cam2", name(4)));
  expect(await program.line(`cam2/${name(4)}`)).toMatch(/^imported/);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const parts = await openNodeParts(readConfig({ BOXCAR_DATA: data }));
  const ready = async (): Promise<number> => (await parts.catalog.streams()).reduce((sum, { count }) => sum + count, 0);
  expect(await ready()).toBe(2);
  await written.write(bytes.subarray(bytes.length - 5000));
  const closedMs = performance.now();
  await written.close();
  expect(await program.line(`cam1/${name(2)}`)).toMatch(/^imported .* 2\.0 s/);
  console.log(`taken in ${Math.round(performance.now() - closedMs)} ms after it was closed`);
  expect(await ready()).toBe(3);
  await parts.close();
  program.interrupt();
  const { code, stdout } = await program.finished;
  expect([code, stdout.match(/^imported/gm)]).toEqual([0, ["imported", "imported", "imported"]]);
  await rm(folder, { recursive: true });
});
