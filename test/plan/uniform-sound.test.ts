import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { decodeErrors, packets } from "../support/oracle.ts";
import { record, RECORDED_AT, type RecordedSegment, type RecordingOptions } from "../support/recording.ts";
import { shelve } from "../support/shelf.ts";
import { ffmpeg, ffprobePath } from "../support/tools.ts";
import { FORMATS, scratch, written } from "./output.ts";

/** MD5 of all bytes of a file's sound, decoded: how a reader divides PCM into packets is its own affair. */
async function soundOf(file: string): Promise<string> {
  const raw = await scratch("sound.raw");
  await ffmpeg(["-v", "error", "-y", "-i", file, "-map", "0:a", "-f", "s16le", "-c:a", "pcm_s16le", raw]);
  return createHash("md5")
    .update(await readFile(raw))
    .digest("hex");
}

async function soundOfAll(segments: readonly RecordedSegment[]): Promise<string> {
  const hash = createHash("md5");
  for (const { file } of segments) {
    const raw = await scratch("sound.raw");
    await ffmpeg(["-v", "error", "-y", "-i", file, "-map", "0:a", "-f", "s16le", "-c:a", "pcm_s16le", raw]);
    hash.update(await readFile(raw));
  }
  return hash.digest("hex");
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
      const segments = await record({ count: 3, seconds: 2, bframes: 0, ...kind });
      const shelf = await shelve(segments);
      const plan = await shelf.plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + 6000 });
      const wanted = await soundOfAll(segments);
      const media = (await Promise.all(segments.map(({ file }) => stat(file)))).reduce(
        (sum, { size }) => sum + size,
        0,
      );
      for (const format of FORMATS) {
        const file = await written(plan, format);
        expect((await stat(file)).size, format).toBeLessThan(media * 1.02);
        expect(await soundOf(file), format).toBe(wanted);
        expect(await decodeErrors(file)).toBe("");
        // ffmpeg's fragments of PCM hold packets, the last of them shorter.
        if (format === "mp4" && kind.fragmented !== true) expect(await entriesOf(file, "stts")).toBe(1);
      }
      await shelf.close();
    },
  );

  test.for(FORMATS)("is cut to the sample (%s)", async (format) => {
    const segments = await record({ count: 3, seconds: 2, bframes: 0, audio: "g711" });
    const shelf = await shelve(segments);
    const plan = await shelf.plan({ startMs: RECORDED_AT + 1500, endMs: RECORDED_AT + 4250 });
    const file = await written(plan, format);
    await shelf.close();
    expect(await decodeErrors(file)).toBe("");
    const sound = (await packets(file)).find(({ type }) => type === "audio");
    const bytes = sound?.packets.reduce((sum, { size }) => sum + size, 0);
    expect(bytes).toBe(2.75 * 8000);
    const steps = sound?.packets.slice(1).map(({ dts }, i) => dts - (sound.packets[i]?.dts ?? 0)) ?? [];
    expect(Math.min(...steps)).toBeGreaterThan(0);
  });
});
