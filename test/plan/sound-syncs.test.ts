import { writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { audioEntry, buildMovie, videoEntry, type MovieSample } from "../support/movie.ts";
import { packets } from "../support/oracle.ts";
import { random } from "../support/random.ts";
import { RECORDED_AT } from "../support/recording.ts";
import { shelve } from "../support/shelf.ts";
import { ffprobePath } from "../support/tools.ts";
import { FORMATS, scratch, written } from "./output.ts";

/** Samples of sound from one sync sample to the next, 20 ms each, as xHE-AAC has them. */
const SYNC_EVERY = 10;
const numbers = random(11);

/** A segment of `pictures` of 40 ms, 0 for none, and 100 samples of sound. */
async function segment(pictures: number): Promise<string> {
  const picture = (): MovieSample => ({ data: numbers.bytes(60), duration: 40 });
  const sound = Array.from({ length: 100 }, (_, i): MovieSample => {
    return { data: numbers.bytes(40 + numbers.below(20)), duration: 160, sync: i % SYNC_EVERY === 0 };
  });
  const video = { handler: "vide", timescale: 1000, entries: [videoEntry("png ", 16, 16)] } as const;
  const audio = { handler: "soun", timescale: 8000, entries: [audioEntry("samr", 1, 8000)], samples: sound } as const;
  const tracks = [...(pictures > 0 ? [{ ...video, samples: Array.from({ length: pictures }, picture) }] : []), audio];
  const file = scratch("syncs.mp4");
  await writeFile(file, buildMovie({ tracks }).file);
  return file;
}

describe.skipIf(ffprobePath === undefined).each([50, 0])(
  "sound that has sync samples, beside %i pictures",
  (pictures) => {
    test.for(FORMATS)("is decoded from one on, and hidden before the start (%s)", async (format) => {
      const files = [await segment(pictures), await segment(pictures)];
      const shelf = await shelve(files.map((file, i) => ({ file, startMs: RECORDED_AT + i * 2000 })));
      const plan = await shelf.plan({ startMs: RECORDED_AT + 680, endMs: RECORDED_AT + 3000 });
      const file = await written(plan, format);
      const [source] = (await packets(files[0] ?? "")).filter(({ type }) => type === "audio");
      const [all] = (await packets(file, { edits: false })).filter(({ type }) => type === "audio");
      const [shown] = (await packets(file)).filter(({ type }) => type === "audio");
      // 680 ms is sample 34: decoding begins with sample 30.
      expect(all?.packets[0]?.hash).toBe(source?.packets[30]?.hash);
      expect(all?.packets).toHaveLength(70 + 50);
      const first = shown?.packets.find(({ hash }) => hash === source?.packets[34]?.hash);
      expect(first?.pts).toBeCloseTo(0, 3);
    });

    test("begins with one where it takes over from a recording that it overlaps", async () => {
      const files = [await segment(pictures), await segment(pictures)];
      const shelf = await shelve(files.map((file, i) => ({ file, startMs: RECORDED_AT + i * 1300 })));
      const file = await written(await shelf.plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + 3300 }), "mp4");
      const [first, second] = await Promise.all(
        files.map(async (each) =>
          (await packets(each)).find(({ type }) => type === "audio")?.packets.map(({ hash }) => hash),
        ),
      );
      const hashes = (await packets(file)).find(({ type }) => type === "audio")?.packets.map(({ hash }) => hash) ?? [];
      const joint = hashes.findIndex((hash) => second?.includes(hash));
      expect(joint).toBeGreaterThan(0);
      expect(hashes.slice(0, joint)).toEqual(first?.slice(0, joint));
      expect((second?.indexOf(hashes[joint] ?? "") ?? -1) % SYNC_EVERY).toBe(0);
    });
  },
);
