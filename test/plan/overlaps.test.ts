import { describe, expect, test } from "vitest";
import { decodeErrors } from "../support/oracle.ts";
import { record, RECORDED_AT, type RecordedSegment, type RecordingOptions } from "../support/recording.ts";
import { shelve } from "../support/shelf.ts";
import { ffprobePath } from "../support/tools.ts";
import { errorsOf, farthest, FORMATS, shown, written, type Format } from "./output.ts";

type Files = readonly RecordedSegment[];

const later = (segments: Files, byMs: number): RecordedSegment[] =>
  segments.map(({ file, startMs, endMs }) => ({ file, startMs: startMs + byMs, endMs: endMs + byMs }));

/**
 * Every sample at its own wall-clock time, none much closer to the next than half a frame, none farther than one and a
 * half. Where B-frames would need a picture from beyond the change of recorders, they are missing: at most three here.
 */
async function judge(segments: Files, endMs: number, format: Format, bframes = 3): Promise<void> {
  const shelf = await shelve(segments);
  const plan = await shelf.plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + endMs });
  expect(plan).toMatchObject({ startMs: RECORDED_AT, endMs: RECORDED_AT + endMs, gaps: [] });
  expect(plan.coverage).toEqual([{ startMs: RECORDED_AT, endMs: RECORDED_AT + endMs }]);
  const file = await written(plan, format);
  expect(await decodeErrors(file)).toBe("");
  for (const track of await shown(file)) {
    const text = `${track.type} of ${file}`;
    expect(Math.abs(farthest(await errorsOf(track, segments, RECORDED_AT))), text).toBeLessThan(track.frame);
    expect(track.closest, text).toBeGreaterThan(0.35);
    expect(track.widest, text).toBeLessThan(track.type === "video" ? 1.6 + bframes : 1.6);
    expect(Math.abs(track.start), text).toBeLessThan(track.frame);
    expect(Math.abs(track.end - endMs / 1000), text).toBeLessThan(track.frame * 3);
  }
}

const kinds: RecordingOptions[] = [
  { video: "h264", audio: "aac" },
  { video: "h264", audio: "aac", fragmented: true, rate: 44100 },
  { video: "h264", audio: null, bframes: 0, fps: 30 },
  { video: null, audio: "aac" },
];
const inFormats = (some: RecordingOptions[]) =>
  some.flatMap((kind) => FORMATS.map((format) => ({ ...kind, kind, format })));
const cases = inFormats(kinds);
const withSound = inFormats(kinds.slice(0, 2));

describe.skipIf(ffprobePath === undefined)("overlapping recordings", () => {
  test.for(cases)("two recorders, $video $audio fragmented=$fragmented as $format", async ({ kind, format }) => {
    const one = await record({ count: 3, seconds: 3, ...kind });
    const two = later(await record({ count: 3, seconds: 3, ...kind, seed: 2 }), 1300);
    const end = (two.at(-1)?.endMs ?? 0) - RECORDED_AT;
    await judge(
      [...one, ...two].sort((a, b) => a.startMs - b.startMs),
      Math.min(end, 10_000),
      format,
      kind.bframes,
    );
  });

  test.for(withSound)(
    "a restarted recorder, $video $audio fragmented=$fragmented as $format",
    async ({ kind, format }) => {
      const one = await record({ count: 3, seconds: 3, ...kind });
      const two = later(await record({ count: 2, seconds: 3, ...kind, seed: 2 }), 4700);
      await judge([...one.slice(0, 2), ...two], 10_000, format, kind.bframes);
    },
  );

  test.for(withSound)(
    "segments that are there twice, $video $audio fragmented=$fragmented as $format",
    async ({ kind, format }) => {
      const one = await record({ count: 3, seconds: 3, ...kind });
      await judge(
        one.flatMap((segment) => [segment, segment]),
        8500,
        format,
        kind.bframes,
      );
    },
  );

  test.for(withSound)(
    "a segment inside another one, $video $audio fragmented=$fragmented as $format",
    async ({ kind, format }) => {
      const long = await record({ count: 1, seconds: 8, ...kind });
      const short = later(await record({ count: 1, seconds: 2, ...kind, seed: 3 }), 2500);
      const next = later(await record({ count: 1, seconds: 4, ...kind, seed: 2 }), 6000);
      await judge([...long, ...short, ...next], 9500, format, kind.bframes);
    },
  );
});
