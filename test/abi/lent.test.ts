import { expect, test } from "vitest";
import { indexObject } from "../../src/core/indexing/index-object.ts";
import { leftOut, wholeTrack } from "../../src/core/planning/piece.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { Table } from "../../src/core/wasm/abi/names.ts";
import type { LentBytes, LoadedIndex } from "../../src/core/wasm/loaded-index.ts";
import { readSummary } from "../../src/core/wasm/records/summary.ts";
import { buildMovie, videoEntry } from "../support/movie.ts";

const core = await loadCore();
const samples = [7, 5, 9].map((size) => ({ data: new Uint8Array(size), duration: 40 }));
const entries = [videoEntry("png ", 16, 16)];
const { file } = buildMovie({ tracks: [{ handler: "vide", timescale: 1000, entries, samples }] });
const { index, summary } = await indexObject(core, file.length, ({ offset, length }) =>
  Promise.resolve(file.subarray(offset, offset + length)),
);
const pieces = readSummary(summary).tracks.map((record) => ({
  ...leftOut(record),
  ...{ first: 0, count: record.samples, counts: record, trackId: 1, dts: wholeTrack(record).dts },
}));

function sizes(loaded: LoadedIndex): LentBytes {
  return loaded.table(pieces, 0, Table.Stsz, 0);
}

function copied(lent: LentBytes): number[] {
  const bytes = new Uint8Array(lent.length);
  lent.copyTo(bytes, 0);
  return [...bytes];
}

test("a table is lent until the next call", () => {
  core.withIndex(index, (loaded) => {
    const first = sizes(loaded);
    expect(copied(first)).toEqual([0, 0, 0, 7, 0, 0, 0, 5, 0, 0, 0, 9]);
    const second = sizes(loaded);
    expect(() => copied(first)).toThrow("lent no more");
    expect(copied(second)).toEqual([0, 0, 0, 7, 0, 0, 0, 5, 0, 0, 0, 9]);
    expect(() => second.copyTo(new Uint8Array(13), 0)).toThrow(RangeError);
  });
});

test("neither an index nor what it lent outlives its withIndex", () => {
  const [loaded, lent] = core.withIndex(index, (each) => [each, sizes(each)] as const);
  expect(() => copied(lent)).toThrow("lent no more");
  expect(() => sizes(loaded)).toThrow("loaded no more");
});

test("while an index is loaded the core does nothing else", () => {
  core.withIndex(index, (loaded) => {
    expect(() => core.boxes.captionEntry()).toThrow("An index is loaded");
    expect(() => core.withIndex(index, sizes)).toThrow("An index is loaded");
    expect(copied(sizes(loaded))).toHaveLength(12);
  });
  expect(core.boxes.captionEntry()).toHaveLength(64);
});

test("a function that fails leaves the core usable", () => {
  const fail = (): never => {
    throw new Error("of its own");
  };
  expect(() => core.withIndex(index, fail)).toThrow("of its own");
  expect(core.boxes.captionEntry()).toHaveLength(64);
});
