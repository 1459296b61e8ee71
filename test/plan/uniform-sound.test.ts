import { readFile, stat } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { decodeErrors, packets } from "../support/oracle.ts";
import { canRecord, record, RECORDED_AT, type RecordedSegment, type RecordingOptions } from "../support/recording.ts";
import { shelve } from "../support/shelf.ts";
import { ffprobePath } from "../support/tools.ts";
import { decoded, FORMATS, written } from "./output.ts";

/** The sound of all segments, one after another: how a reader divides PCM into packets is its own affair. */
async function soundOfAll(segments: readonly RecordedSegment[]): Promise<Buffer> {
  const parts = await Promise.all(segments.map(({ file }) => decoded(file)));
  return Buffer.concat(parts.map(({ sound }) => sound));
}

/** Entries that a table of the sound track has. */
async function entriesOf(file: string, table: string): Promise<number> {
  const bytes = await readFile(file);
  const sound = bytes.indexOf("soun", 0, "latin1");
  return bytes.readUInt32BE(bytes.indexOf(table, sound, "latin1") + 8);
}

const KINDS: RecordingOptions[] = [
  { audio: "g711" },
  { audio: "pcm", rate: 44_100 },
  { audio: "pcm", fragmented: true, rate: 16_000 },
  { audio: "g711", video: null },
];

describe.skipIf(ffprobePath === undefined)("sound whose samples are all alike", () => {
  test.for(KINDS)(
    "takes hardly more than its bytes ($audio, $rate Hz, video $video, fragmented $fragmented)",
    async (kind) => {
      const segments = await record({ count: 3, seconds: 1, bframes: 0, ...kind });
      const shelf = await shelve(segments);
      const plan = await shelf.plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + 3000 });
      const wanted = await soundOfAll(segments);
      const media = (await Promise.all(segments.map(({ file }) => stat(file)))).reduce(
        (sum, { size }) => sum + size,
        0,
      );
      for (const format of FORMATS) {
        const file = await written(plan, format);
        expect((await stat(file)).size, format).toBeLessThan(media * 1.02);
        const { sound, complaints } = await decoded(file);
        expect(sound.equals(wanted), format).toBe(true);
        expect(complaints).toBe("");
        // ffmpeg's fragments of PCM hold packets, the last of them shorter.
        if (format === "mp4" && kind.fragmented !== true) expect(await entriesOf(file, "stts")).toBe(1);
      }
    },
  );

  test.for(FORMATS)("is cut to the sample (%s)", async (format) => {
    const segments = await record({ count: 3, seconds: 1, bframes: 0, audio: "g711" });
    const shelf = await shelve(segments);
    const plan = await shelf.plan({ startMs: RECORDED_AT + 500, endMs: RECORDED_AT + 2250 });
    const file = await written(plan, format);
    expect(await decodeErrors(file)).toBe("");
    const sound = (await packets(file)).find(({ type }) => type === "audio");
    const bytes = sound?.packets.reduce((sum, { size }) => sum + size, 0);
    expect(bytes).toBe(1.75 * 8000);
    const steps = sound?.packets.slice(1).map(({ dts }, i) => dts - (sound.packets[i]?.dts ?? 0)) ?? [];
    expect(Math.min(...steps)).toBeGreaterThan(0);
  });

  const SHORT: RecordingOptions[] = [
    { audio: "flac", video: null },
    { audio: "flac", bframes: 0 },
    { audio: "pcm", video: null, fragmented: true, seconds: 3 },
  ];
  test.for(SHORT)("of unequal samples loses none behind a short one ($audio, video $video)", async (kind, { skip }) => {
    if (!(await canRecord(kind))) return skip("this ffmpeg has no such encoder");
    // Each one an encode of its own, whose last sample is less than half as long as the others.
    const recorded = await Promise.all([1, 2, 3].map((seed) => record({ count: 1, seconds: 1, seed, ...kind })));
    const lastsMs = (kind.seconds ?? 1) * 1000;
    const segments = recorded.flat().map((one, i) => ({ ...one, startMs: RECORDED_AT + i * lastsMs }));
    const plan = await (await shelve(segments)).plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + 3 * lastsMs });
    const wanted = await soundOfAll(segments);
    for (const format of FORMATS) {
      const { sound, complaints } = await decoded(await written(plan, format));
      expect(sound.length, format).toBe(wanted.length);
      expect(sound.equals(wanted), format).toBe(true);
      expect(complaints).toBe("");
    }
  });
});
