import { beforeAll, describe, expect, test } from "vitest";
import { decodeErrors, durationOf } from "../support/oracle.ts";
import { record, RECORDED_AT, type RecordedSegment } from "../support/recording.ts";
import { shelve } from "../support/shelf.ts";
import { ffmpeg, ffprobePath } from "../support/tools.ts";
import { errorsOf, farthest, FORMATS, remuxed, scratch, shown, written } from "./output.ts";

/** A recording whose tracks end apart: a last sample said to last hours, sound that outlasts its picture or is far from it. */

const HOURS_S = 8520;

async function recorded(count: number, seconds: number, seed: number, sound = true): Promise<RecordedSegment[]> {
  return record({ count, seconds, seed, audio: sound ? "aac" : null, bframes: 0 });
}

const at = ({ file }: RecordedSegment, seconds: number, lasting = 4): RecordedSegment => ({
  file,
  startMs: RECORDED_AT + seconds * 1000,
  endMs: RECORDED_AT + (seconds + lasting) * 1000,
});

/** The same file, the last of 100 pictures said to last for hours. */
async function held(segment: RecordedSegment, fragmented: boolean): Promise<RecordedSegment> {
  const bsf = ["-bsf:v", `setts=duration='if(eq(N,99),${String(HOURS_S)}/TB,DURATION)'`];
  const flags = fragmented ? ["-movflags", "frag_keyframe+empty_moov+default_base_moof"] : [];
  return { ...segment, file: await remuxed(segment.file, ...bsf, ...flags) };
}

describe.skipIf(ffprobePath === undefined)("a last sample that is said to last for hours", () => {
  const cases = FORMATS.flatMap((format) => [true, false].map((fragmented) => ({ format, fragmented })));

  test.for(cases)("yields to what is recorded by then ($format, fragmented=$fragmented)", async (each) => {
    const [first, ...others] = await recorded(4, 4, 1);
    if (first === undefined) throw new Error("no recording");
    const segments = [await held(first, each.fragmented), ...others];
    expect(await durationOf(segments[0]?.file ?? "")).toBeGreaterThan(HOURS_S);
    const shelf = await shelve(segments);
    const [startMs, endMs] = [RECORDED_AT + 2000, RECORDED_AT + 16_000];
    const plan = await shelf.plan({ startMs, endMs });
    expect(plan).toMatchObject({ startMs, endMs, segments: 4, joints: 3, gaps: [], coverage: [{ startMs, endMs }] });
    const file = await written(plan, each.format);
    expect(await decodeErrors(file)).toBe("");
    for (const track of await shown(file)) {
      expect(Math.abs(farthest(await errorsOf(track, segments, startMs))), track.type).toBeLessThan(track.frame);
      expect(track.widest, track.type).toBeLessThan(1.6);
      expect(Math.abs(track.end - 14), track.type).toBeLessThan(track.frame * 2);
      if (track.type === "video") expect(track.samples.length).toBeGreaterThanOrEqual(350);
    }
  });

  test.for(FORMATS)("is held until then, and what follows is told from there on (%s)", async (format) => {
    const [first, second, third] = await recorded(4, 4, 1);
    if (first === undefined || second === undefined || third === undefined) throw new Error("no recording");
    const segments = [await held(first, true), at(second, 7), at(third, 20)];
    const shelf = await shelve(segments);
    const [startMs, endMs] = [RECORDED_AT, RECORDED_AT + 30_000];
    const plan = await shelf.plan({ startMs, endMs, gaps: "keep" });
    expect(plan.gaps).toEqual([{ startMs: RECORDED_AT + 11_000, endMs: RECORDED_AT + 20_000 }]);
    expect(plan.coverage).toEqual([
      { startMs, endMs: RECORDED_AT + 11_000 },
      { startMs: RECORDED_AT + 20_000, endMs: RECORDED_AT + 24_000 },
    ]);
    for (const track of await shown(await written(plan, format))) {
      expect(Math.abs(farthest(await errorsOf(track, segments, startMs))), track.type).toBeLessThan(track.frame);
    }
    const alone = await shelf.plan({ startMs, endMs: RECORDED_AT + 6000 });
    expect(alone).toMatchObject({ startMs, endMs: RECORDED_AT + 6000, gaps: [] });
    const file = await written(alone, format);
    expect(await durationOf(file)).toBeLessThan(6.05);
  });

  test.for(FORMATS)("is not shown where something else is recorded from the start on (%s)", async (format) => {
    const [first, ...others] = await recorded(4, 4, 1);
    if (first === undefined) throw new Error("no recording");
    const shelf = await shelve([await held(first, true), ...others]);
    const [startMs, endMs] = [RECORDED_AT + 5000, RECORDED_AT + 15_000];
    const plan = await shelf.plan({ startMs, endMs });
    expect(plan).toMatchObject({ startMs, endMs, segments: 3, gaps: [], coverage: [{ startMs, endMs }] });
    for (const track of await shown(await written(plan, format))) {
      expect(Math.abs(farthest(await errorsOf(track, others, startMs))), track.type).toBeLessThan(track.frame);
      if (track.type === "video") expect(track.samples.length).toBe(250);
    }
  });

  test.for(FORMATS)("yields to a recorder that took over before it (%s)", async (format) => {
    const [first] = await recorded(4, 4, 1);
    const [other] = await recorded(3, 4, 2);
    if (first === undefined || other === undefined) throw new Error("no recording");
    const segments = [await held(first, true), at(other, 2.3)];
    const shelf = await shelve(segments);
    const [startMs, endMs] = [RECORDED_AT, RECORDED_AT + 6300];
    const plan = await shelf.plan({ startMs, endMs: RECORDED_AT + 60_000 });
    expect(plan).toMatchObject({ startMs, endMs, gaps: [], coverage: [{ startMs, endMs }] });
    for (const track of await shown(await written(plan, format))) {
      expect(Math.abs(farthest(await errorsOf(track, segments, startMs))), track.type).toBeLessThan(track.frame);
      expect(track.widest).toBeLessThan(1.6);
    }
  });

  test.for(cases)(
    "may stand before the last one, which is taken up again ($format, fragmented=$fragmented)",
    async (each) => {
      const [first, second, third] = await recorded(4, 4, 1);
      if (first === undefined || second === undefined || third === undefined) throw new Error("no recording");
      // The last second of pictures, from a sync sample on, 20 s late.
      const bsf = ["-bsf:v", "setts=ts='if(gte(N,75),TS+20/TB,TS)'"];
      const flags = each.fragmented ? ["-movflags", "frag_keyframe+empty_moov+default_base_moof"] : [];
      const late = { ...first, file: await remuxed(first.file, ...bsf, ...flags) };
      const segments = [late, at(second, 5), at(third, 10)];
      const shelf = await shelve(segments);
      const [startMs, endMs] = [RECORDED_AT, RECORDED_AT + 24_000];
      const plan = await shelf.plan({ startMs, endMs: RECORDED_AT + 60_000, gaps: "keep" });
      expect(plan.gaps).toHaveLength(2);
      expect(plan.gaps[0]).toEqual({ startMs: RECORDED_AT + 9000, endMs: RECORDED_AT + 10_000 });
      for (const track of await shown(await written(plan, each.format))) {
        expect(Math.abs(farthest(await errorsOf(track, segments, startMs))), track.type).toBeLessThan(track.frame);
        if (track.type === "video") expect(track.samples.length).toBe(300);
      }
      expect(Math.abs(plan.endMs - endMs)).toBeLessThan(50);
      const inside = await shelf.plan({ startMs: RECORDED_AT + 6000, endMs: RECORDED_AT + 12_000 });
      const file = await written(inside, each.format);
      for (const track of await shown(file)) {
        if (track.type === "video") expect(track.samples.length).toBe(125);
      }
    },
  );

  test.for(FORMATS)("of sound keeps no later sound away (%s)", async (format) => {
    const [first, ...others] = await recorded(3, 4, 1);
    if (first === undefined) throw new Error("no recording");
    const bsf = ["-bsf:a", `setts=duration='if(gte(N,180),${String(HOURS_S)}/TB,DURATION)'`];
    const segments = [{ ...first, file: await remuxed(first.file, ...bsf) }, ...others];
    const shelf = await shelve(segments);
    const plan = await shelf.plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + 12_000 });
    const file = await written(plan, format);
    expect(await durationOf(file)).toBeLessThan(12.05);
    const tracks = await shown(file);
    for (const track of tracks) {
      expect(Math.abs(farthest(await errorsOf(track, segments, RECORDED_AT))), track.type).toBeLessThan(track.frame);
    }
    expect(tracks.find(({ type }) => type === "audio")?.samples.length).toBeGreaterThan(550);
  });
});

describe.skipIf(ffprobePath === undefined)("sound and picture of unequal length", () => {
  /** Picture of 3 s, sound of 5 s; the second one 5 s later. */
  let stalled: RecordedSegment[] = [];
  beforeAll(async () => {
    stalled = await Promise.all(
      [1, 2].map(async (seed, i) => {
        const [segment] = await recorded(1, 5, seed);
        const [short] = await recorded(1, 3, seed, false);
        const file = scratch("stalled.mp4");
        const inputs = ["-i", short?.file ?? "", "-i", segment?.file ?? ""];
        await ffmpeg(["-v", "error", "-y", ...inputs, "-map", "0:v", "-map", "1:a", "-c", "copy", file]);
        return at({ file, startMs: 0, endMs: 0 }, i * 5, 5);
      }),
    );
  });
  const gaps = [{ startMs: RECORDED_AT + 3000, endMs: RECORDED_AT + 5000 }];

  test.for(FORMATS)(
    "at a closed gap the old sound ends with its picture, the new one begins with its own (%s)",
    async (format) => {
      const shelf = await shelve(stalled);
      const plan = await shelf.plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + 10_000 });
      expect(plan.gaps).toEqual(gaps);
      const closed = stalled.map((segment, i) => at(segment, i * 3));
      for (const track of await shown(await written(plan, format))) {
        expect(Math.abs(farthest(await errorsOf(track, closed, RECORDED_AT))), track.type).toBeLessThan(track.frame);
        expect(track.widest).toBeLessThan(1.6);
        expect(track.closest).toBeGreaterThan(0.4);
        expect(Math.abs(track.end - (track.type === "video" ? 6 : 8))).toBeLessThan(track.frame * 2);
      }
    },
  );

  test.for(FORMATS)("at a kept gap the old sound goes on until the new one (%s)", async (format) => {
    const shelf = await shelve(stalled);
    const plan = await shelf.plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + 9000, gaps: "keep" });
    expect(plan.gaps).toEqual(gaps);
    for (const track of await shown(await written(plan, format))) {
      expect(Math.abs(farthest(await errorsOf(track, stalled, RECORDED_AT))), track.type).toBeLessThan(track.frame);
      if (track.type === "audio") expect(track.widest).toBeLessThan(1.6);
      expect(Math.abs(track.end - (track.type === "video" ? 8 : 9))).toBeLessThan(track.frame * 2);
    }
  });

  const offsets = FORMATS.flatMap((format) => [HOURS_S, -HOURS_S].map((offset) => ({ format, offset })));
  test.for(offsets)("sound $offset s away from its picture is left out ($format)", async ({ format, offset }) => {
    const files = await recorded(3, 4, 1);
    const segments = await Promise.all(
      files.map(async (segment) => {
        const file = scratch("far.mp4");
        const [picture, sound] = offset > 0 ? [0, offset] : [-offset, 0];
        const inputs = [
          "-itsoffset",
          String(picture),
          "-i",
          segment.file,
          "-itsoffset",
          String(sound),
          "-i",
          segment.file,
        ];
        await ffmpeg(["-v", "error", "-y", ...inputs, "-map", "0:v", "-map", "1:a", "-c", "copy", file]);
        return { ...segment, file };
      }),
    );
    const shelf = await shelve(segments);
    for (const endMs of [RECORDED_AT + 12_000, RECORDED_AT + 11_000]) {
      const plan = await shelf.plan({ startMs: RECORDED_AT, endMs });
      expect(plan).toMatchObject({ startMs: RECORDED_AT, endMs, gaps: [] });
      const file = await written(plan, format);
      expect(Math.abs((await durationOf(file)) - (endMs - RECORDED_AT) / 1000)).toBeLessThan(0.1);
      expect((await shown(file)).map(({ type }) => type)).toEqual(["video"]);
    }
  });
});
