import { expect, test } from "vitest";
import { StreamIndexer } from "../../src/core/indexing/stream-indexer.ts";
import { readSummary } from "../../src/core/wasm/records/summary.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { box, bytes, u32, u8, zeros } from "../support/boxes.ts";
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

test("pictures that others are needed for are no sync samples, whatever a missing table says", () => {
  const avc = videoEntry("avc1", 16, 16, box("avcC", u8(1, 66, 0, 10, 0xff, 0xe0, 0)));
  const hevc = videoEntry("hvc1", 16, 16, box("hvcC", u8(1), zeros(20), u8(0xff, 0)));
  const unit = (...data: number[]): Uint8Array => bytes(u32(data.length + 20), u8(...data), zeros(20));
  const syncs = (entry: Uint8Array, ...units: Uint8Array[]): number | undefined => {
    const rest = usual.map((each) => ({ ...each, data: unit(0x41, 0xe0) }));
    const track = { ...video({ ...sample(100), data: bytes(...units) }, ...rest), entries: [entry] };
    const found = indexed(track);
    const isDoubted = found.description.warnings.some((warning) => warning.includes("no_sync_sample"));
    expect(isDoubted).toBe(readSummary(found.summary).tracks[0]?.syncSamples === 0);
    return readSummary(found.summary).tracks[0]?.syncSamples;
  };
  const delimiter = unit(9, 0xf0);
  // An IDR picture, and slices of types P, P of all, and I of all.
  expect(syncs(avc, delimiter, unit(0x65, 0x88))).toBe(11);
  expect(syncs(avc, delimiter, unit(0x41, 0xe0))).toBe(0);
  expect(syncs(avc, unit(0x41, 0x9a))).toBe(0);
  expect(syncs(avc, unit(0x41, 0x88))).toBe(11);
  // IDR_W_RADL, CRA_NUT and TRAIL_R, behind a delimiter of H.265.
  expect(syncs(hevc, unit(70, 1), unit(38, 1))).toBe(11);
  expect(syncs(hevc, unit(42, 1))).toBe(11);
  expect(syncs(hevc, unit(70, 1), unit(2, 1))).toBe(0);
  // What lies too far behind is not read.
  expect(syncs(avc, bytes(u32(13_000), u8(6), zeros(12_999)), unit(0x41, 0xe0))).toBe(11);
});
