import { afterEach, expect, test, vi } from "vitest";
import { findFfmpeg, findFfprobe } from "../../src/runtime/ffmpeg/ffmpeg-path.ts";
import { ffmpegPath } from "../support/tools.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("FFMPEG_PATH wins, then PATH, then the package", async () => {
  expect(await findFfmpeg()).toBe(ffmpegPath);
  vi.stubEnv("FFMPEG_PATH", "/nowhere/ffmpeg");
  vi.stubEnv("PATH", "/nowhere");
  const packaged = await findFfmpeg();
  expect(packaged).toContain("@ffmpeg-installer");
  vi.stubEnv("FFMPEG_PATH", packaged);
  expect(await findFfmpeg()).toBe(packaged);
});

test("ffprobe is found the same way", async () => {
  vi.stubEnv("FFPROBE_PATH", "");
  vi.stubEnv("PATH", "/nowhere");
  expect(await findFfprobe()).toContain("@ffprobe-installer");
});
