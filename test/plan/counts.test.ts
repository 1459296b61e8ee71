import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { indexObject } from "../../src/core/indexing/index-object.ts";
import { leftOut, wholeTrack, type PieceTrack } from "../../src/core/planning/piece.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { readSummary, type TrackRecord } from "../../src/core/wasm/records/summary.ts";
import { audioEntry, buildMovie, videoEntry, type MovieSample, type MovieTrack } from "../support/movie.ts";
import { packets } from "../support/oracle.ts";
import { random, seedOf, type Random } from "../support/random.ts";
import { canRecord, record, RECORDED_AT, type RecordingOptions } from "../support/recording.ts";
import { shelve } from "../support/shelf.ts";
import { ffprobePath } from "../support/tools.ts";
import { FORMATS, scratch, written } from "./output.ts";

const core = await loadCore();
const seed = seedOf(1);

/** What a piece of all samples is told to be by the summary, and what it is when its tables are walked. */
async function compare(file: Uint8Array): Promise<void> {
  const read = ({ offset, length }: { offset: number; length: number }): Promise<Uint8Array> =>
    Promise.resolve(file.subarray(offset, offset + length));
  const { index, summary } = await indexObject(core, file.length, read);
  const { tracks, fragments } = readSummary(summary);
  const measured = core.withIndex(index, (loaded) => loaded.measure(tracks.map(pieceOf)));
  expect(tracks).toMatchObject(measured.counts);
  expect(measured).toMatchObject({ bytes: tracks.reduce((sum, track) => sum + track.bytes, 0), fragments });
}

function pieceOf(record: TrackRecord, trackIndex: number): PieceTrack {
  const { first, count, dts, lastDuration } = wholeTrack(record);
  return { ...leftOut(record), first, count, dts, lastDuration, trackId: trackIndex + 1 };
}

describe("the counts in a summary are those of the whole segment", () => {
  const recordings: RecordingOptions[] = [
    { video: "h264", audio: "aac" },
    { video: "h264", audio: "aac", fragmented: true, rate: 44100 },
    { video: "h265", audio: "ac3", fragmented: true, bframes: 0 },
    { video: "vp9", audio: "opus" },
    { video: null, audio: "opus", fragmented: true },
    { video: "h264", audio: null, gop: 0.2, fps: 10 },
  ];
  test.for(recordings)("$video $audio fragmented=$fragmented", async (options, { skip }) => {
    skip(!(await canRecord(options)), "this ffmpeg has no such encoder");
    for (const { file } of await record({ count: 2, seconds: 3, ...options })) await compare(await readFile(file));
  });
});

/** Tracks that no encoder would write: odd chunks, descriptions that change, any offsets and durations. */
function oddTrack(numbers: Random, handler: "vide" | "soun"): MovieTrack {
  const timescale = numbers.pick([600, 1000, 12800, 44100, 90000]);
  const entry = (size: number): Uint8Array =>
    handler === "vide" ? videoEntry("png ", size, size) : audioEntry("ulaw", 1, 8000);
  const entries = [entry(16), entry(32)].slice(0, 1 + numbers.below(2));
  const reordered = numbers.below(2) === 0;
  const step = 1 + numbers.below(timescale);
  const syncEvery = 1 + numbers.below(7);
  const variable = numbers.below(2) === 0;
  const constant = numbers.below(3) === 0;
  const samples = Array.from({ length: 1 + numbers.below(120) }, (_, i): MovieSample => ({
    data: numbers.bytes(constant ? 40 : 20 + numbers.below(numbers.below(9) === 0 ? 900 : 60)),
    duration: variable ? 1 + numbers.below(2 * step) : step,
    // a range begins with the first picture: sound must not lie before it
    offset: reordered && i > 0 ? numbers.below(4) * step : 0,
    sync: handler === "soun" || i % syncEvery === 0,
    entry: entries.length === 2 && i % 23 > 15 ? 2 : 1,
  }));
  return { handler, timescale, entries, samples, chunks: Array.from({ length: 5 }, () => 1 + numbers.below(9)) };
}

const odd = Array.from({ length: 12 }, (_, i) => seed * 1000 + i);

describe.skipIf(ffprobePath === undefined)("a segment of odd tables", () => {
  test.for(odd)("counts, lengths and samples are right (seed %i)", async (number) => {
    const numbers = random(number);
    const handlers = numbers.pick([["vide"], ["soun"], ["vide", "soun"], ["soun", "vide", "soun"]] as const);
    const { file } = buildMovie({ tracks: handlers.map((handler) => oddTrack(numbers, handler)), moov: "last" });
    await compare(file);
    const source = scratch("odd.mp4");
    await writeFile(source, file);
    const shelf = await shelve([{ file: source, startMs: RECORDED_AT }]);
    const wanted = await packets(source);
    const plan = await shelf.plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + 1e9 });
    for (const format of FORMATS) {
      const found = await packets(await written(plan, format), { edits: false });
      expect(found.map(({ type }) => type)).toEqual(wanted.map(({ type }) => type));
      for (const [i, track] of found.entries()) {
        expect(
          track.packets.map(({ hash }) => hash),
          `${format} track ${i}`,
        ).toEqual(wanted[i]?.packets.map(({ hash }) => hash));
      }
    }
  });
});
