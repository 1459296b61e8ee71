import { beforeAll, describe, expect, test } from "vitest";
import { decodeErrors, frameHashes } from "../support/oracle.ts";
import { RECORDED_AT, type RecordedSegment } from "../support/recording.ts";
import { shelve, type Shelf } from "../support/shelf.ts";
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
      // More than half of that picture is over: in fragments it stays where it was recorded, before the start.
      const early = format === "fmp4" && from < SECONDS * 1000 ? 1 : 0;
      if (track.type === "video") expect(track.samples.length).toBe(pictures(from, to) - early);
    }
    if (format === "mp4") expect(await frameHashes(file)).toHaveLength(pictures(from, to));
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
