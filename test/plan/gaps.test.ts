import { beforeAll, describe, expect, test } from "vitest";
import { BoxcarError } from "../../src/base/errors.ts";
import { record, RECORDED_AT, type RecordedSegment } from "../support/recording.ts";
import { shelve, type Shelf } from "../support/shelf.ts";
import { decodeErrors } from "../support/oracle.ts";
import { ffprobePath } from "../support/tools.ts";
import { errorsOf, farthest, FORMATS, shown, written } from "./output.ts";

/** Segments of two seconds, the third of which begins later than the second ends. */
const GAP = 3000;
const endMs = RECORDED_AT + 8000 + GAP;

async function withGap(gapMs: number): Promise<RecordedSegment[]> {
  const segments = await record({ count: 4, seconds: 2 });
  return segments.map(({ file, startMs, endMs }, i) => {
    const late = i < 2 ? 0 : gapMs;
    return { file, startMs: startMs + late, endMs: endMs + late };
  });
}

describe.skipIf(ffprobePath === undefined)("a gap", () => {
  let segments: RecordedSegment[] = [];
  let shelf: Shelf;
  beforeAll(async () => {
    segments = await withGap(GAP);
    shelf = await shelve(segments);
  });
  const gaps = [{ startMs: RECORDED_AT + 4000, endMs: RECORDED_AT + 4000 + GAP }];

  test.for(FORMATS)("is closed by gaps=skip (%s)", async (format) => {
    const plan = await shelf.plan({ startMs: RECORDED_AT, endMs });
    expect(plan).toMatchObject({ startMs: RECORDED_AT, endMs, joints: 3, gaps, segments: 4 });
    expect(plan.coverage).toEqual([
      { startMs: RECORDED_AT, endMs: RECORDED_AT + 4000 },
      { startMs: RECORDED_AT + 4000 + GAP, endMs },
    ]);
    const file = await written(plan, format);
    expect(await decodeErrors(file)).toBe("");
    const closed = await withGap(0);
    for (const track of await shown(file)) {
      expect(Math.abs(farthest(await errorsOf(track, closed, RECORDED_AT)))).toBeLessThan(track.frame);
      expect(track.widest).toBeLessThan(1.6);
      expect(track.closest).toBeGreaterThan(0.4);
      expect(Math.abs(track.end - 8)).toBeLessThan(track.frame * 2);
    }
  });

  test.for(FORMATS)("keeps its length with gaps=keep (%s)", async (format) => {
    const plan = await shelf.plan({ startMs: RECORDED_AT, endMs, gaps: "keep" });
    expect(plan).toMatchObject({ startMs: RECORDED_AT, endMs, joints: 3, gaps, segments: 4 });
    const file = await written(plan, format);
    expect(await decodeErrors(file)).toBe("");
    for (const track of await shown(file)) {
      expect(Math.abs(farthest(await errorsOf(track, segments, RECORDED_AT)))).toBeLessThan(track.frame);
      expect(Math.abs(track.widest * track.frame - GAP / 1000)).toBeLessThan(track.frame * 2);
      expect(Math.abs(track.end - 8 - GAP / 1000)).toBeLessThan(track.frame * 2);
    }
  });

  test.for(FORMATS)("may hold the start or the end of the range (%s)", async (format) => {
    const plan = await shelf.plan({ startMs: RECORDED_AT + 5000, endMs: RECORDED_AT + 8500, gaps: "keep" });
    expect(plan).toMatchObject({ startMs: RECORDED_AT + 7000, endMs: RECORDED_AT + 8500, joints: 0, gaps: [] });
    for (const track of await shown(await written(plan, format))) {
      expect(Math.abs(farthest(await errorsOf(track, segments, RECORDED_AT + 7000)))).toBeLessThan(track.frame);
      expect(Math.abs(track.end - 1.5)).toBeLessThan(track.frame * 2);
    }
    const before = await shelf.plan({ startMs: RECORDED_AT + 3000, endMs: RECORDED_AT + 6000, gaps: "keep" });
    expect(before).toMatchObject({ startMs: RECORDED_AT + 3000, endMs: RECORDED_AT + 4000, joints: 0, gaps: [] });
    for (const track of await shown(await written(before, format))) {
      expect(Math.abs(farthest(await errorsOf(track, segments, RECORDED_AT + 3000)))).toBeLessThan(track.frame);
      expect(Math.abs(track.end - 1)).toBeLessThan(0.1); // the segment's sound is a little longer than its picture
    }
  });

  test("alone is not recorded", async () => {
    const asked = shelf.plan({ startMs: RECORDED_AT + 4500, endMs: RECORDED_AT + 6500 });
    await expect(asked).rejects.toThrow(BoxcarError);
    await expect(asked).rejects.toMatchObject({ code: "not_recorded" });
  });

  test("of a week is too long to be kept by audio of 48 kHz", async () => {
    const far = await shelve(await withGap(7 * 86_400_000));
    const range = { startMs: RECORDED_AT, endMs: RECORDED_AT + 8 * 86_400_000 };
    await expect(far.plan({ ...range, gaps: "keep" })).rejects.toMatchObject({ code: "gap_too_long" });
    expect((await far.plan(range)).joints).toBe(3);
  });
});

describe.skipIf(ffprobePath === undefined)("the gap tolerance", () => {
  test.for([
    { distance: 499, gaps: 0 },
    { distance: 500, gaps: 0 },
    { distance: 501, gaps: 1 },
    { distance: -400, gaps: 0 },
  ])("of 500 ms: a distance of $distance ms makes $gaps gaps", async ({ distance, gaps }) => {
    const segments = await withGap(distance);
    const shelf = await shelve(segments);
    const plan = await shelf.plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + 9000, gaps: "keep" });
    expect(plan.gaps).toHaveLength(gaps);
    for (const track of await shown(await written(plan, "mp4"))) {
      const errors = await errorsOf(track, segments, RECORDED_AT);
      // Below it wall clocks are taken to be inexact: the samples follow one another as they were recorded.
      const error = gaps > 0 ? 0 : Math.abs(distance) / 1000;
      expect(Math.abs(Math.abs(farthest(errors)) - error)).toBeLessThan(track.frame);
      expect(track.closest).toBeGreaterThan(0.4);
      if (gaps === 0) expect(track.widest).toBeLessThan(1.6);
    }
  });
});
