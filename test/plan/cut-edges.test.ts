import { writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { box, u16, zeros } from "../support/boxes.ts";
import { buildMovie, videoEntry, type MovieTrack } from "../support/movie.ts";
import { frameHashes, timedFrames } from "../support/oracle.ts";
import { record, RECORDED_AT } from "../support/recording.ts";
import { bytesOf, shelve } from "../support/shelf.ts";
import { timingOf, type TimedTrack } from "../support/timing.ts";
import { ffmpeg, ffprobe, ffprobePath } from "../support/tools.ts";
import { FORMATS, scratch, shown, written } from "./output.ts";

const text = new TextEncoder();

/** Two seconds of pictures with three of telemetry, a sample a second. */
function telemetry(segment: number): Uint8Array {
  const video: MovieTrack = {
    handler: "vide",
    timescale: 1000,
    entries: [videoEntry("mp4v", 64, 48)],
    samples: Array.from({ length: 50 }, (_, i) => ({ data: text.encode(`picture ${segment} ${i}`), duration: 40 })),
    size: [64, 48],
  };
  const data: MovieTrack = {
    handler: "meta",
    timescale: 1000,
    entries: [box("gpmd", zeros(6), u16(1), zeros(4))],
    samples: [0, 1, 2].map((i) => ({ data: text.encode(`telemetry ${segment} ${i}`), duration: 1000 })),
  };
  return buildMovie({ tracks: [video, data] }).file;
}

describe.skipIf(ffprobePath === undefined)("telemetry that is longer than its video", () => {
  test.for(FORMATS)("loses nothing at a joint (%s)", async (format) => {
    const segments = await Promise.all(
      [0, 1, 2].map(async (i) => {
        const file = scratch("telemetry.mp4");
        await writeFile(file, telemetry(i));
        return { file, startMs: RECORDED_AT + i * 2000 };
      }),
    );
    const shelf = await shelve(segments);
    const file = await written(await shelf.plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + 7000 }), format);
    const asked = ["-select_streams", "d", "-show_data", "-show_entries", "packet=pts_time,data", "-of", "json"];
    const { packets } = JSON.parse(await ffprobe(["-v", "error", ...asked, file])) as {
      packets: { pts_time: string; data: string }[];
    };
    const told = packets.map(({ pts_time, data }) => {
      const [words = ""] = /telemetry \d \d/.exec(data) ?? [];
      // ffmpeg moves the whole track of a fragmented file where composition offsets are negative.
      return [words, Number(pts_time) - Number(packets[0]?.pts_time)];
    });
    const wanted = [0, 1, 2].flatMap((segment) =>
      [0, 1, 2].map((i) => [`telemetry ${String(segment)} ${String(i)}`, segment * 2 + i]),
    );
    expect(told).toEqual(wanted);
  });
});

/** A file of pictures at 25 a second, in decode order; the last one may be stated to last no time. */
async function pictures(
  count: number,
  options: {
    order?: readonly number[];
    timescale?: number;
    usual?: number;
    last?: number;
    /** Pictures that the edit list shows; 0: all. */
    edited?: number;
    /** Those that it hides in front. */
    hidden?: number;
    /** From one sync sample to the next. Default: one alone. */
    group?: number;
  },
): Promise<string> {
  const { order = [0], timescale = 1000, usual = 40, last = usual, edited = 0, hidden = 0, group = count } = options;
  const samples = Array.from({ length: count }, (_, i) => ({
    data: text.encode(`picture ${String(i)}`),
    duration: i === count - 1 ? last : usual,
    offset: ((order[i % order.length] ?? 0) - (i % order.length) + order.length) * usual,
    sync: i % group === 0,
  }));
  const entries = [videoEntry("mp4v", 64, 48)];
  const edits: MovieTrack["edits"] = [[(edited * usual * 1000) / timescale, (order.length + hidden) * usual]];
  const file = scratch("pictures.mp4");
  const track: MovieTrack = { handler: "vide", timescale, entries, samples, edits, size: [64, 48] };
  await writeFile(file, buildMovie({ tracks: [track] }).file);
  return file;
}

describe.skipIf(ffprobePath === undefined)("a range up to the stated end of a recording", () => {
  test.for(FORMATS)("has its last picture, also when that is stated to last no time (%s)", async (format) => {
    const shelf = await shelve([{ file: await pictures(50, { last: 0 }), startMs: RECORDED_AT }]);
    const plan = await shelf.plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + 1960 });
    const [video] = await shown(await written(plan, format));
    expect(video?.samples).toHaveLength(50);
    expect(plan.endMs).toBe(RECORDED_AT + 2000);
    const before = await shelf.plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + 1950 });
    expect((await shown(await written(before, format)))[0]?.samples).toHaveLength(49);
  });
});

/** When the samples of a track are presented by its media alone, milliseconds, in decode order. */
function timesOf(track: TimedTrack | undefined): number[] {
  return (track?.samples ?? []).map(({ dts, offset }) => ((dts + offset) * 1000) / (track?.timescale ?? 1));
}

describe("two pictures behind the end of a fragmented cut that others need", () => {
  test.each([
    [30_000, 1001],
    [600, 20],
    [60_000, 1001],
  ])("come no closer to each other than a frame (%i/%i)", async (timescale, usual) => {
    const file = await pictures(60, { order: [0, 4, 2, 1, 3], timescale, usual });
    const shelf = await shelve([{ file, startMs: RECORDED_AT }]);
    for (const part of [0.1, 0.3, 0.45]) {
      const endMs = RECORDED_AT + Math.ceil(((21 + part) * usual * 1000) / timescale);
      const plan = await shelf.plan({ startMs: RECORDED_AT, endMs });
      const [video] = timingOf(await bytesOf(plan.media("fmp4"))).tracks;
      const times = (video?.samples ?? []).map(({ dts, offset }) => dts + offset).sort((a, b) => a - b);
      expect(times).toHaveLength(24);
      expect(Math.min(...times.slice(1).map((time, i) => time - (times[i] ?? 0)))).toBe(
        (usual * (video?.timescale ?? 0)) / timescale,
      );
    }
  });
});

describe("pictures behind the end of a fragmented cut, which ends inside a long one that needs them", () => {
  test.each([60, 100, 300, 430])("are not shown before it, at %i ms", async (lengthMs) => {
    const [dts, pts] = [
      [0, 40, 440, 480, 520],
      [0, 520, 440, 40, 480],
    ];
    const samples = pts.map((time, i) => {
      const duration = (dts[i + 1] ?? 560) - (dts[i] ?? 0);
      return { data: text.encode(`long ${i}`), duration, offset: time - (dts[i] ?? 0) + 400, sync: i === 0 };
    });
    const video: MovieTrack = { handler: "vide", timescale: 1000, entries: [videoEntry("mp4v", 64, 48)], samples };
    const file = scratch("long.mp4");
    await writeFile(file, buildMovie({ tracks: [{ ...video, edits: [[560, 400]] }] }).file);
    const plan = await (
      await shelve([{ file, startMs: RECORDED_AT }])
    ).plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + lengthMs });
    const [track] = timingOf(await bytesOf(plan.media("fmp4"))).tracks;
    const times = timesOf(track).sort((a, b) => a - b);
    expect(times).toHaveLength(4);
    expect(times[1]).toBe((times[0] ?? 0) + 40);
    expect(times[2]).toBeGreaterThanOrEqual((times[0] ?? 0) + lengthMs - 1);
  });
});

describe("pictures that an edit list hides at the end of a recording", () => {
  test.each([30, 40, 45])("are not shown where the next one goes on, of %i shown", async (edited) => {
    const order = [0, 4, 2, 1, 3];
    const file = await pictures(60, { order, edited });
    const starts = [0, 1, 2].map((i) => RECORDED_AT + i * edited * 40);
    const shelf = await shelve(starts.map((startMs) => ({ file, startMs })));
    for (const format of FORMATS) {
      const plan = await shelf.plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + edited * 120 });
      const times = timesOf(timingOf(await bytesOf(plan.media(format))).tracks[0]).sort((a, b) => a - b);
      // Edits are told to the millisecond, and end with it.
      const shownAt = times.map((time) => Math.round((time - (times[0] ?? 0)) / 40));
      expect(shownAt).toEqual(Array.from({ length: 3 * edited }, (_, i) => i));
    }
  });
});

describe("pictures that an edit list hides at the start of a recording", () => {
  test.each([0, 1400, 1900, 2600])("are decoded in step with what they go on from, from %i ms on", async (fromMs) => {
    // 30 pictures of a recording that is copied in pieces of 50 from the sync sample before each.
    const file = await pictures(80, { hidden: 30, group: 40 });
    const segments = [0, 1, 2].map((i) => ({ file, startMs: RECORDED_AT + i * 2000 }));
    const range = { startMs: RECORDED_AT + fromMs, endMs: RECORDED_AT + 6000 };
    for (const format of FORMATS) {
      const plan = await (await shelve(segments)).plan({ ...range, edits: "none" });
      const { tracks } = timingOf(await bytesOf(plan.media(format)));
      const { samples = [], timescale = 1 } = tracks[0] ?? {};
      const times = timesOf(tracks[0]);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(new Set(times).size).toBe(times.length);
      expect(plan.endMs).toBe(RECORDED_AT + 6000);
      const { dts = 0, duration = 0 } = samples.at(-1) ?? {};
      expect(Math.abs(((dts + duration) * 1000) / timescale - (6000 - fromMs))).toBeLessThan(100);
    }
  });
});

describe.skipIf(ffprobePath === undefined)("edits=none", () => {
  test.for(FORMATS)(
    "ends the media with the last picture where all are decoded before the start (%s)",
    async (format) => {
      const shelf = await shelve([{ file: await pictures(50, { order: [0, 4, 2, 1, 3] }), startMs: RECORDED_AT }]);
      const range = { startMs: RECORDED_AT + 1970, endMs: RECORDED_AT + 2000, edits: "none" as const };
      const { tracks } = timingOf(await bytesOf((await shelf.plan(range)).media(format)));
      const { samples = [], timescale = 1 } = tracks[0] ?? {};
      const end = samples.reduce((sum, { duration }) => sum + duration, 0);
      const shownAt = Math.max(...timesOf(tracks[0]));
      expect((end * 1000) / timescale - shownAt).toBe(30);
    },
  );
});

describe.skipIf(ffprobePath === undefined)("cut=keyframe", () => {
  test("shows nothing beyond the end that only others need", async () => {
    const [segment] = await record({ count: 1, seconds: 4, gop: 1 });
    const shelf = await shelve([{ file: segment?.file ?? "", startMs: RECORDED_AT }]);
    for (const to of [1400, 1440, 1480, 1520, 3640]) {
      const plan = await shelf.plan({ startMs: RECORDED_AT + 500, endMs: RECORDED_AT + to, cut: "keyframe" });
      expect(await frameHashes(await written(plan, "mp4"))).toHaveLength(to / 40);
      // In fragments they come right behind the end.
      const [video] = await shown(await written(plan, "fmp4"));
      expect(video?.samples.at(-1)?.pts).toBeLessThan(to / 1000 + 0.06);
    }
  });

  test("shows nothing that the file's own edit list hides", async () => {
    const [segment] = await record({ count: 1, seconds: 4, gop: 1 });
    const file = scratch("hidden.mp4");
    // Copied from within a group of pictures: what is before 1.5 s is hidden.
    await ffmpeg(["-v", "error", "-y", "-ss", "1.5", "-i", segment?.file ?? "", "-c", "copy", file]);
    const source = await frameHashes(file);
    const shelf = await shelve([{ file, startMs: RECORDED_AT }]);
    for (const at of [0, 200, 400]) {
      const plan = await shelf.plan({ startMs: RECORDED_AT + at, endMs: RECORDED_AT + 2000, cut: "keyframe" });
      expect(plan.startMs).toBe(RECORDED_AT);
      for (const format of FORMATS) {
        // Hidden pictures of a fragmented file are a tick each in front of it.
        const frames = await timedFrames(await written(plan, format), "-enc_time_base", "1:90000");
        // The first one that is shown lasts from before the start on.
        const seen = frames.filter(({ at }, i) => at >= 0 || ((frames[i + 1]?.at ?? 0) > 0.001 && at >= -0.041));
        expect(seen[0]?.at, format).toBeLessThan(0.04);
        expect(source.slice(0, 40), format).toEqual(seen.slice(0, 40).map(({ hash }) => hash));
      }
    }
  });
});
