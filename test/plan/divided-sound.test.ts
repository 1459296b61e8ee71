import { writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { audioEntry, buildMovie, videoEntry, type MovieSample } from "../support/movie.ts";
import { packets } from "../support/oracle.ts";
import { random } from "../support/random.ts";
import { RECORDED_AT } from "../support/recording.ts";
import { shelve, type Shelf } from "../support/shelf.ts";
import { ffprobePath } from "../support/tools.ts";
import { FORMATS, scratch, written } from "./output.ts";

/** A recorder that divides its streams at sync samples while the sound comes late: a segment begins with sound of the one before. */
const numbers = random(12);
const LENGTH_MS = 4000;
const SOUND_MS = 20;

async function divided(count: number, earlyMs: number): Promise<Shelf> {
  const samples = (each: number, duration: number): MovieSample[] =>
    Array.from({ length: each }, () => ({ data: numbers.bytes(40 + numbers.below(20)), duration }));
  const files = Array.from({ length: count }, async (_, i) => {
    // The first one has no sound from before.
    const early = i === 0 ? 0 : earlyMs;
    const soundMs = LENGTH_MS + early - earlyMs;
    const picture = { handler: "vide", timescale: 1000, entries: [videoEntry("png ", 16, 16)] } as const;
    const sound = { handler: "soun", timescale: 1000, entries: [audioEntry("samr", 1, 8000)] } as const;
    const file = scratch("divided.mp4");
    const edits = [
      [early, -1],
      [LENGTH_MS, 0],
    ] as const;
    const tracks = [
      { ...picture, samples: samples(LENGTH_MS / 40, 40), edits },
      { ...sound, samples: samples(soundMs / SOUND_MS, SOUND_MS) },
    ];
    await writeFile(file, buildMovie({ tracks }).file);
    return { file, startMs: RECORDED_AT + i * LENGTH_MS };
  });
  return shelve(await Promise.all(files));
}

describe.skipIf(ffprobePath === undefined)("sound that begins before the picture of its own segment", () => {
  test.for(FORMATS.flatMap((format) => [300, 1500].map((earlyMs) => ({ format, earlyMs }))))(
    "by $earlyMs ms goes on where that of the segment before ends ($format)",
    async ({ format, earlyMs }) => {
      const shelf = await divided(3, earlyMs);
      for (const fromMs of [0, LENGTH_MS - 100, LENGTH_MS - 2000]) {
        const range = { startMs: RECORDED_AT + fromMs, endMs: RECORDED_AT + 3 * LENGTH_MS };
        const tracks = await packets(await written(await shelf.plan(range), format), { edits: false });
        const sound = tracks.find(({ type }) => type === "audio")?.packets ?? [];
        expect(sound).toHaveLength((3 * LENGTH_MS - earlyMs - fromMs) / SOUND_MS);
        const steps = new Set(sound.slice(1).map(({ pts }, i) => Math.round((pts - (sound[i]?.pts ?? 0)) * 1000)));
        expect([...steps]).toEqual([SOUND_MS]);
      }
    },
  );
});
