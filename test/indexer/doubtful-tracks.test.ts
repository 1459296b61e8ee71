import { expect, test } from "vitest";
import { StreamIndexer } from "../../src/core/indexing/stream-indexer.ts";
import { readSummary } from "../../src/core/wasm/records/summary.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { zeros } from "../support/boxes.ts";
import { audioEntry, buildMovie, videoEntry, type MovieSample, type MovieTrack } from "../support/movie.ts";

const core = await loadCore();

function indexed(...tracks: MovieTrack[]): ReturnType<StreamIndexer["end"]> {
  const indexer = new StreamIndexer(core);
  indexer.push(buildMovie({ tracks }).file);
  return indexer.end();
}
const warningsOf = (...tracks: MovieTrack[]): readonly string[] => indexed(...tracks).description.warnings;

const sample = (duration: number, sync = true): MovieSample => ({ data: zeros(10), duration, sync });
const video = (...samples: MovieSample[]): MovieTrack => ({
  ...{ handler: "vide", timescale: 1000, entries: [videoEntry("mp4v", 16, 16)], samples },
});
const sound = (edits?: MovieTrack["edits"]): MovieTrack => ({
  ...{ handler: "soun", timescale: 8000, entries: [audioEntry("ulaw", 1, 8000)] },
  ...{ samples: Array.from({ length: 10 }, () => sample(800)), ...(edits && { edits }) },
});
const usual = Array.from({ length: 10 }, () => sample(100));

test("plain tracks are not doubted", () => {
  expect(warningsOf(video(...usual), sound())).toEqual([]);
  expect(warningsOf(video(sample(1000), sample(1000), sample(4000)))).toEqual([]);
  expect(warningsOf(video(sample(20_000)))).toEqual([]);
});

test("a last sample far longer than the others is warned of", () => {
  expect(warningsOf(video(...usual, sample(8_520_000)))).toEqual([
    expect.stringContaining("8520.0 s, the others 100 ms"),
  ]);
});

test("sound far from its picture is warned of", () => {
  expect(
    warningsOf(
      video(...usual),
      sound([
        [100_000, -1],
        [1000, 0],
      ]),
    ),
  ).toEqual([expect.stringContaining("sound starts long after")]);
});

test("video without a sync sample at its start is warned of", () => {
  const late = usual.map((each, i) => ({ ...each, sync: i === 5 }));
  expect(warningsOf(video(...late))).toEqual([expect.stringContaining("does not start with a sync sample")]);
  expect(warningsOf(video(...usual.map((each) => ({ ...each, sync: false }))))).toEqual([
    expect.stringContaining("no_sync_sample"),
  ]);
});

test("reordered pictures without a table of sync samples are not all of them", () => {
  // In decode order, by when they are presented.
  const presented = (...places: number[]): MovieTrack =>
    video(...places.map((place, i) => ({ ...sample(100), offset: (place - i + 3) * 100 })));
  const syncs = (track: MovieTrack): number | undefined => readSummary(indexed(track).summary).tracks[0]?.syncSamples;
  // Pictures are decoded from the first one on, or, where others come before it, from those before the file.
  expect([syncs(presented(0, 3, 1, 2)), warningsOf(presented(0, 3, 1, 2))]).toEqual([1, []]);
  expect(warningsOf(presented(2, 0, 1, 3))).toEqual([expect.stringContaining("no_sync_sample")]);
  expect([syncs(presented(0, 1, 2, 4)), syncs(presented(0, 1, 3, 4))]).toEqual([4, 4]);
});
