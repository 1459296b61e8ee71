import { expect, test } from "vitest";
import { StreamIndexer } from "../../src/core/indexing/stream-indexer.ts";
import type { StatedStart } from "../../src/core/indexing/stated-start.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { box, bytes, fullBox, u32, u64, zeros } from "../support/boxes.ts";
import { audioEntry, buildMovie } from "../support/movie.ts";

const core = await loadCore();
const EPOCH_1904 = 2_082_844_800;
/** 2026-01-31T10:00:04Z as `mvhd` states it; the recording lasts 4 s. */
const CREATED = EPOCH_1904 + Date.UTC(2026, 0, 31, 10, 0, 4) / 1000;

function stated(creationTime: number, ...extras: Uint8Array[]): StatedStart | undefined {
  const [first, last] = (["first", "last"] as const).map((moov) => statedIn(moov, creationTime, extras));
  expect(last).toEqual(first);
  return first;
}

function statedIn(moov: "first" | "last", creationTime: number, extras: Uint8Array[]): StatedStart | undefined {
  const { file } = buildMovie({
    creationTime: BigInt(creationTime),
    ...{ moov, extras },
    tracks: [
      {
        handler: "soun",
        timescale: 8000,
        entries: [audioEntry("ulaw", 1, 8000)],
        samples: Array.from({ length: 4 }, () => ({ data: zeros(10), duration: 8000 })),
      },
    ],
  });
  const indexer = new StreamIndexer(core);
  indexer.push(file);
  return indexer.end().statedStart;
}

const handler = fullBox("hdlr", 0, 0, zeros(4), "mdta", zeros(13));
const keys = (...names: string[]): Uint8Array =>
  fullBox("keys", 0, 0, u32(names.length), ...names.map((name) => bytes(u32(8 + name.length), "mdta", name)));
const items = (...values: string[]): Uint8Array =>
  box("ilst", ...values.map((value, i) => bytes(u32(24 + value.length), u32(i + 1), box("data", u32(1, 0), value))));
/** Metadata as QuickTime writes it: `meta` is a plain box. */
const quicktime = (...pairs: [string, string][]): Uint8Array =>
  box("meta", handler, keys(...pairs.map(([key]) => key)), items(...pairs.map(([, value]) => value)));
/** The same as MPEG-4 has it. */
const mpeg4 = (...pairs: [string, string][]): Uint8Array =>
  fullBox("meta", 0, 0, handler, keys(...pairs.map(([key]) => key)), items(...pairs.map(([, value]) => value)));

const CREATION_DATE = "com.apple.quicktime.creationdate";
const at = (text: string, source: string, precisionMs = 1000): { ms: number; precisionMs: number; source: string } => ({
  ...{ ms: Date.parse(text), precisionMs, source },
});

test("an iPhone's creation date comes before mvhd's, which is when the file was exported", () => {
  const expected = at("2026-01-31T18:00:00+08:00", "quicktime");
  const make: [string, string] = ["com.apple.quicktime.make", "Apple"];
  expect(stated(CREATED, quicktime(make, [CREATION_DATE, "2026-01-31T18:00:00+0800"]))).toEqual(expected);
  expect(stated(CREATED, mpeg4([CREATION_DATE, "2026-01-31T18:00:00+08:00"], make))).toEqual(expected);
  expect(stated(CREATED, box("udta", mpeg4([CREATION_DATE, "2026-01-31T10:00:00Z"])))).toEqual(expected);
  expect(stated(0, quicktime([CREATION_DATE, "2026-01-31T10:00:00.250Z"]))).toEqual(
    at("2026-01-31T10:00:00.250Z", "quicktime", 0),
  );
  expect(stated(0, quicktime([CREATION_DATE, "2026-01-31T18:00:00.5+0800"]))).toEqual(
    at("2026-01-31T10:00:00.500Z", "quicktime", 100),
  );
});

test.each([
  "",
  "yesterday",
  "2026-01-31",
  "2026-01-31T10:00:00",
  "2026-13-31T10:00:00Z",
  "0000-00-00T00:00:00Z",
  "x".repeat(9000),
])("a creation date of %j means nothing", (text) => {
  expect(stated(CREATED, quicktime([CREATION_DATE, text]))).toEqual(at("2026-01-31T10:00:04Z", "mvhd"));
});

test("Android states the end of the recording", () => {
  for (const key of ["com.android.version", "com.android.capture.fps"]) {
    expect(stated(CREATED, mpeg4([key, "14"]))).toEqual(at("2026-01-31T10:00:00Z", "mvhd_end"));
    expect(stated(CREATED, quicktime([key, "14"]))).toEqual(at("2026-01-31T10:00:00Z", "mvhd_end"));
  }
});

test("a GoPro states local time", () => {
  for (const name of ["FIRM", "GPMF"]) {
    expect(stated(CREATED, box("udta", box(name, "HD9.01.01.72.00")))).toEqual(
      at("2026-01-31T10:00:04Z", "mvhd_local"),
    );
  }
});

test("MediaMTX states the wall clock of its segment", () => {
  const ns = BigInt(Date.parse("2026-01-31T10:00:00.125Z")) * 1_000_000n + 999_999n;
  const mtxi = fullBox("mtxi", 0, 0, zeros(16), u64(7), u64(0), u64(ns));
  expect(stated(0, box("udta", mtxi))).toEqual(at("2026-01-31T10:00:00.125Z", "mediamtx", 0));
  expect(stated(0, box("udta", fullBox("mtxi", 0, 0, zeros(30))))).toBeUndefined();
});

test("clocks that were never set state nothing", () => {
  for (const creation of [0, 1, 86_400, EPOCH_1904, EPOCH_1904 + 3600]) expect(stated(creation)).toBeUndefined();
  expect(stated(CREATED)).toEqual(at("2026-01-31T10:00:04Z", "mvhd"));
});

test("damaged metadata is not stated, and no reason to refuse a file", () => {
  const good = quicktime([CREATION_DATE, "2026-01-31T10:00:00Z"]);
  for (let i = 8; i < good.length; i++) {
    const damaged = good.slice();
    damaged[i] = 255;
    expect(stated(CREATED, damaged)?.ms).toBeTypeOf("number");
  }
});
