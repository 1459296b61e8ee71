import { beforeAll, describe, expect, test } from "vitest";
import { decodeErrors, frameHashes, timedFrames } from "../support/oracle.ts";
import { canRecord, RECORDED_AT, type RecordedSegment } from "../support/recording.ts";
import { bytesOf, catalogued, shelve, type Shelf } from "../support/shelf.ts";
import { ffmpeg, ffprobePath } from "../support/tools.ts";
import { FORMATS, scratch, shown, written } from "./output.ts";

/** Segments of ffmpeg from H.265 with open groups of pictures: each lacks its last picture, which the next one has, hidden. */

const SECONDS = 2;
const COUNT = 3;
const PICTURE_MS = 40;

async function openGroups(whole: string): Promise<RecordedSegment[]> {
  const inputs = [
    ...["-f", "lavfi", "-i", "testsrc2=size=96x64:rate=25,noise=alls=8:allf=t:all_seed=1"],
    ...["-f", "lavfi", "-i", "anoisesrc=r=48000:a=0.2:seed=1", "-t", String(SECONDS * COUNT)],
  ];
  const groups = "log-level=none:keyint=25:min-keyint=25:scenecut=0:bframes=3:open-gop=1";
  const coding = ["-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params", groups, "-c:a", "aac"];
  await ffmpeg(["-v", "error", "-y", ...inputs, ...coding, "-pix_fmt", "yuv420p", whole]);
  const pattern = scratch("open-%d.mp4");
  const cut = ["-f", "segment", "-segment_time", String(SECONDS), "-reset_timestamps", "1"];
  await ffmpeg(["-v", "error", "-y", "-i", whole, "-map", "0", "-c", "copy", ...cut, pattern]);
  return Array.from({ length: COUNT }, (_, i) => {
    const startMs = RECORDED_AT + i * SECONDS * 1000;
    return { file: pattern.replace("%d", String(i)), startMs, endMs: startMs + SECONDS * 1000 };
  });
}

describe.skipIf(ffprobePath === undefined || !(await canRecord({ video: "h265" })))("a start in a hole", () => {
  let pictures: string[] = [];
  let segments: RecordedSegment[] = [];
  let shelf: Shelf;
  beforeAll(async () => {
    const whole = scratch("whole.mp4");
    segments = await openGroups(whole);
    pictures = await frameHashes(whole);
    shelf = await shelve(segments);
  });

  const cases = FORMATS.flatMap((format) => [1959, 1960, 1961, 1990, 1999, 3977].map((from) => ({ format, from })));
  test.for(cases)("shows the picture of its moment: $from ms ($format)", async ({ format, from }) => {
    const [startMs, endMs] = [RECORDED_AT + from, RECORDED_AT + from + 1000];
    const plan = await shelf.plan({ startMs, endMs });
    expect(Math.abs(plan.startMs - startMs)).toBeLessThan(0.5);
    expect(plan).toMatchObject({ endMs, gaps: [], coverage: [{ startMs: plan.startMs, endMs }] });
    const file = await written(plan, format);
    expect(await decodeErrors(file)).toBe("");
    const onScreen = Math.floor(from / PICTURE_MS);
    const sync = Math.floor(onScreen / 25) * 25;
    const frames = await timedFrames(file, "-enc_time_base", "1/90000");
    const first = format === "mp4" ? onScreen : sync;
    expect(frames.slice(0, 25).map(({ hash }) => hash)).toEqual(pictures.slice(first, first + 25));
    for (const [i, { at }] of frames.entries()) {
      const picture = first + i;
      if (picture <= onScreen || picture * PICTURE_MS >= from + 1000) continue;
      expect(Math.abs(at * 1000 - (picture * PICTURE_MS - from)), `picture ${String(picture)}`).toBeLessThan(0.6);
    }
    for (const track of await shown(file)) expect(Math.abs(track.start), track.type).toBeLessThan(track.frame * 1.5);
  });

  test("is the same by a catalog", async () => {
    const stream = await catalogued(segments);
    const range = { startMs: RECORDED_AT + 1990, endMs: RECORDED_AT + 3000 };
    const [one, other] = [await stream.plan(range), await shelf.plan(range)];
    expect(one.media("mp4").size).toBe(other.media("mp4").size);
    expect((await bytesOf(one.media("mp4"))).equals(await bytesOf(other.media("mp4")))).toBe(true);
    await stream.close();
  });
});
