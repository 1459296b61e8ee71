import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { packets } from "../support/oracle.ts";
import { record, RECORDED_AT, type RecordedSegment } from "../support/recording.ts";
import { bytesOf, shelve } from "../support/shelf.ts";
import { ffprobePath } from "../support/tools.ts";
import { decoded, FORMATS, remuxed, written, type Format } from "./output.ts";

const SECONDS = 1;
/** What a packet of sound lasts as ffmpeg reads it, seconds. */
const PACKET = { aac: 1024 / 48_000, opus: 0.02, g711: 0.128, pcm: 0.128 };

interface Hole {
  readonly name: string;
  /** The segments of the stream, made from four that follow one another. */
  readonly made: (segments: readonly RecordedSegment[]) => Promise<RecordedSegment[]>;
  /** Seconds of the output in which nothing is heard. */
  readonly silent: readonly [from: number, to: number];
}

/** The segments, those of some numbers without their sound. */
async function muted(all: readonly RecordedSegment[], numbers: readonly number[]): Promise<RecordedSegment[]> {
  const mute = async (segment: RecordedSegment, i: number): Promise<RecordedSegment> => {
    return numbers.includes(i) ? { ...segment, file: await remuxed(segment.file, "-map", "-0:a") } : segment;
  };
  return Promise.all(all.map(mute));
}

const HOLES: Hole[] = [
  {
    name: "a gap that is kept",
    made: (all) => Promise.resolve(all.filter((_, i) => i !== 1 && i !== 2)),
    silent: [SECONDS, 3 * SECONDS],
  },
  {
    name: "two segments without sound",
    made: (all) => muted(all, [1, 2]),
    silent: [SECONDS, 3 * SECONDS],
  },
  {
    name: "sound that begins late",
    made: (all) => muted(all, [0]),
    silent: [0, SECONDS],
  },
  {
    name: "sound that ends early",
    made: (all) => muted(all, [3]),
    silent: [3 * SECONDS, 4 * SECONDS],
  },
];

/** The largest sample, of 32768, of a stretch of sound of 8000 Hz. */
function loudest(sound: Buffer, [from, to]: readonly [number, number]): number {
  let most = 0;
  for (let at = Math.round(from * 8000) * 2; at < Math.min(sound.length, Math.round(to * 8000) * 2); at += 2)
    most = Math.max(most, Math.abs(sound.readInt16LE(at)));
  return most;
}

describe.skipIf(ffprobePath === undefined)("sound is kept in step by silence", () => {
  // AAC has all holes, two of them in both forms; the others have one hole and form each.
  const kinds = HOLES.flatMap((hole, i) => [
    ...FORMATS.filter((_, of) => i % 2 === 0 || of === (i % 4) >> 1).map((format) => ({
      audio: "aac" as const,
      format,
      ...hole,
    })),
    ...(["g711", "opus", "pcm"] as const)
      .slice(i, i + 1)
      .map((audio) => ({ audio, format: FORMATS[i % 2] ?? "mp4", ...hole })),
  ]);
  test.for(kinds)(
    "$audio, $name ($format)",
    async ({ audio, made, silent, format }: Hole & { audio: keyof typeof PACKET; format: Format }) => {
      const rate = audio === "pcm" ? { rate: 8000 } : {};
      const segments = await made(await record({ count: 4, seconds: SECONDS, audio, bframes: 0, ...rate }));
      const shelf = await shelve(segments);
      const range = { startMs: RECORDED_AT, endMs: RECORDED_AT + 4 * SECONDS * 1000, gaps: "keep" } as const;
      const [bare, plan, again] = [
        await shelf.plan({ ...range, sound: "none" }),
        await shelf.plan({ ...range, sound: "keep" }),
        await shelf.plan({ ...range, sound: "keep" }),
      ];
      const [file, plain] = [await written(plan, format), await written(bare, format)];
      expect(await bytesOf(again.media(format))).toEqual(await readFile(file));
      const middle = { offset: Math.round(plan.media(format).size / 3), length: 5000 };
      expect(await bytesOf(plan.media(format), middle)).toEqual(
        (await readFile(file)).subarray(middle.offset, middle.offset + middle.length),
      );
      const { sound: heard, complaints } = await decoded(file, "-ar", "8000", "-ac", "1");
      if (complaints !== "") expect(complaints).toBe((await decoded(plain)).complaints);
      const sound = await soundIn(file);
      // Without a jump, from the start of the picture to its end.
      expect(sound[0]?.pts ?? 1).toBeLessThan(0.03);
      expect((sound.at(-1)?.pts ?? 0) + (sound.at(-1)?.duration ?? 0)).toBeGreaterThan(4 * SECONDS - 0.11);
      const steps = sound.slice(1).map(({ pts }, i) => pts - (sound[i]?.pts ?? 0));
      expect(Math.max(...steps)).toBeLessThan(2.1 * PACKET[audio]);
      // What was recorded stands where it did.
      if (audio === "aac" || audio === "opus") {
        const times = new Map(sound.map(({ hash, pts }) => [hash, pts]));
        for (const { hash, pts } of await soundIn(plain)) expect(times.get(hash)).toBeCloseTo(pts, 4);
      }
      expect(loudest(heard, [silent[0] + 0.1, silent[1] - 0.1])).toBeLessThan(20);
      expect(
        loudest(heard, [
          silent[0] === 0 ? silent[1] + 0.1 : 0.1,
          silent[0] === 0 ? 4 * SECONDS - 0.1 : silent[0] - 0.1,
        ]),
      ).toBeGreaterThan(500);
    },
  );
});

describe.skipIf(ffprobePath === undefined)("silence does not come between", () => {
  test("encodes of their own with long samples, whose last one is cut short", async () => {
    const segments = await Promise.all(
      [1, 2].map(async (seed, i) => {
        const [segment] = await record({ count: 1, seconds: 3, rate: 8000, bframes: 0, seed });
        return { file: segment?.file ?? "", startMs: RECORDED_AT + i * 3000 };
      }),
    );
    const shelf = await shelve(segments);
    const file = await written(await shelf.plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + 6000 }), "mp4");
    const recorded = new Set((await Promise.all(segments.map((segment) => soundIn(segment.file)))).flat().map(hashOf));
    const found = (await soundIn(file)).map(hashOf);
    expect(found.length).toBeGreaterThan(40);
    expect(found.filter((hash) => !recorded.has(hash))).toEqual([]);
  });
});

function hashOf({ hash }: { readonly hash: string }): string {
  return hash;
}

async function soundIn(file: string): Promise<readonly { pts: number; duration: number; hash: string }[]> {
  const tracks = await packets(file);
  return tracks.find(({ type }) => type === "audio")?.packets.filter(({ hidden }) => !hidden) ?? [];
}
