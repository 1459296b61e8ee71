import { readFile, writeFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { buildMovie, videoEntry, type MovieSample, type MovieTrack } from "../support/movie.ts";
import { decodeErrors, frameHashes } from "../support/oracle.ts";
import { random, seedOf, type Random } from "../support/random.ts";
import { RECORDED_AT, type RecordedSegment } from "../support/recording.ts";
import { bytesOf, shelve, type Shelf } from "../support/shelf.ts";
import { timingOf } from "../support/timing.ts";
import { ffmpeg, ffprobePath } from "../support/tools.ts";
import { errorsOf, farthest, FORMATS, scratch, shown, written } from "./output.ts";

/** Recorders that cut anywhere: a group of pictures goes on over several segments. */

const SECONDS = 4;
const COUNT = 6;

/** Segments of 4 s at 10 pictures a second, with sync samples at 0 s and 15 s. */
async function cutAnywhere(bframes: number): Promise<RecordedSegment[]> {
  const whole = scratch("whole.mp4");
  const inputs = [
    ...["-f", "lavfi", "-i", "testsrc2=size=96x64:rate=10,noise=alls=8:allf=t:all_seed=1"],
    ...["-f", "lavfi", "-i", "anoisesrc=r=48000:a=0.2:seed=1", "-t", String(SECONDS * COUNT)],
  ];
  const video = ["-c:v", "libx264", "-preset", "veryfast", "-g", "150", "-keyint_min", "150", "-sc_threshold", "0"];
  const coding = [...video, "-bf", String(bframes), "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "64k"];
  await ffmpeg(["-v", "error", "-y", ...inputs, ...coding, whole]);
  const fragments = ["-segment_format_options", "movflags=+empty_moov+frag_keyframe+default_base_moof"];
  const pattern = scratch("cut-%d.mp4");
  // Progressive files of ffmpeg without any sync sample leave out `stss`, which says that all are.
  const cut = [
    "-f",
    "segment",
    "-segment_time",
    String(SECONDS),
    "-break_non_keyframes",
    "1",
    "-reset_timestamps",
    "1",
  ];
  await ffmpeg(["-v", "error", "-y", "-i", whole, "-map", "0", "-c", "copy", ...cut, ...fragments, pattern]);
  return Array.from({ length: COUNT }, (_, i) => {
    const startMs = RECORDED_AT + i * SECONDS * 1000;
    return { file: pattern.replace("%d", String(i)), startMs, endMs: startMs + SECONDS * 1000 };
  });
}

/** What the references of `sidx` (clause 8.16.3) last in all: what is hidden does not count. */
async function indexedSeconds(file: string): Promise<number> {
  const bytes = await readFile(file);
  const body = bytes.indexOf("sidx", 0, "latin1") + 4;
  const count = bytes.readUInt16BE(body + 30);
  const ticks = Array.from({ length: count }, (_, i) => bytes.readUInt32BE(body + 36 + i * 12));
  return ticks.reduce((sum, value) => sum + value, 0) / bytes.readUInt32BE(body + 8);
}

// The first picture lasts longer than the others, so a start in the first segment falls into one.
const pictures = (from: number, to: number): number => (to - from) / 100 + (from < SECONDS * 1000 ? 1 : 0);

describe.skipIf(ffprobePath === undefined)("a group of pictures over several segments", () => {
  let segments: RecordedSegment[] = [];
  let shelf: Shelf;
  beforeAll(async () => {
    segments = await cutAnywhere(0);
    shelf = await shelve(segments);
  });

  const ranges = [
    [2000, 9000],
    [8000, 12_000],
    [13_000, 20_000],
    [17_200, 22_000],
  ] as const;
  const cases = FORMATS.flatMap((format) => ranges.map(([from, to]) => ({ format, from, to })));

  test.for(cases)("is decoded from its start: $from-$to ms ($format)", async ({ format, from, to }) => {
    const [startMs, endMs] = [RECORDED_AT + from, RECORDED_AT + to];
    const plan = await shelf.plan({ startMs, endMs });
    expect(plan).toMatchObject({ startMs, endMs, gaps: [], coverage: [{ startMs, endMs }] });
    expect(plan.joints).toBe(Math.ceil(to / 4000) - Math.floor(from / 4000) - 1);
    const file = await written(plan, format);
    expect(await decodeErrors(file)).toBe("");
    for (const track of await shown(file)) {
      expect(Math.abs(farthest(await errorsOf(track, segments, startMs))), track.type).toBeLessThan(track.frame * 1.5);
      expect(track.widest, track.type).toBeLessThan(1.6);
      expect(Math.abs(track.start), track.type).toBeLessThan(track.frame);
      expect(Math.abs(track.end - (to - from) / 1000), track.type).toBeLessThan(track.frame * 2);
      if (track.type === "video") expect(track.samples.length).toBe(pictures(from, to));
    }
    if (format === "mp4") expect(await frameHashes(file)).toHaveLength(pictures(from, to));
    else expect(Math.abs((await indexedSeconds(file)) - (to - from) / 1000)).toBeLessThan(0.05);
  });

  test("cut=keyframe starts with its sync sample", async () => {
    const plan = await shelf.plan({ startMs: RECORDED_AT + 9000, endMs: RECORDED_AT + 11_000, cut: "keyframe" });
    expect(plan).toMatchObject({ startMs: RECORDED_AT, endMs: RECORDED_AT + 11_000, joints: 2 });
    expect(await frameHashes(await written(plan, "mp4"))).toHaveLength(110);
  });

  test("is not decoded across a gap, and begins again with the next sync sample", async () => {
    const late = segments.slice(1).map(({ file, startMs, endMs }, i) => {
      const byMs = i === 0 ? 0 : 3000;
      return { file, startMs: startMs + byMs, endMs: endMs + byMs };
    });
    const cut = await shelve(late);
    const alone = { startMs: RECORDED_AT + 4500, endMs: RECORDED_AT + 10_000 };
    await expect(cut.plan(alone)).rejects.toMatchObject({ code: "no_sync_sample" });
    const plan = await cut.plan({ startMs: RECORDED_AT + 4500, endMs: RECORDED_AT + 25_000 });
    expect(plan).toMatchObject({ startMs: RECORDED_AT + 18_000, gaps: [] });

    const [first, , third, fourth] = segments;
    if (first === undefined || third === undefined || fourth === undefined) throw new Error("no recording");
    const broken = await shelve([first, third, fourth]);
    const range = { startMs: RECORDED_AT, endMs: RECORDED_AT + 16_000 };
    const kept = await broken.plan({ ...range, gaps: "keep" });
    expect(kept.gaps).toHaveLength(1);
    expect(Math.abs((kept.gaps[0]?.startMs ?? 0) - RECORDED_AT - 4000)).toBeLessThan(50);
    expect(kept.gaps[0]?.endMs).toBe(RECORDED_AT + 15_000);
    const file = await written(kept, "mp4");
    expect(await decodeErrors(file)).toBe("");
    for (const track of await shown(file)) {
      expect(Math.abs(farthest(await errorsOf(track, segments, RECORDED_AT)))).toBeLessThan(track.frame);
    }
  });
});

describe.skipIf(ffprobePath === undefined)("reordered pictures over several segments", () => {
  test.for(FORMATS)("are decoded from their sync sample (%s)", async (format) => {
    const segments = await cutAnywhere(2);
    const shelf = await shelve(segments);
    const [startMs, endMs] = [RECORDED_AT + 9000, RECORDED_AT + 19_000];
    const plan = await shelf.plan({ startMs, endMs });
    expect(plan).toMatchObject({ startMs, gaps: [] });
    const file = await written(plan, format);
    const [video] = await shown(file);
    expect(video?.samples.length).toBeGreaterThanOrEqual(97);
    expect(video?.widest).toBeLessThan(3.5);
  });
});

/** A recording in decode order, cut into files anywhere, also amid pictures that are presented in another order. */
function splitAnywhere(numbers: Random): { files: Uint8Array[]; startsMs: number[]; pts: number[]; syncs: number[] } {
  const pattern = numbers.pick([[0], [1, 0], [2, 0, 1], [3, 1, 0, 2], [4, 2, 0, 1, 3]]);
  const [step, group] = [512, 1 + pattern.length * (3 + numbers.below(8))];
  const count = group * 4;
  const order = Array.from({ length: count }, (_, i) => {
    const within = i % group;
    const place = within === 0 ? 0 : within - 1 - ((within - 1) % pattern.length);
    return i - within + (within === 0 ? 0 : 1 + place + (pattern[(within - 1) % pattern.length] ?? 0));
  });
  const shift = Math.max(...order.map((picture, i) => i - picture)) * step;
  const samples = order.map((picture, i): MovieSample => {
    const offset = (picture - i) * step + shift;
    return { data: numbers.bytes(40), duration: step, offset, sync: i % group === 0 };
  });
  const cuts = [0, ...Array.from({ length: 4 }, () => 1 + numbers.below(count - 1)), count];
  const ends = [...new Set(cuts)].sort((a, b) => a - b);
  const parts = ends.slice(1).map((end, i) => [ends[i] ?? 0, end] as const);
  const startsMs = parts.map(([from, to]) => Math.min(...order.slice(from, to)) * 40);
  // A few pictures alone may be presented before those of the file before.
  if (startsMs.some((start, i) => start <= (startsMs[i - 1] ?? -1))) return splitAnywhere(numbers);
  return {
    files: parts.map(([from, to]) => {
      const entries = [videoEntry("mp4v", 320, 180)];
      const video: MovieTrack = {
        handler: "vide",
        timescale: 12_800,
        entries,
        samples: samples.slice(from, to),
        chunks: [3],
      };
      return buildMovie({ tracks: [video] }).file;
    }),
    startsMs,
    pts: order.map((picture) => picture * 40),
    syncs: order.flatMap((_, i) => (i % group === 0 ? [i] : [])),
  };
}

describe("a recording that was cut in decode order", () => {
  const seed = seedOf(7);
  test.for(FORMATS)(`shows each picture at its time (%s, seed ${String(seed)})`, async (format) => {
    const numbers = random(seed);
    for (let round = 0; round < 25; round++) {
      const { files, startsMs, pts, syncs } = splitAnywhere(numbers);
      const sources = await Promise.all(
        files.map(async (bytes, i) => {
          const file = scratch("split.mp4");
          await writeFile(file, bytes);
          return { file, startMs: RECORDED_AT + (startsMs[i] ?? 0) };
        }),
      );
      const shelf = await shelve(sources);
      const length = pts.length * 40;
      const from = numbers.below(length - 200);
      const to = from + 100 + numbers.below(length - from - 100);
      for (const edits of ["list", "none"] as const) {
        const name = `round ${String(round)} ${edits} ${String(from)}-${String(to)} of ${startsMs.join()}`;
        const plan = await shelf.plan({ startMs: RECORDED_AT + from, endMs: RECORDED_AT + to, edits });
        const begun = plan.startMs - RECORDED_AT;
        expect(Math.abs(begun - from), name).toBeLessThan(0.6);
        const [video] = timingOf(await bytesOf(plan.media(format))).tracks;
        if (video === undefined) throw new Error(`${name}: no video`);
        const first = syncs.findLast((i) => (pts[i] ?? 0) <= begun + 0.5) ?? 0;
        const wanted = pts.slice(first, first + video.samples.length);
        const last = pts.reduce((most, time, i) => (time < to - 0.5 ? i : most), 0);
        expect(video.samples.length, name).toBeGreaterThanOrEqual(last + 1 - first);
        const onScreen = Math.max(...wanted.filter((time) => time <= begun + 0.5));
        const times = video.samples.map(({ dts, offset }) => dts + offset);
        expect(new Set(times).size, name).toBe(times.length);
        const zero = edits === "list" ? (video.edits[0]?.time ?? 0) : (times[wanted.indexOf(onScreen)] ?? NaN);
        const isEarly = format === "fmp4" && edits === "list";
        for (const [i, { dts, duration, offset }] of video.samples.entries()) {
          const natural = wanted[i] ?? NaN;
          const at = ((dts + offset - zero) * 1000) / video.timescale;
          const about = `${name}: ${String(natural)} at ${String(at)}`;
          expect(offset, about).toBeGreaterThanOrEqual(0);
          expect(duration, about).toBeGreaterThan(0);
          if (natural >= to) continue;
          if (natural > onScreen) expect(Math.abs(at - (natural - begun)), about).toBeLessThan(0.6);
          else if (natural === onScreen) expect(Math.abs(at), about).toBeLessThan(isEarly ? 80 : 0.6);
          else if (isEarly) expect(at, about).toBeLessThan(0.6);
          else expect(Math.abs(at + 5), about).toBeLessThan(5.6);
        }
      }
    }
  });
});
