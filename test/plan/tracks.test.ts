import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { decodeErrors, packets } from "../support/oracle.ts";
import { record, RECORDED_AT, type RecordedSegment } from "../support/recording.ts";
import { shelve } from "../support/shelf.ts";
import { ffmpeg, ffprobe, ffprobePath } from "../support/tools.ts";
import { judgeCut } from "../support/judge.ts";
import { errorsOf, farthest, FORMATS, remuxed, scratch, shown, written } from "./output.ts";

const replaced = async (
  segments: readonly RecordedSegment[],
  change: (file: string, i: number) => Promise<string>,
): Promise<RecordedSegment[]> =>
  Promise.all(segments.map(async (segment, i) => ({ ...segment, file: await change(segment.file, i) })));

describe.skipIf(ffprobePath === undefined)("segments whose tracks differ", () => {
  test.for(FORMATS)("in timescale (%s)", async (format) => {
    const scales = [12800, 90000, 1000, 30000];
    const recorded = await record({ count: 4, seconds: 3 });
    const segments = await replaced(recorded, (file, i) =>
      remuxed(file, "-video_track_timescale", String(scales[i] ?? 600)),
    );
    const shelf = await shelve(segments);
    for (const [from, to] of [
      [0, 12_000],
      [6200, 8000],
    ] as const) {
      const [startMs, endMs] = [RECORDED_AT + from, RECORDED_AT + to];
      const output = await written(await shelf.plan({ startMs, endMs }), format);
      expect(await judgeCut({ segments, startMs, endMs, output, fragmented: format === "fmp4" })).toEqual([]);
    }
  });

  test.for(FORMATS)("in whether there is sound: it starts and ends midway (%s)", async (format) => {
    const recorded = await record({ count: 5, seconds: 2 });
    const silent = (i: number): boolean => i !== 1 && i !== 3;
    const segments = await replaced(recorded, (file, i) =>
      silent(i) ? remuxed(file, "-map", "-0:a") : Promise.resolve(file),
    );
    const shelf = await shelve(segments);
    const plan = await shelf.plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + 10_000 });
    const file = await written(plan, format);
    expect(await decodeErrors(file)).toBe("");
    const tracks = await shown(file);
    expect(tracks.map(({ type }) => type)).toEqual(["video", "audio"]);
    for (const track of tracks) {
      expect(Math.abs(farthest(await errorsOf(track, segments, RECORDED_AT))), track.type).toBeLessThan(track.frame);
    }
    // a segment's sound may begin a little before its picture, and end a little after
    const outside = tracks[1]?.samples.filter(({ pts }) => !(pts > 1.9 && pts < 4.05) && !(pts > 5.9 && pts < 8.05));
    expect(outside).toEqual([]);
    expect((tracks[1]?.samples.length ?? 0) * (1024 / 48_000)).toBeCloseTo(4, 0);
    expect(tracks[0]?.samples).toHaveLength(250);
  });

  test.for(FORMATS)(
    "in the bit rates of QuickTime sound, which need no sample entry of their own (%s)",
    async (format) => {
      const segments = await replaced(await record({ count: 3, seconds: 2 }), async (file) => {
        const output = scratch("sound.mov");
        await ffmpeg(["-v", "error", "-y", "-i", file, "-map", "0", "-c", "copy", output]);
        return output;
      });
      const shelf = await shelve(segments);
      const plan = await shelf.plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + 6000 });
      const bytes = await readFile(await written(plan, format));
      const entries = [...bytes.toString("latin1").matchAll(/stsd/g)].map(({ index }) => bytes.readUInt32BE(index + 8));
      expect(entries).toEqual([1, 1]);
    },
  );

  test.for(FORMATS)("in whether there is a picture (%s)", async (format) => {
    const recorded = await record({ count: 3, seconds: 2 });
    const segments = await replaced(recorded, (file, i) =>
      i === 1 ? remuxed(file, "-map", "-0:v") : Promise.resolve(file),
    );
    const shelf = await shelve(segments);
    const plan = await shelf.plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + 6000 });
    const file = await written(plan, format);
    expect(await decodeErrors(file)).toBe("");
    for (const track of await shown(file)) {
      expect(Math.abs(farthest(await errorsOf(track, segments, RECORDED_AT))), track.type).toBeLessThan(
        Math.max(track.frame, 0.1),
      );
    }
  });

  test.for(FORMATS)("several audio tracks stay apart (%s)", async (format) => {
    const [one, two] = await Promise.all([
      record({ count: 3, seconds: 2 }),
      record({ count: 3, seconds: 2, seed: 2, rate: 44100 }),
    ]);
    const segments = await replaced(one, async (file, i) => {
      const output = scratch("two.mp4");
      const maps = ["-map", "0:v", "-map", "0:a", "-map", "1:a"];
      await ffmpeg(["-v", "error", "-y", "-i", file, "-i", two[i]?.file ?? "", ...maps, "-c", "copy", output]);
      return output;
    });
    const shelf = await shelve(segments);
    const plan = await shelf.plan({ startMs: RECORDED_AT + 1000, endMs: RECORDED_AT + 5000 });
    const file = await written(plan, format);
    expect(await decodeErrors(file)).toBe("");
    const found = await packets(file);
    expect(found.map(({ type, sampleRate }) => [type, sampleRate])).toEqual([
      ["video", 0],
      ["audio", 48000],
      ["audio", 44100],
    ]);
    const sources = await Promise.all(segments.map(({ file }) => packets(file)));
    for (const i of [1, 2]) {
      const wanted = sources.flatMap((tracks) => tracks[i]?.packets.map(({ hash }) => hash) ?? []);
      const hashes = found[i]?.packets.map(({ hash }) => hash) ?? [];
      const first = wanted.indexOf(hashes[0] ?? "");
      expect(first).toBeGreaterThan(0);
      expect(hashes).toEqual(wanted.slice(first, first + hashes.length));
      expect(hashes.length * (1024 / (found[i]?.sampleRate ?? 1))).toBeCloseTo(4, 0);
    }
  });
});

describe.skipIf(ffprobePath === undefined)("what a track header says", () => {
  test.for(FORMATS)("about rotation and pixel aspect is kept (%s)", async (format) => {
    const recorded = await record({ count: 2, seconds: 2 });
    const segments = await replaced(recorded, async (file) => {
      const wide = await remuxed(file, "-bsf:v", "h264_metadata=sample_aspect_ratio=4/3", "-aspect", "16:9");
      return remuxed(wide, "-metadata:s:v", "rotate=90", "-metadata:s:a", "language=deu");
    });
    const shelf = await shelve(segments);
    const plan = await shelf.plan({ startMs: RECORDED_AT + 500, endMs: RECORDED_AT + 3500 });
    const file = await written(plan, format);
    const entries =
      "stream=codec_type,width,height,sample_aspect_ratio,display_aspect_ratio:stream_tags=language,rotate:stream_side_data=rotation";
    const describe = (path: string): Promise<string> =>
      ffprobe(["-v", "error", "-show_entries", entries, "-of", "compact", path]);
    const wanted = await describe(segments[0]?.file ?? "");
    expect(wanted).toContain("rotation=");
    expect(wanted).toContain("16:9");
    expect(wanted).toContain("deu");
    expect(await describe(file)).toBe(wanted);
  });
});
