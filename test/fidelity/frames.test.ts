import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { frameHashes } from "../support/oracle.ts";
import { random, seedOf } from "../support/random.ts";
import { canRecord, record, RECORDED_AT, type RecordingOptions } from "../support/recording.ts";
import { bytesOf, shelve, type Shelf } from "../support/shelf.ts";
import { ffmpeg, ffmpegPath, ffprobe } from "../support/tools.ts";

/** A frame cut shows the source's pictures of its time: the first, the last, and all between, as a decoder sees them. */
const recordings: RecordingOptions[] = [
  { video: "h264", audio: "aac" },
  { video: "h264", audio: null, fragmented: true, bframes: 0, fps: 30 },
  { video: "h265", audio: "aac", fragmented: true },
  { video: "vp9", audio: "opus" },
  { video: "mpeg4", audio: "aac", fps: 15, bframes: 0 },
];
const COUNT = 3;
const SECONDS = 3;
const seed = seedOf(1);

describe.each(recordings)(`$video $audio fragmented=$fragmented (seed ${seed}, ${ffmpegPath})`, (options) => {
  const fps = options.fps ?? 25;
  const frames = COUNT * SECONDS * fps;
  let shelf: Shelf | undefined;
  let pictures: string[] = [];
  let folder = "";
  beforeAll(async () => {
    if (!(await canRecord(options))) return;
    const segments = await record({ count: COUNT, seconds: SECONDS, ...options });
    pictures = (await Promise.all(segments.map(({ file }) => frameHashes(file)))).flat();
    shelf = await shelve(segments);
    folder = await mkdtemp(join(tmpdir(), "boxcar-frames-"));
  });

  const numbers = random(seed + recordings.indexOf(options) * 100);
  const cuts = Array.from({ length: 4 }, (_, i) => {
    const from = numbers.below(frames - 2);
    const to = from + 1 + numbers.below(frames - from - 1);
    return { from, to, format: i % 2 === 0 ? ("mp4" as const) : ("fmp4" as const) };
  });

  test.for(cuts)("$format from picture $from to $to", async ({ from, to, format }, { skip }) => {
    if (shelf === undefined) return skip("this ffmpeg has no such encoder");
    expect(pictures).toHaveLength(frames);
    expect(new Set(pictures).size).toBe(frames);
    const at = (picture: number): number => RECORDED_AT + Math.round((picture * 1000) / fps);
    const plan = await shelf.plan({ startMs: at(from), endMs: at(to) });
    const file = join(folder, `${String(from)}-${String(to)}.${format}.mp4`);
    await writeFile(file, await bytesOf(plan.media(format)));
    const seen = await frameHashes(file);
    const wanted = pictures.slice(from, to);
    if (format === "mp4") {
      expect(seen).toEqual(wanted);
      return;
    }
    // In fragmented files ffmpeg also shows what stands outside the edit list: the pictures from the sync sample on that
    // are needed to decode the first one, and at most two reference pictures after the last one.
    const sync = from - (from % fps);
    expect(seen.slice(0, to - sync)).toEqual(pictures.slice(sync, to));
    expect(seen.length - (to - sync)).toBeLessThanOrEqual(2);
  });

  // It guesses the rate from decode times, and rounds times by a rate that is too low to one for two pictures.
  test("ffmpeg tells the frame rate wherever a cut starts", async ({ skip }) => {
    if (shelf === undefined) return skip("this ffmpeg has no such encoder");
    for (const hidden of [3, 6, 7, 9, 11, 13].map((pictures, i) => pictures + 0.7 + (i % 3) * 0.07)) {
      const startMs = RECORDED_AT + Math.round(((fps + hidden) * 1000) / fps);
      const plan = await shelf.plan({ startMs, endMs: startMs + 5000 });
      const file = join(folder, `rate-${String(hidden)}.mp4`);
      await writeFile(file, await bytesOf(plan.media("mp4")));
      const rate = await ffprobe([
        "-select_streams",
        "v",
        "-show_entries",
        "stream=r_frame_rate",
        "-of",
        "csv=p=0",
        file,
      ]);
      const [frames = NaN, seconds = NaN] = rate.trim().split("/").map(Number);
      expect(frames / seconds, String(hidden)).toBeGreaterThanOrEqual(fps);
    }
  });

  // Some at the edges of what ffmpeg rounds to another picture's time, and ends for which two later pictures are decoded.
  test("ffmpeg decodes fragmented cuts that start or end inside a picture without a complaint", async ({ skip }) => {
    if (shelf === undefined) return skip("this ffmpeg has no such encoder");
    for (const part of [0, 0.2, 0.3, 0.4, 0.6, 0.9]) {
      const startMs = RECORDED_AT + (part === 0 ? 0 : Math.round(((fps + part) * 1000) / fps));
      const plan = await shelf.plan({
        startMs,
        endMs: startMs + (part === 0 ? (2 * fps + 1) * (1000 / fps) + 5 : 3191),
      });
      const file = join(folder, `inside-${String(part)}.mp4`);
      await writeFile(file, await bytesOf(plan.media("fmp4")));
      const { stderr } = await ffmpeg(["-v", "error", "-i", file, "-f", "null", "-"]);
      expect([part, stderr]).toEqual([part, ""]);
    }
  });
});
