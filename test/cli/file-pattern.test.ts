import { readdir, readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { FilePattern } from "../../src/cli/file-pattern.ts";

const read = (pattern: string, path: string, zone = "UTC", streamPath?: string): string | undefined => {
  const found = new FilePattern(pattern, { zone, streamPath }).match(path);
  return found && `${found.streamPath} ${new Date(found.startMs).toISOString()}`;
};

describe("layouts of other recorders", () => {
  const cases: [recorder: string, pattern: string, zone: string, path: string, expected: string][] = [
    [
      "MediaMTX, local time with microseconds",
      "recordings/%path/%Y-%m-%d_%H-%M-%S-%f.mp4",
      "Europe/Berlin",
      "recordings/live/cam1/2026-01-31_11-00-00-250123.mp4",
      "live/cam1 2026-01-31T10:00:00.250Z",
    ],
    [
      "MediaMTX with an offset",
      "%path/%Y-%m-%dT%H-%M-%S%z.mp4",
      "UTC",
      "cam/2026-07-01T10-00-00-0430.mp4",
      "cam 2026-07-01T14:30:00.000Z",
    ],
    ["MediaMTX by seconds", "%path/%s-%f.mp4", "UTC", "a/b/1769853600-000001.mp4", "a/b 2026-01-31T10:00:00.000Z"],
    [
      "Monibuca with nanoseconds",
      "record/%path/%s_%f.mp4",
      "UTC",
      "record/live/cam1/1769853600_123456789.mp4",
      "live/cam1 2026-01-31T10:00:00.123Z",
    ],
    [
      "Monibuca by seconds",
      "record/%path/%s.mp4",
      "UTC",
      "record/live/cam1/1769853600.mp4",
      "live/cam1 2026-01-31T10:00:00.000Z",
    ],
    [
      "Frigate",
      "recordings/%Y-%m-%d/%H/%path/%M.%S.mp4",
      "UTC",
      "recordings/2026-01-31/10/front_door/05.10.mp4",
      "front_door 2026-01-31T10:05:10.000Z",
    ],
  ];
  test.each(cases)("%s", (_, pattern, zone, path, expected) => {
    expect(read(pattern, path, zone)).toBe(expected);
  });
});

test("without %path the stream path is the fixed folder, or given", () => {
  expect(read("live/cam1/%Y-%m-%d_%H-%M-%S.mp4", "live/cam1/2026-01-31_10-00-00.mp4")).toBe(
    "live/cam1 2026-01-31T10:00:00.000Z",
  );
  expect(read("%Y/%m/%d.mp4", "2026/01/31.mp4", "UTC", "yard")).toBe("yard 2026-01-31T00:00:00.000Z");
  expect(read("100%%/%s.mp4", "100%/1769853600123.mp4")).toBe("100% 2026-01-31T10:00:00.123Z");
});

test("what is not of the pattern is passed over", () => {
  const pattern = "cam/%Y-%m-%d_%H-%M-%S.mp4";
  for (const path of [
    "cam/2026-01-31_10-00-00.mp4.part",
    "other/2026-01-31_10-00-00.mp4",
    "cam/2026-02-30_10-00-00.mp4",
    "cam/2026-13-01_10-00-00.mp4",
    "cam/2026-01-31_24-00-00.mp4",
    "cam/2026-01-31_10-00-00xmp4",
    "cam/26-01-31_10-00-00.mp4",
  ]) {
    expect(read(pattern, path), path).toBeUndefined();
  }
  expect(read("%Y/%path/%Y%m%d.mp4", "2025/cam/20260131.mp4")).toBeUndefined();
  expect(read("%Y/%path/%Y%m%d.mp4", "2026/cam/20260131.mp4")).toBe("cam 2026-01-31T00:00:00.000Z");
});

test("local times around a clock change", () => {
  const pattern = "cam/%Y-%m-%d_%H-%M-%S.mp4";
  expect(read(pattern, "cam/2026-07-01_12-00-00.mp4", "Europe/Berlin")).toBe("cam 2026-07-01T10:00:00.000Z");
  // twice in that night: the earlier one
  expect(read(pattern, "cam/2026-10-25_02-30-00.mp4", "Europe/Berlin")).toBe("cam 2026-10-25T00:30:00.000Z");
});

test.each([
  ["cam/%Y-%m.mp4", "says no time"],
  ["%Y-%m-%d.mp4", "says no stream path"],
  ["%path/%Y-%m-%d_%q.mp4", "%q is no placeholder"],
  ["%path/%s%", "% is no placeholder"],
])("%s is refused", (pattern, fault) => {
  expect(() => new FilePattern(pattern, { zone: "UTC" })).toThrow(fault);
});

test("a folder that is no stream path is refused", () => {
  expect(() => new FilePattern("../%s.mp4", { zone: "UTC" })).toThrow("no stream path");
  expect(() => read("%path/%s.mp4", "../1769853600.mp4")).toThrow("no stream path");
});

test("every import that the documentation and the page show has a pattern that can be used", async () => {
  const pages = (await readdir("docs")).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`);
  const texts = await Promise.all(
    ["README.md", "src/preview/page/side-views.ts", ...pages].map((path) => readFile(path, "utf8")),
  );
  const shown = texts.flatMap((text) => text.match(/npx boxcar import .+/g) ?? []);
  expect(shown.length).toBeGreaterThan(3);
  for (const command of shown) {
    const pattern = /--pattern ('[^']+'|PATTERN)/.exec(command)?.[1];
    expect(pattern, command).toBeDefined();
    if (pattern !== "PATTERN")
      expect(() => new FilePattern(String(pattern).slice(1, -1), { zone: "UTC" })).not.toThrow();
  }
});
