import { expect, test } from "vitest";
import { RepeatedHours } from "../../src/cli/repeated-hours.ts";
import type { NamedSegment } from "../../src/cli/file-pattern.ts";
import type { IndexedSegment } from "../../src/core/index.ts";

test("a recording that runs on while clocks are set back goes on in the repeated hour", () => {
  const first = Date.UTC(2025, 9, 26, 0, 0);
  const hour = 3_600_000;
  const named = (atMs: number, againMs?: number): NamedSegment => ({
    ...{ streamPath: "cam", startMs: atMs, againMs, precisionMs: 0 },
  });
  const doubtful = (fromMs: number, count: number): NamedSegment[] =>
    Array.from({ length: count }, (_, i) => named(first + fromMs + 10_000 * i, first + hour + fromMs + 10_000 * i));
  const plain = (fromMs: number, count: number): NamedSegment[] =>
    Array.from({ length: count }, (_, i) => named(first + fromMs + 10_000 * i));
  const again = (...files: NamedSegment[]): number[] => {
    const repeated = new RepeatedHours(files);
    const indexed = { description: { durationMs: 10_000 } } as IndexedSegment;
    return files.flatMap((file) =>
      repeated.startOf(file, indexed, 0).ms === file.startMs ? [] : [file.startMs - first],
    );
  };
  // The end of the hour and then its start again; the whole hour, behind one before or before one behind; and one that says nothing.
  expect(again(...doubtful(0, 3), ...doubtful(hour - 20_000, 2))).toEqual([0, 10_000, 20_000]);
  expect(again(...plain(-20_000, 2), ...doubtful(0, 360))).toEqual([]);
  expect(again(...doubtful(0, 360), ...plain(2 * hour, 2))).toHaveLength(360);
  expect(again(...doubtful(0, 360))).toEqual([]);
  expect(again(...doubtful(600_000, 5))).toEqual([]);
});
