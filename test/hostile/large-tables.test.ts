/** Files whose tables promise more than may be read: refused by their counts. */
import { expect, test } from "vitest";
import { BoxcarError } from "../../src/base/errors.ts";
import { leftOut } from "../../src/core/planning/piece.ts";
import { readSummary } from "../../src/core/wasm/records/summary.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { indexOfTables } from "../support/odd-chunks.ts";
import { fullBox, u32 } from "../support/boxes.ts";

const core = await loadCore();
const MOST = 1 << 23;

/** Tables of one track whose `name` has `count` entries of 0, which no table may have. */
function tables(name: "stts" | "ctts" | "stsz" | "stco", count: number): Uint8Array[] {
  const width = { stts: 8, ctts: 8, stsz: 4, stco: 4 }[name];
  const large = fullBox(name, 0, 0, ...(name === "stsz" ? [u32(0)] : []), u32(count), new Uint8Array(count * width));
  const usual = {
    stts: fullBox("stts", 0, 0, u32(1, count, 1)),
    ctts: fullBox("ctts", 0, 0, u32(1, count, 1)),
    stsc: fullBox("stsc", 0, 0, u32(1, 1, 1, 1)),
    stsz: fullBox("stsz", 0, 0, u32(1, count)),
    stco: fullBox("stco", 0, 0, u32(1, 100)),
  };
  return Object.values({ ...usual, [name]: large });
}

function outcome(name: "stts" | "ctts" | "stsz" | "stco", count: number): string {
  try {
    indexOfTables(core, 1e9, [tables(name, count)]);
    return "accepted";
  } catch (error) {
    if (!(error instanceof BoxcarError)) throw error;
    return error.code;
  }
}

test.for([
  ["stco", MOST],
  ["stsz", 2 * MOST],
] as const)("%s has %i entries at most", ([name, most]) => {
  expect(outcome(name, most + 1)).toBe("too_many");
});

/** The index of one track of samples alike of which only the first one is a sync sample, one behind the other. */
function group(count: number): Uint8Array {
  const alike = [
    fullBox("stts", 0, 0, u32(1, count, 3)),
    fullBox("stss", 0, 0, u32(1, 1)),
    fullBox("stsc", 0, 0, u32(1, 1, count, 1)),
    fullBox("stsz", 0, 0, u32(1, count)),
    fullBox("stco", 0, 0, u32(1, 100)),
  ];
  return indexOfTables(core, count + 16, [alike]);
}

const LONGEST_GROUP = 1 << 22;

test("samples without a sync sample have 4,194,304 at most", () => {
  expect(() => group(LONGEST_GROUP + 2)).toThrow(expect.objectContaining({ code: "too_many" }));
});

test("what is decoded before a cut costs a step where its samples are alike", { timeout: 10_000 }, () => {
  const index = group(LONGEST_GROUP + 1);
  const [record] = readSummary(index).tracks;
  if (record === undefined) throw new Error("it has no track");
  const start = 12_000_000;
  const track = { ...leftOut(record), count: record.samples, trackId: 1, start, shown: start };
  const [counts] = core.withIndex(index, (loaded) => {
    // Sample by sample these would take half a minute.
    const measured = Array.from({ length: 100 }, () => loaded.measure([track]));
    return measured.map(({ counts }) => counts[0]);
  });
  expect(counts).toMatchObject({ syncSamples: 1, sttsEntries: 3 });
});

test("what a table has no room for is no entry of it", () => {
  const promised = tables("stco", 10).map((table) => {
    const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
    if (view.getUint32(4) === 0x7374636f) view.setUint32(12, 0xffff_ffff);
    return table;
  });
  expect(() => indexOfTables(core, 1000, [promised])).toThrow(expect.objectContaining({ code: "bad_table" }));
});

/** Tables of one of two tracks whose samples alternate, one a chunk; those of listed sizes with holes between them. */
function alternating(trackIndex: number, count: number, sizes: "constant" | "listed"): Uint8Array[] {
  const offsets = new DataView(new ArrayBuffer(count * 4));
  const listed = new DataView(new ArrayBuffer(sizes === "listed" ? count * 4 : 0));
  for (let i = 0; i < count; i++) {
    offsets.setUint32(i * 4, 100 + (2 * i + trackIndex) * 10);
    if (sizes === "listed") listed.setUint32(i * 4, 1 + (i % 9));
  }
  return [
    fullBox("stts", 0, 0, u32(1, count, 1)),
    fullBox("stsc", 0, 0, u32(1, 1, 1, 1)),
    fullBox("stsz", 0, 0, u32(sizes === "constant" ? 10 : 0, count), new Uint8Array(listed.buffer)),
    fullBox("stco", 0, 0, u32(count), new Uint8Array(offsets.buffer)),
  ];
}

test.for(["constant", "listed"] as const)("hours whose samples alternate are taken, of %s sizes", (sizes) => {
  const count = 600_000;
  const tracks = [0, 1].map((trackIndex) => alternating(trackIndex, count, sizes));
  expect(indexOfTables(core, count * 20 + 16, tracks).length).toBeGreaterThan(count / 4);
});
