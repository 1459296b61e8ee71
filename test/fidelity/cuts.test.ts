import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { judgeCut } from "../support/judge.ts";
import { random, seedOf } from "../support/random.ts";
import { canRecord, record, RECORDED_AT, type RecordedSegment, type RecordingOptions } from "../support/recording.ts";
import { bytesOf, shelve, type Shelf } from "../support/shelf.ts";
import { ffprobePath } from "../support/tools.ts";

/** A cut over several segments of every kind of recording must hold the source's samples at the source's times. */
const recordings: RecordingOptions[] = [
  { video: "h264", audio: "aac" },
  { video: "h264", audio: "aac", fragmented: true, rate: 44100 },
  { video: "h264", audio: null, bframes: 0, fps: 30 },
  { video: "h264", audio: "mp3", moov: "last" },
  { video: "h265", audio: "aac" },
  { video: "h265", audio: "ac3", fragmented: true, bframes: 0 },
  { video: "vp9", audio: "opus" },
  { video: "av1", audio: "flac", size: "96x64", fps: 10 },
  { video: "mpeg4", audio: "aac", fps: 15, bframes: 0 },
  { video: null, audio: "aac" },
  { video: null, audio: "opus", fragmented: true },
];

const seed = seedOf(1);
const COUNT = 4;
const SECONDS = 3;
const TOTAL = COUNT * SECONDS * 1000;

const named = recordings.map((options) => {
  const { video, audio, fragmented = false, fps = 25 } = options;
  return {
    name: `${video ?? "no video"} ${fps} fps, ${audio ?? "no audio"}, ${fragmented ? "fragmented" : "progressive"}`,
    options,
  };
});

describe.skipIf(ffprobePath === undefined).each(named)(`$name (seed ${seed})`, ({ options }) => {
  let segments: RecordedSegment[] = [];
  let shelf: Shelf | undefined;
  let folder = "";
  beforeAll(async () => {
    if (!(await canRecord(options))) return;
    segments = await record({ count: COUNT, seconds: SECONDS, ...options });
    shelf = await shelve(segments);
    folder = await mkdtemp(join(tmpdir(), "boxcar-cut-"));
  });

  const numbers = random(seed + JSON.stringify(options).length);
  const ranges: [from: number, to: number][] = [[0, TOTAL]];
  // The fixed ones are tried with the first kinds alone: each cut is judged by several runs of ffprobe.
  const at = named.findIndex((one) => one.options === options);
  if (at < 2) ranges.push([1000, 2000], [TOTAL - 1500, TOTAL]);
  for (const wanted = ranges.length + (at < 2 ? 2 : 1); ranges.length < wanted;) {
    const from = numbers.below(TOTAL - 1500);
    ranges.push([from, from + 1000 + numbers.below(TOTAL - from - 1000)]);
  }
  const whole = named[0]?.options === options ? (["mp4", "fmp4"] as const) : (["mp4"] as const);
  // Kinds have it in one format or the other.
  const either = at < 2 ? (["mp4", "fmp4"] as const) : at % 2 === 0 ? (["mp4"] as const) : (["fmp4"] as const);
  const cases = ranges.flatMap(([from, to], i) => {
    const last = i === ranges.length - 1;
    const formats = i === 0 ? whole : last ? (["fmp4"] as const) : either;
    return formats.map((format) => ({ from, to, format, cut: last ? ("keyframe" as const) : ("frame" as const) }));
  });

  test.for(cases)("$format $from-$to ms by $cut", async ({ from, to, format, cut }, { skip }) => {
    if (shelf === undefined) return skip("this ffmpeg has no such encoder");
    const [startMs, endMs] = [RECORDED_AT + from, RECORDED_AT + to];
    const plan = await shelf.plan({ startMs, endMs, cut });
    const media = plan.media(format);
    const whole = await bytesOf(media);
    expect(whole.length).toBe(media.size);
    const output = join(folder, `${format}-${from}-${to}.mp4`);
    await writeFile(output, whole);
    expect(await judgeCut({ segments, startMs, endMs, output, cut, fragmented: format === "fmp4" })).toEqual([]);

    const again = (await shelf.plan({ startMs, endMs, cut })).media(format);
    expect(again.etag).toBe(media.etag);
    for (let i = 0; i < 20; i++) {
      const offset = numbers.below(media.size);
      const length = 1 + numbers.below(Math.min(media.size - offset, 1 << (1 + numbers.below(18))));
      const slice = await bytesOf(again, { offset, length });
      expect(slice.equals(whole.subarray(offset, offset + length)), `bytes ${offset}+${length}`).toBe(true);
    }
  });
});
