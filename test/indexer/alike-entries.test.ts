import { expect, test } from "vitest";
import { StreamIndexer } from "../../src/core/indexing/stream-indexer.ts";
import { createCore } from "../../src/core/wasm/module.ts";
import { readSummary } from "../../src/core/wasm/records/summary.ts";
import { buildMovie, videoEntry } from "../support/movie.ts";
import { compiledCore } from "../hostile/feed.ts";
import { video } from "../hostile/good.ts";

const core = createCore(await compiledCore());

/** Sample entries of the first track of a recording, and which one each of its samples has. */
function described(file: Uint8Array): { count: number; entries: (number | undefined)[] } {
  const indexer = new StreamIndexer(core);
  indexer.push(file);
  const { index } = indexer.end();
  const samples = core.withIndex(index, (loaded) => loaded.samples());
  return {
    count: readSummary(index).tracks[0]?.descriptionCount ?? 0,
    entries: samples.filter(({ trackIndex }) => trackIndex === 0).map(({ description }) => description),
  };
}

const entry = (width: number): Uint8Array => videoEntry("mp4v", width, 48);
const samples = video.samples.slice(0, 3).map((sample, i) => ({ ...sample, entry: i + 1 }));

test("sample entries that are the same are one", () => {
  const file = (widths: readonly number[]): Uint8Array =>
    buildMovie({ tracks: [{ ...video, edits: [], entries: widths.map(entry), samples }] }).file;
  expect(described(file([64, 64, 64]))).toEqual({ count: 1, entries: [1, 1, 1] });
  expect(described(file([64, 64, 32]))).toEqual({ count: 3, entries: [1, 2, 3] });
});
