import { readFile, writeFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { decodeErrors, packets } from "../support/oracle.ts";
import { canRecord, record, RECORDED_AT, type RecordedSegment, type RecordingOptions } from "../support/recording.ts";
import { buildMovie, type MovieSample } from "../support/movie.ts";
import { catalogued, shelve, type Shelf } from "../support/shelf.ts";
import { ffprobe, ffprobePath } from "../support/tools.ts";
import { errorsOf, farthest, FORMATS, frameSizes, scratch, shown, written } from "./output.ts";

/** Puts segments of several recordings one after another, two seconds each. */
async function chained(kinds: readonly RecordingOptions[]): Promise<RecordedSegment[]> {
  const parts = await Promise.all(kinds.map((kind, i) => record({ seed: i + 1, ...kind, count: 1, seconds: 2 })));
  return parts.flat().map(({ file }, i) => ({
    file,
    startMs: RECORDED_AT + i * 2000,
    endMs: RECORDED_AT + (i + 1) * 2000,
  }));
}

const all = (count: number): { startMs: number; endMs: number } => ({
  startMs: RECORDED_AT,
  endMs: RECORDED_AT + count * 2000,
});

const sizes = ["160x120", "320x240", "160x120", "96x64", "320x240"] as const;

/** Sample description indexes of the fragments of a file with one track, repeated ones left out. */
function descriptionsOf(file: string): number[] {
  const found: number[] = [];
  // after the name: version and flags, track id, sample description index
  for (let at = file.indexOf("tfhd"); at >= 0; at = file.indexOf("tfhd", at + 1)) found.push(file.charCodeAt(at + 15));
  return found.filter((index, i) => index !== found[i - 1]);
}

describe.skipIf(ffprobePath === undefined).each([
  { video: "h264", entry: { plain: "avc1", inband: "avc3" } },
  { video: "h265", entry: { plain: "hvc1", inband: "hev1" } },
] as const)("$video that changes its resolution back and forth", ({ video, entry }) => {
  let segments: RecordedSegment[] = [];
  let shelf: Shelf | undefined;
  beforeAll(async () => {
    if (!(await canRecord({ video }))) return;
    segments = await chained(sizes.map((size) => ({ video, audio: null, size })));
    shelf = await shelve(segments);
  });

  const cases = FORMATS.flatMap((format) =>
    (["inband", "entries"] as const).flatMap((changes) => [
      { format, changes, from: 0, frames: sizes.map((size) => `${size} 50`) },
      { format, changes, from: 2500, frames: ["320x240 38", "160x120 50", "96x64 50", "320x240 50"] },
    ]),
  );
  test.for(cases)("decodes to the end: $format changes=$changes from $from ms", async (given, { skip }) => {
    if (shelf === undefined) return skip("this ffmpeg has no such encoder");
    const { format, changes, from } = given;
    const { endMs } = all(sizes.length);
    const plan = await shelf.plan({ startMs: RECORDED_AT + from, endMs, changes });
    const file = await written(plan, format);
    const head = (await readFile(file)).toString("latin1");
    expect(head.includes(entry.inband)).toBe(changes === "inband");
    expect(plan.changes).toBe(changes);
    // What is told beforehand are the sample entries that the file has.
    const told = plan.codecs.split(",");
    expect(new Set(told.map((codec) => codec.slice(0, 4)))).toEqual(
      new Set([entry[changes === "inband" ? "inband" : "plain"]]),
    );
    expect(head.includes(entry.plain)).toBe(changes === "entries");
    if (format === "fmp4" && changes === "entries") {
      // ffmpeg knows only one sample description in fragmented files: the fragments must say the right one
      expect(descriptionsOf(head)).toEqual(from === 0 ? [1, 2, 1, 3, 2] : [1, 2, 3, 1]);
      return;
    }
    expect(await decodeErrors(file)).toBe("");
    const frames = await frameSizes(file);
    // ffmpeg shows frames before the start of a fragmented file's edit list
    if (from === 0 || format === "mp4") expect(frames).toEqual(given.frames);
    else expect(frames.slice(1)).toEqual(given.frames.slice(1));
    const [track] = await shown(file);
    expect(track?.widest).toBeLessThan(1.1);
    // A start within a picture shortens it, and what is only decoded lasts a tick.
    if (from === 0) expect(track?.closest).toBeGreaterThan(0.9);
  });

  test.for(FORMATS)("keeps its sample entry where nothing changes (%s)", async (format, { skip }) => {
    if (shelf === undefined) return skip("this ffmpeg has no such encoder");
    const plan = await shelf.plan({ startMs: RECORDED_AT + 2000, endMs: RECORDED_AT + 4000 });
    expect(plan.changes).toBeUndefined();
    const head = (await readFile(await written(plan, format))).toString("latin1");
    expect([head.includes(entry.plain), head.includes(entry.inband)]).toEqual([true, false]);
  });
});

describe.skipIf(ffprobePath === undefined)("other parameters of the same codec", () => {
  test.for(FORMATS)("VP9 of another size gets a further sample entry (%s)", async (format, { skip }) => {
    skip(!(await canRecord({ video: "vp9", audio: "opus" })), "this ffmpeg has no VP9");
    const kinds = (["160x120", "320x240", "160x120"] as const).map((size): RecordingOptions => ({
      video: "vp9",
      audio: "opus",
      size,
    }));
    const segments = await chained(kinds);
    const shelf = await shelve(segments);
    const file = await written(await shelf.plan(all(3)), format);
    expect(await decodeErrors(file)).toBe("");
    expect(await frameSizes(file)).toEqual(["160x120 50", "320x240 50", "160x120 50"]);
  });

  test.for(FORMATS)("AAC of another rate keeps its pace (%s)", async (format) => {
    const kinds = [48000, 44100, 48000].map((rate): RecordingOptions => ({ video: "h264", audio: "aac", rate }));
    const segments = await chained(kinds);
    const shelf = await shelve(segments);
    const file = await written(await shelf.plan(all(3)), format);
    for (const track of await shown(file)) {
      expect(Math.abs(farthest(await errorsOf(track, segments, RECORDED_AT)))).toBeLessThan(track.frame);
    }
  });
});

/** The sample entry of a file with one track of H.264 or H.265, and its samples. */
async function samplesOf(file: string, entry: number): Promise<{ entry: Uint8Array; samples: MovieSample[] }> {
  const bytes = await readFile(file);
  const at = bytes.indexOf("stsd") + 12;
  const asked = ["-show_entries", "packet=pos,size,flags", "-of", "csv=p=0"];
  const lines = (await ffprobe(["-v", "error", ...asked, file])).trim().split("\n");
  const samples = lines.map((line): MovieSample => {
    const [size = 0, position = 0] = line.split(",").map(Number);
    return { data: bytes.subarray(position, position + size), duration: 512, sync: line.includes("K"), entry };
  });
  return { entry: bytes.subarray(at, at + bytes.readUInt32BE(at)), samples };
}

describe.skipIf(ffprobePath === undefined).each(["h264", "h265"] as const)(
  "a segment of %s with two sample entries",
  (video) => {
    /** Parts of 2 s, whose sizes change within the first segment, and between the two. */
    const parts = ["160x120", "320x240", "96x64"] as const;
    let shelf: Shelf | undefined;
    beforeAll(async () => {
      if (!(await canRecord({ video }))) return;
      const recorded = await chained(parts.map((size) => ({ video, size, audio: null, bframes: 0 })));
      const [first, second, third] = await Promise.all(recorded.map(({ file }, i) => samplesOf(file, i === 1 ? 2 : 1)));
      const [one, other] = [scratch("two-entries.mp4"), scratch("one-entry.mp4")];
      const track = { handler: "vide", timescale: 12_800, chunks: [10], size: [320, 240] } as const;
      const movie = (...of: { entry: Uint8Array; samples: MovieSample[] }[]): Uint8Array => {
        const [entries, samples] = [of.map(({ entry }) => entry), of.flatMap(({ samples }) => samples)];
        return buildMovie({ tracks: [{ ...track, entries, samples }] }).file;
      };
      if (first === undefined || second === undefined || third === undefined) return;
      await writeFile(one, movie(first, second));
      await writeFile(other, movie(third));
      shelf = await shelve([
        { file: one, startMs: RECORDED_AT },
        { file: other, startMs: RECORDED_AT + 4000 },
      ]);
    });

    const cases = FORMATS.flatMap((format) => [
      { format, changes: "inband" as const, from: 0, to: 4000, counts: [50, 50] },
      { format, changes: "inband" as const, from: 3000, to: 6000, counts: [0, 25, 50] },
      { format, changes: "entries" as const, from: 1000, to: 6000, counts: [25, 50, 50] },
    ]);
    test.for(cases)("decodes to the end: $format changes=$changes from $from to $to ms", async (given, { skip }) => {
      if (shelf === undefined) return skip("this ffmpeg has no such encoder");
      const { format, changes, from, to, counts } = given;
      const plan = await shelf.plan({ startMs: RECORDED_AT + from, endMs: RECORDED_AT + to, changes });
      expect(plan.changes).toBe(changes);
      const file = await written(plan, format);
      const entered = new Set(descriptionsOf((await readFile(file)).toString("latin1")));
      const entries = counts.flatMap((count, i) => (count > 0 ? [i + 1] : []));
      if (format === "fmp4") expect([...entered]).toEqual(changes === "inband" ? [1] : entries);
      // ffmpeg knows only one sample description in fragmented files.
      if (format === "fmp4" && changes === "entries") return;
      expect(await decodeErrors(file)).toBe("");
      const frames = counts.flatMap((count, i) => (count > 0 ? [`${parts[i] ?? ""} ${String(count)}`] : []));
      // ffmpeg shows frames before the start of a fragmented file's edit list.
      const hidden = format === "fmp4" && from > 0 ? 1 : 0;
      expect((await frameSizes(file)).slice(hidden)).toEqual(frames.slice(hidden));
    });
  },
);

describe.skipIf(ffprobePath === undefined)("a codec that changes", () => {
  const changes: readonly (readonly RecordingOptions[])[] = [
    [{}, { video: "mpeg4" }, { video: "mpeg4" }],
    [{}, { audio: "mp3" }, {}],
    [{ video: null }, { video: null, audio: "opus" }, { video: null }],
  ];
  test.for(changes)("is refused with what can be had: %j", async (kinds) => {
    const segments = await chained(kinds);
    const shelf = await catalogued(segments);
    const asked = shelf.plan({ startMs: RECORDED_AT + 500, endMs: RECORDED_AT + 5500 });
    const refusal = await asked.then(
      () => undefined,
      (error: unknown) => error as { fields: { spans: { start: string; end: string; url: string }[] } },
    );
    expect(refusal).toMatchObject({ code: "codec_change" });
    const spans = refusal?.fields.spans ?? [];
    expect(spans[0]?.start).toBe(new Date(RECORDED_AT + 500).toISOString());
    expect(spans.at(-1)?.end).toBe(new Date(RECORDED_AT + 5500).toISOString());
    expect(spans).toHaveLength(kinds.filter((kind, i) => JSON.stringify(kind) !== JSON.stringify(kinds[i - 1])).length);
    for (const { start, end, url } of spans) {
      expect(url).toBe(`/mp4/download/test.mp4?start=${start}&end=${end}`);
      const plan = await shelf.plan({ startMs: Date.parse(start), endMs: Date.parse(end) });
      const file = await written(plan, "mp4");
      expect(await decodeErrors(file)).toBe("");
      const [track] = await packets(file);
      expect(track?.packets.length).toBeGreaterThan(10);
    }
    await shelf.close();
  });
});
