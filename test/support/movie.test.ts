import { createHash } from "node:crypto";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { audioEntry, buildMovie, videoEntry, type Movie, type MovieTrack } from "./movie.ts";
import { packets } from "./oracle.ts";
import { random, seedOf } from "./random.ts";
import { ffprobePath } from "./tools.ts";

const numbers = random(seedOf(7));

const sound: MovieTrack = {
  handler: "soun",
  timescale: 8000,
  entries: [audioEntry("ulaw", 1, 8000)],
  samples: Array.from({ length: 24 }, () => ({ data: numbers.bytes(160), duration: 160 })),
  sizes: "constant",
  chunks: [5, 3],
};
const picture: MovieTrack = {
  handler: "vide",
  timescale: 12800,
  entries: [videoEntry("mp4v", 64, 48)],
  size: [64, 48],
  samples: Array.from({ length: 12 }, (_, i) => ({
    data: numbers.bytes(1 + numbers.below(15)),
    duration: 512,
    offset: i % 3 === 1 ? -512 : 512,
    sync: i % 6 === 0,
  })),
  chunks: [2],
};

const cases: Record<string, Movie> = {
  plain: { tracks: [picture, sound] },
  "moov last": { tracks: [picture, sound], moov: "last" },
  "mdat to the end": { tracks: [picture, sound], mdat: "rest" },
  "64-bit sizes and offsets": { tracks: [{ ...picture, offsets: "co64" }, sound], mdat: "large" },
  "4-bit sizes": { tracks: [{ ...picture, sizes: 4 }] },
  "8-bit sizes": { tracks: [{ ...picture, sizes: 8 }] },
  "16-bit sizes": { tracks: [{ ...picture, sizes: 16 }] },
  "an edit": { tracks: [{ ...picture, edits: [[400, 1024]] }] },
};

test.skipIf(ffprobePath === undefined).each(Object.entries(cases))(
  `a built movie is read back by ffprobe: %s (seed ${numbers.seed})`,
  async (_, movie) => {
    const { file, sampleOffsets } = buildMovie(movie);
    const path = join(await mkdtemp(join(tmpdir(), "boxcar-movie-")), "built.mp4");
    await writeFile(path, file);
    const tracks = await packets(path, { edits: false });
    expect(tracks).toHaveLength(movie.tracks.length);
    for (const [i, { samples, timescale }] of movie.tracks.entries()) {
      expect(tracks[i]?.packets.map(({ hash }) => hash)).toEqual(
        samples.map(({ data }) => createHash("md5").update(data).digest("hex")),
      );
      expect(tracks[i]?.packets.map(({ sync }) => sync)).toEqual(samples.map(({ sync }) => sync !== false));
      // ffprobe moves all decode times back by the most negative offset
      const delays = tracks[i]?.packets.map(({ pts, dts }) => pts - dts) ?? [];
      for (const [n, delay] of delays.entries()) {
        const wanted = ((samples[n]?.offset ?? 0) - (samples[0]?.offset ?? 0)) / timescale;
        expect(delay - (delays[0] ?? 0)).toBeCloseTo(wanted, 3);
      }
      for (const [n, { data }] of samples.entries()) {
        const at = sampleOffsets[i]?.[n] ?? -1;
        expect(file.subarray(at, at + data.length)).toEqual(data);
      }
    }
  },
);
