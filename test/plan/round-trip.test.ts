import { readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { indexObject, inspectSamples, planSegments, type IndexedSegment } from "../../src/core/index.ts";
import { createCore } from "../../src/core/wasm/module.ts";
import { presentationOf, readSummary } from "../../src/core/wasm/records/summary.ts";
import { compiledCore } from "../hostile/feed.ts";
import { box, zeros } from "../support/boxes.ts";
import { audioEntry, buildMovie, videoEntry, type MovieSample, type MovieTrack } from "../support/movie.ts";
import { random, seedOf, type Random } from "../support/random.ts";
import { bytesOf } from "../support/shelf.ts";
import { FORMATS } from "./output.ts";

/** What is written of a file is read as the same again: each box that the core both reads and writes, of random movies. */

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
      const output = await indexed(await bytesOf(plan.media(format)));
      expect(kept(output), `seed ${rng.seed}, round ${round}`).toEqual(kept(source));
    }
  },
);

test("each box that is written has a file, and is in the outputs that are read again", async () => {
  const names = await readdir(new URL("../../assembly/box/", import.meta.url));
  const written = ["dref", "elst", "hdlr", "mdhd", "mvhd", "stsd", "tfdt", "tfhd", "tkhd", "trex", "mfhd"];
  const tables = ["ctts", "stsc", "stss", "stsz", "stts", "trun"];
  expect(names).toEqual(expect.arrayContaining([...written, ...tables].map((name) => `${name}.ts`)));
  const seen = new Set<string>();
  const offset = { duration: 10, data: Uint8Array.of(1) };
  const samples = [0, 1, 2].map((i) => ({ ...offset, offset: i === 1 ? 20 : 10, sync: i === 0, data: zeros(1 + i) }));
  const entries = [videoEntry("avc1", 160, 90, box("avcC", zeros(7)))];
  const { file } = buildMovie({ tracks: [{ handler: "vide", timescale: 1000, entries, samples, size: [160, 90] }] });
  const source = await indexed(file);
  const read = ({ offset: at, length }: { offset: number; length: number }): Promise<Uint8Array> =>
    Promise.resolve(file.subarray(at, at + length));
  for (const format of FORMATS) {
    const plan = await planSegments({ core }, [{ ...source, startMs: 0, read }], { startMs: 0, endMs: 1000 });
    const output = new Uint8Array(await bytesOf(plan.media(format)));
    for (let at = 0; at < output.length;) {
      const size = Buffer.from(output.buffer).readUInt32BE(at);
      const type = Buffer.from(output.subarray(at + 4, at + 8)).toString("latin1");
      if (["moov", "moof"].includes(type)) {
        for (const listed of core.listBoxes({ offset: at, bytes: output.slice(at, at + size) })) seen.add(listed.type);
      }
      at += size;
    }
  }
  expect([...seen]).toEqual(expect.arrayContaining([...written, ...tables]));
});
