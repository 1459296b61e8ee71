import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { judgeCut } from "../support/judge.ts";
import { buildMovie, audioEntry, videoEntry, type MovieSample, type MovieTrack } from "../support/movie.ts";
import { decodeErrors, packets } from "../support/oracle.ts";
import { random } from "../support/random.ts";
import { record, RECORDED_AT, type RecordedSegment, type RecordingOptions } from "../support/recording.ts";
import { shelve } from "../support/shelf.ts";
import { ffmpeg, ffprobePath, hasEncoder } from "../support/tools.ts";
import { errorsOf, farthest, FORMATS, scratch, shown, written } from "./output.ts";

/** Segments of `seconds` each, cut from one encode. */
async function encoded(name: string, seconds: number, args: readonly string[]): Promise<RecordedSegment[]> {
  const pattern = scratch(`${name}-%d.mp4`);
  const source = "testsrc2=size=160x120:rate=25,noise=alls=8:allf=t:all_seed=1";
  const split = ["-f", "segment", "-segment_time", String(seconds), "-reset_timestamps", "1"];
  await ffmpeg([
    "-v",
    "error",
    "-y",
    "-f",
    "lavfi",
    "-i",
    source,
    "-t",
    String(3 * seconds),
    ...args,
    ...split,
    pattern,
  ]);
  return [0, 1, 2].map((i) => ({
    file: pattern.replace("%d", String(i)),
    startMs: RECORDED_AT + i * seconds * 1000,
    endMs: RECORDED_AT + (i + 1) * seconds * 1000,
  }));
}

const PRESENT = { startMs: RECORDED_AT, endMs: RECORDED_AT + 60_000 };

describe.skipIf(ffprobePath === undefined)("odd material", () => {
  test.for(FORMATS)("all samples are sync samples (%s)", async (format) => {
    const segments = await encoded("intra", 2, ["-c:v", "libx264", "-g", "1", "-pix_fmt", "yuv420p"]);
    const shelf = await shelve(segments);
    for (const [from, to] of [
      [1160, 4320],
      [3000, 3040],
    ] as const) {
      const range = { startMs: RECORDED_AT + from, endMs: RECORDED_AT + to };
      const output = await written(await shelf.plan(range), format);
      expect(await judgeCut({ segments, ...range, output, fragmented: format === "fmp4" })).toEqual([]);
      const [track] = await packets(output, { edits: false });
      expect(track?.packets).toHaveLength((to - from) / 40);
    }
  });

  test.for(FORMATS)("a single picture that is said to last no time is shown (%s)", async (format) => {
    const file = scratch("single.mp4");
    const picture = ["-f", "lavfi", "-i", "testsrc2=size=160x120", "-frames:v", "1", "-use_editlist", "0", file];
    await ffmpeg(["-v", "error", "-y", ...picture]);
    const bytes = await readFile(file);
    bytes.writeUInt32BE(0, bytes.indexOf("stts") + 16); // sample_delta (ISO 14496-12, 8.6.1.2)
    await writeFile(file, bytes);
    const shelf = await shelve([{ file, startMs: RECORDED_AT }]);
    const output = await written(await shelf.plan(PRESENT), format);
    const { stdout } = await ffmpeg(["-v", "error", "-i", output, "-f", "framemd5", "-"]);
    expect(stdout.split("\n").filter((line) => line !== "" && !line.startsWith("#"))).toHaveLength(1);
  });

  test.for(FORMATS)("a variable frame rate (%s)", async (format) => {
    const drop = ["-vf", "select='not(between(mod(n,25),3,9))'", "-vsync", "vfr"];
    const segments = await encoded("variable", 2, [
      ...drop,
      "-c:v",
      "libx264",
      "-force_key_frames",
      "expr:gte(t,n_forced)",
    ]);
    const shelf = await shelve(segments);
    const plan = await shelf.plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + 5500 });
    const file = await written(plan, format);
    expect(await decodeErrors(file)).toBe("");
    for (const track of await shown(file)) {
      expect(Math.abs(farthest(await errorsOf(track, segments, RECORDED_AT)))).toBeLessThan(0.021);
    }
  });

  test.for(FORMATS)("H.265 with open groups of pictures (%s)", async (format, { skip }) => {
    skip(!(await hasEncoder("libx265")), "this ffmpeg has no H.265");
    const own = "log-level=none:keyint=25:min-keyint=25:open-gop=1:bframes=3:scenecut=0";
    const segments = await encoded("open", 2, [
      "-c:v",
      "libx265",
      "-preset",
      "ultrafast",
      "-tag:v",
      "hvc1",
      "-x265-params",
      own,
    ]);
    const shelf = await shelve(segments);
    for (const [from, to] of [
      [0, 5800],
      [2480, 4200],
    ] as const) {
      const range = { startMs: RECORDED_AT + from, endMs: RECORDED_AT + to };
      const file = await written(await shelf.plan(range), format);
      for (const track of await shown(file)) {
        const text = `${from}-${to}`;
        expect(Math.abs(farthest(await errorsOf(track, segments, range.startMs))), text).toBeLessThan(
          track.frame * 1.5,
        );
        expect(track.closest, text).toBeGreaterThan(0.4);
        // pictures that need one from before the cut may be missing at its start only
        const later = track.samples.filter(({ pts }) => pts > 0.2).map(({ pts }) => pts);
        const steps = later.slice(1).map((pts, i) => pts - (later[i] ?? 0));
        expect(Math.max(...steps), text).toBeLessThan(track.frame * 1.6);
      }
      if (from === 0) expect(await decodeErrors(file)).toBe("");
    }
  });
});

/** A built segment: `png ` and µ-law, so that no sample needs another one. */
async function built(
  name: string,
  pictures: readonly MovieSample[],
  sound: readonly MovieSample[],
  edits: MovieTrack["edits"] = [],
): Promise<string> {
  const entries = [videoEntry("png ", 16, 16)];
  const video = { handler: "vide", timescale: 1000, entries, samples: pictures, edits } as const;
  const audio = { handler: "soun", timescale: 8000, entries: [audioEntry("ulaw", 1, 8000)], samples: sound } as const;
  const tracks = [...(pictures.length > 0 ? [video] : []), ...(sound.length > 0 ? [audio] : [])];
  const file = scratch(`${name}.mp4`);
  await writeFile(file, buildMovie({ tracks }).file);
  return file;
}

describe.skipIf(ffprobePath === undefined)("segments no encoder writes", () => {
  const numbers = random(7);
  const picture = (duration: number): MovieSample => ({ data: numbers.bytes(60), duration });
  const sound = (count: number): MovieSample[] =>
    Array.from({ length: count }, () => ({ data: numbers.bytes(160), duration: 160 }));

  test.for(FORMATS)("of a single sample follow one another (%s)", async (format) => {
    const files = await Promise.all([0, 1, 2, 3].map((i) => built(`single${i}`, [picture(1000)], [])));
    const segments = files.map((file, i) => ({ file, startMs: RECORDED_AT + i * 1000 }));
    const shelf = await shelve(segments);
    const whole = await packets(await written(await shelf.plan(PRESENT), format));
    expect(whole.map(({ packets: all }) => all.map(({ pts }) => pts))).toEqual([[0, 1, 2, 3]]);
    const cut = await shelf.plan({ startMs: RECORDED_AT + 1000, endMs: RECORDED_AT + 3000 });
    const [track] = await packets(await written(cut, format));
    const wanted = await Promise.all(files.slice(1, 3).map(async (file) => (await packets(file))[0]?.packets[0]?.hash));
    expect(track?.packets.map(({ hash }) => hash)).toEqual(wanted);
  });

  test.for(FORMATS)("whose last sample lasts 0 lose nothing (%s)", async (format) => {
    const pictures = (): MovieSample[] => [picture(40), picture(40), picture(40), picture(40), picture(0)];
    const files = await Promise.all([0, 1, 2].map((i) => built(`zero${i}`, pictures(), sound(8))));
    const segments = files.map((file, i) => ({ file, startMs: RECORDED_AT + i * 200 }));
    const shelf = await shelve(segments);
    const plan = await shelf.plan(PRESENT);
    const file = await written(plan, format);
    const sources = await Promise.all(files.map((source) => packets(source, { edits: false })));
    for (const [i, track] of (await packets(file, { edits: false })).entries()) {
      expect(track.packets.map(({ hash }) => hash)).toEqual(
        sources.flatMap((tracks) => tracks[i]?.packets.map(({ hash }) => hash) ?? []),
      );
      const steps = track.packets.slice(1).map(({ dts }, k) => dts - (track.packets[k]?.dts ?? 0));
      expect(Math.min(...steps)).toBeGreaterThan(0.01);
      const times = track.packets.map(({ pts }) => pts);
      expect(times).toEqual(times.map((_, k) => (track.type === "video" ? k * 0.04 : (expect.any(Number) as unknown))));
    }
  });

  test.for(FORMATS)(
    "whose pictures are reordered and last unequally long are shown to the last one (%s)",
    async (format) => {
      // In decode order, milliseconds: decoding begins far ahead of the first picture, and the last one is short.
      const dts = [-420, 0, 300, 340, 700, 720, 1400, 1420];
      const pts = [0, 700, 300, 340, 1420, 720, 1400, 1440];
      const durations = [420, 300, 40, 360, 20, 680, 20, 20];
      const pictures = (): MovieSample[] =>
        pts.map((time, i) => ({ ...picture(durations[i] ?? 0), offset: time - (dts[i] ?? 0), sync: i === 0 }));
      const files = await Promise.all([0, 1].map((i) => built(`unequal${i}`, pictures(), [], [[1460, 420]])));
      const shelf = await shelve(files.map((file, i) => ({ file, startMs: RECORDED_AT + i * 1700 })));
      const [track] = await packets(await written(await shelf.plan(PRESENT), format));
      expect(track?.packets.filter(({ hidden }) => !hidden)).toHaveLength(2 * pts.length);
    },
  );

  test.for(FORMATS)("that hold sound only follow those with a picture (%s)", async (format) => {
    const pictures = Array.from({ length: 25 }, () => picture(40));
    const files = [
      await built("both", pictures, sound(50)),
      await built("sound", [], sound(50)),
      await built(
        "again",
        Array.from({ length: 25 }, () => picture(40)),
        sound(50),
      ),
    ];
    const segments = files.map((file, i) => ({
      file,
      startMs: RECORDED_AT + i * 1000,
      endMs: RECORDED_AT + (i + 1) * 1000,
    }));
    const shelf = await shelve(segments);
    const file = await written(await shelf.plan(PRESENT), format);
    const [video, audio] = await shown(file);
    expect([video?.samples.length, audio?.samples.length]).toEqual([50, 150]);
    for (const track of [video, audio]) {
      if (track !== undefined)
        expect(Math.abs(farthest(await errorsOf(track, segments, RECORDED_AT)))).toBeLessThan(0.002);
    }
  });
});

describe.skipIf(ffprobePath === undefined)("many joints", () => {
  test.for(FORMATS)("100 segments whose sound has 44.1 kHz do not drift (%s)", async (format) => {
    const kind: RecordingOptions = { rate: 44_100, size: "96x64", fps: 10 };
    const segments = await record({ count: 100, seconds: 1, ...kind });
    // the same encode in one file says what the time of each sample was
    const [continuous] = await record({ count: 1, seconds: 100, ...kind });
    const shelf = await shelve(segments);
    const plan = await shelf.plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + 100_000 });
    expect(plan).toMatchObject({ joints: 99, gaps: [] });
    const file = await written(plan, format);
    const tracks = await shown(file);
    const errors = await Promise.all(
      tracks.map((track) => errorsOf(track, continuous === undefined ? [] : [continuous], RECORDED_AT)),
    );
    const frame = 1024 / 44_100;
    for (const [i, track] of tracks.entries()) {
      expect(Math.abs(farthest(errors[i] ?? [])), track.type).toBeLessThan(frame);
      expect(track.widest, track.type).toBeLessThan(1.6);
      expect(track.closest, track.type).toBeGreaterThan(0.4);
    }
    const all = await packets(file, { edits: false });
    for (const { packets: samples } of all) {
      expect(samples.every(({ dts }, i) => i === 0 || dts > (samples[i - 1]?.dts ?? 0))).toBe(true);
    }
    const wanted = new Set(
      (await packets(continuous?.file ?? "", { edits: false }))[1]?.packets.map(({ hash }) => hash),
    );
    const heard = all[1]?.packets.map(({ hash }) => hash) ?? [];
    expect(new Set(heard).size).toBe(heard.length);
    expect(wanted.size - heard.length).toBeLessThan(8);
  });
});
