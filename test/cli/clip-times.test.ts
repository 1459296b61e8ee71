import { expect, test } from "vitest";
import { layOut, parseClipTime } from "../../src/cli/clip-times.ts";

test.each([
  ["90", 90_000],
  ["2.5", 2500],
  ["1m30s", 90_000],
  ["250ms", 250],
  ["0", 0],
  ["0s", 0],
  ["00:01:30.250", 90_250],
  ["1:02:03", 3_723_000],
  ["1:30", 90_000],
])("%s counts from the start of the first file", (text, offsetMs) => {
  expect(parseClipTime(text, "UTC", "--from")).toEqual({ offsetMs });
});

test("a date is on the wall clock", () => {
  const wallMs = Date.UTC(2026, 0, 31, 12);
  expect(parseClipTime("2026-01-31T12:00:00Z", "UTC", "--from")).toEqual({ wallMs });
  expect(parseClipTime("2026-01-31T13:00:00", "Europe/Berlin", "--from")).toEqual({ wallMs });
});

test.each(["soon", "1:2:3:4", "00:99:00", "-5", ""])("%j is refused by name", (text) => {
  expect(() => parseClipTime(text, "UTC", "--from")).toThrow("--from");
});

test("files follow each other unless times are on the wall clock", () => {
  const files = [
    { durationMs: 1000.2, statedMs: 5000 },
    { durationMs: 2000, statedMs: 9000 },
  ];
  expect(layOut(files, undefined, undefined)).toEqual({ starts: [5000, 6001], startMs: 5000, endMs: 8001 });
  expect(layOut(files, { offsetMs: 500 }, { offsetMs: 1500 })).toMatchObject({ startMs: 5500, endMs: 6500 });
  expect(layOut(files, { wallMs: 5500 }, undefined)).toEqual({ starts: [5000, 9000], startMs: 5500, endMs: 11_000 });
  const undated = files.map(({ durationMs }) => ({ durationMs, statedMs: undefined }));
  expect(layOut(undated, undefined, undefined).starts).toEqual([0, 1001]);
  expect(() => layOut(undated, { wallMs: 0 }, undefined)).toThrow("does not state when it was recorded");
  expect(() => layOut(files, { offsetMs: 10 }, { offsetMs: 10 })).toThrow("not after");
  expect(() => layOut(undated, { offsetMs: 9000 }, { offsetMs: 9500 })).toThrow(/the files, which last \d\.\d+ s/);
  expect(() => layOut(files, { wallMs: 20_000 }, undefined)).toThrow("which end at 1970-01-01T00:00:11.000Z");
});
