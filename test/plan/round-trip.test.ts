import { createFile, MP4BoxBuffer } from "mp4box";
import { expect, test } from "vitest";
import { indexObject, inspectSamples, planSegments, type IndexedSegment } from "../../src/core/index.ts";
import { createCore } from "../../src/core/wasm/module.ts";
import { presentationOf, readSummary } from "../../src/core/wasm/records/summary.ts";
import { compiledCore } from "../hostile/feed.ts";
import { box, zeros } from "../support/boxes.ts";
import { audioEntry, buildMovie, videoEntry, type MovieSample, type MovieTrack } from "../support/movie.ts";
import { random, seedOf, type Random } from "../support/random.ts";
import { bytesOf } from "../support/shelf.ts";
import { FORMATS, type Format } from "./output.ts";

/** What is written of random movies is read as the same again, here and by mp4box.js. */

const core = createCore(await compiledCore());
const ROUNDS = 60;

async function indexed(file: Uint8Array): Promise<IndexedSegment> {
  return indexObject(core, file.length, ({ offset, length }) =>
    Promise.resolve(file.subarray(offset, offset + length)),
  );
}

function samplesOf(
  rng: Random,
  count: number,
  { isVideo, entries, usual }: { isVideo: boolean; entries: number; usual: number },
): MovieSample[] {
  const reorders = isVideo && rng.below(2) === 0;
  const even = rng.below(2) === 0;
  return Array.from({ length: count }, (_, i) => ({
    data: new Uint8Array(1 + rng.below(rng.pick([4, 70_000]))).fill(i),
    duration: even ? usual : usual + rng.below(9),
    offset: !reorders ? 0 : i === 0 ? usual : i % 2 === 0 ? 0 : 2 * usual, // I P B P B
    sync: !isVideo || i === 0 || rng.below(5) === 0,
    entry: 1 + Math.floor((i * entries) / count),
  }));
}

function movieOf(rng: Random): MovieTrack[] {
  const avc = (width: number): Uint8Array => videoEntry("avc1", width, 90, box("avcC", zeros(7)));
  const [entries, count] = [1 + rng.below(2), 2 + rng.below(30)];
  const [timescale, rate] = [rng.pick([600, 12_800, 90_000]), rng.pick([8000, 48_000])];
  const video: MovieTrack = {
    handler: "vide",
    timescale,
    entries: [avc(160), avc(320)].slice(0, entries),
    samples: samplesOf(rng, count, { isVideo: true, entries, usual: timescale / 25 }),
    chunks: [1 + rng.below(5), 1 + rng.below(3)],
    offsets: rng.pick(["stco", "co64"]),
    size: [160 + rng.below(100), 90],
    flags: rng.pick([3, 7]),
    alternateGroup: rng.below(3),
    name: rng.pick(["", "Camera 1"]),
  };
  const audio: MovieTrack = {
    handler: "soun",
    timescale: rate,
    entries: [audioEntry("Opus", 2, 48_000, box("dOps", zeros(11)))],
    samples: samplesOf(rng, 2 + rng.below(40), { isVideo: false, entries: 1, usual: rate / 50 }),
    chunks: [1 + rng.below(9)],
    alternateGroup: rng.below(3),
  };
  return rng.below(3) === 0 ? [video] : [video, audio];
}

/** What of an index must not change: all but where bytes lie, and how long an edit list says that a track is. */
function kept({ index, summary }: IndexedSegment): unknown {
  const read = readSummary(summary);
  const samples = inspectSamples(core, index);
  return read.tracks.map((track, i) => {
    const {
      handler,
      timescale,
      samples: count,
      bytes,
      duration,
      descriptionHash,
      descriptionCount,
      tkhdFlags,
      codec,
    } = track;
    const own = samples.filter(({ trackIndex }) => trackIndex === i);
    const first = own[0]?.dts ?? 0;
    return {
      ...{ handler, timescale, count, bytes, duration, descriptionHash, descriptionCount, tkhdFlags, codec },
      presentation: Buffer.from(presentationOf(read, i)).toString("hex"),
      samples: own.map(({ size, dts, compositionOffset, sync, duration: lasts, description }) =>
        [size, dts - first, compositionOffset, sync, lasts, description].join(" "),
      ),
    };
  });
}

/** Every sample of an output, track by track: decode times from the first on. mp4box.js finds only the first run of a fragment. */
function samplesRead({ index }: IndexedSegment, format: Format): string[][] {
  const samples = inspectSamples(core, index);
  return [...new Set(samples.map(({ trackIndex }) => trackIndex))].map((trackIndex) => {
    const own = samples.filter((sample) => sample.trackIndex === trackIndex);
    const first = own[0]?.dts ?? 0;
    return own.map(({ offset, size, dts, compositionOffset, sync, duration, description }) =>
      [format === "mp4" && offset, size, dts - first, compositionOffset, sync, duration, description].join(" "),
    );
  });
}

/** The same of what mp4box.js reads. */
function samplesByMp4box(written: Uint8Array, format: Format): string[][] {
  const file = createFile();
  file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(new Uint8Array(written).buffer, 0), true);
  file.flush();
  return file.getInfo().tracks.map(({ id }) => {
    const own = file.getTrackSamplesInfo(id);
    const first = own[0]?.dts ?? 0;
    return own.map(({ offset, size, dts, cts, is_sync, duration, description_index }) =>
      [format === "mp4" && offset, size, dts - first, cts - dts, is_sync, duration, description_index + 1].join(" "),
    );
  });
}

test.for(FORMATS)(
  "a random movie that was planned and written whole is the same when it is read (%s)",
  async (format) => {
    const rng = random(seedOf(41));
    for (let round = 0; round < ROUNDS; round++) {
      const tracks = movieOf(rng);
      const { file } = buildMovie({ tracks, moov: rng.pick(["first", "last"]) });
      const source = await indexed(file);
      const read = ({ offset, length }: { offset: number; length: number }): Promise<Uint8Array> =>
        Promise.resolve(file.subarray(offset, offset + length));
      const plan = await planSegments({ core }, [{ ...source, startMs: 0, read }], {
        ...{ startMs: 0, endMs: Number.MAX_SAFE_INTEGER, changes: "entries" },
      });
      const written = await bytesOf(plan.media(format));
      const output = await indexed(written);
      expect(kept(output), `seed ${rng.seed}, round ${round}`).toEqual(kept(source));
      expect(samplesRead(output, format), `seed ${rng.seed}, round ${round}`).toEqual(samplesByMp4box(written, format));
    }
  },
);
