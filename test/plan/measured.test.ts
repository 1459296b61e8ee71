/** What is measured of a piece against what is written of it. */
import { expect, test } from "vitest";
import { leftOut, type PieceTrack } from "../../src/core/planning/piece.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { Table } from "../../src/core/wasm/abi/names.ts";
import { lengthOf } from "../../src/base/bytes.ts";
import { SPAN_SIZE, type Span } from "../../src/core/wasm/abi/records.ts";
import { spansOf, type LentBytes, type LoadedIndex, type Rest } from "../../src/core/wasm/loaded-index.ts";
import { readSummary, type Summary } from "../../src/core/wasm/records/summary.ts";
import { chunksOf, indexOf, type Timing } from "../support/odd-chunks.ts";
import { random, seedOf, type Random } from "../support/random.ts";

const ROUNDS = 200;
const seed = seedOf(1);
const core = await loadCore();

/** Bytes of all entries of each table. */
const LENGTHS: readonly [table: number, length: (track: PieceTrack) => number][] = [
  [Table.Stts, ({ counts }) => counts.sttsEntries * 8],
  [Table.Ctts, ({ counts }) => counts.cttsEntries * 8],
  [Table.Stss, ({ counts }) => counts.syncSamples * 4],
  [Table.Stsc, ({ counts }) => counts.stscEntries * 12],
  [Table.Stsz, ({ count }) => count * 4],
  [Table.Stco, ({ counts }) => counts.chunks * 4],
  [Table.Co64, ({ counts }) => counts.chunks * 8],
];

/** All parts that a call gives of a piece, each asked for on its own. */
function inParts<T extends { readonly rest: Rest | undefined }>(
  index: Uint8Array,
  make: (loaded: LoadedIndex, rest: Rest | undefined) => T,
): T[] {
  const all: T[] = [];
  do {
    const before = all.at(-1)?.rest;
    all.push(core.withIndex(index, (loaded) => make(loaded, before)));
  } while (all.at(-1)?.rest !== undefined);
  return all;
}

function joined(spans: readonly Span[]): Span[] {
  const all: Span[] = [];
  for (const { offset, length } of spans) {
    const last = all.at(-1);
    const adjacent = last !== undefined && last.offset >= 0 && last.offset + last.length === offset;
    if (adjacent) all[all.length - 1] = { offset: last.offset, length: last.length + length };
    else all.push({ offset, length });
  }
  return all;
}

function bytesOf(lent: LentBytes): { bytes: Uint8Array; rest: Rest | undefined } {
  const bytes = new Uint8Array(lent.length);
  lent.copyTo(bytes, 0);
  return { bytes, rest: lent.rest };
}

test(`what is made in parts is what is made at once (seed ${seed})`, () => {
  const numbers = random(seed + 1);
  for (let round = 0; round < ROUNDS; round++) {
    const chunks = chunksOf(numbers);
    const timing = chunks.map(() => anyTiming(numbers));
    const index = indexOf(core, chunks, timing);
    const cut = anyPiece(numbers, readSummary(index));
    if (cut.every(({ count }) => count === 0)) continue;
    const { counts } = core.withIndex(index, (loaded) => loaded.measure(cut));
    const tracks = cut.map((track, trackIndex) => ({ ...track, counts: counts[trackIndex] ?? track.counts }));
    const most = numbers.pick([1, 2, 3, 10, 40]);
    const spans = inParts(index, (loaded, rest) => loaded.spans(tracks, { rest, most }));
    const whole = core.withIndex(index, (loaded) => loaded.spans(tracks));
    expect(whole.rest).toBe(undefined);
    for (const part of spans) expect(part.spans.length / SPAN_SIZE).toBeLessThanOrEqual(2 * most);
    const parts = spans.flatMap((part) => [...spansOf(part.spans)]);
    expect(joined(parts), `round ${round}`).toEqual(joined([...spansOf(whole.spans)]));

    const pages = inParts(index, (loaded, rest) => loaded.fragments(tracks, 7, { rest, most }));
    const all = core.withIndex(index, (loaded) => loaded.fragments(tracks, 7));
    expect(all.rest).toBe(undefined);
    expect(Buffer.concat(pages.map(({ headers }) => headers)).equals(all.headers), `round ${round}`).toBe(true);
    expect(Buffer.concat(pages.map((page) => page.spans)).equals(all.spans)).toBe(true);
    expect(pages.flatMap((page) => page.fragments.map(({ mediaLength }) => mediaLength))).toEqual(
      all.fragments.map(({ mediaLength }) => mediaLength),
    );

    const place = { offset: 1000, hiddenStart: numbers.below(3000), hiddenEnd: numbers.below(3000) };
    for (const table of [Table.Sidx, Table.Tfra]) {
      const entries = inParts(index, (loaded, rest) =>
        bytesOf(loaded.accessEntries(tracks, table, 1000, place, { rest, most })),
      );
      const once = core.withIndex(index, (loaded) => bytesOf(loaded.accessEntries(tracks, table, 1000, place)));
      expect(Buffer.concat(entries.map(({ bytes }) => bytes)).equals(once.bytes), `round ${round}`).toBe(true);
    }
    for (const [trackIndex, track] of tracks.entries()) {
      if (track.count === 0) continue;
      for (const [table, length] of LENGTHS) {
        core.withIndex(index, (loaded) => {
          const { bytes } = bytesOf(loaded.table(tracks, trackIndex, table, 5));
          const parts: Uint8Array[] = [];
          for (let from = 0; from < length(track); from += parts.at(-1)?.length ?? 0) {
            parts.push(bytesOf(loaded.table(tracks, trackIndex, table, 5, { from, most })).bytes);
          }
          expect(Buffer.concat(parts).equals(bytes), `round ${round}, table ${table}`).toBe(true);
        });
      }
    }
  }
});

test(`counts are those of tables, spans and fragments, whatever is left out (seed ${seed})`, () => {
  const numbers = random(seed);
  for (let round = 0; round < ROUNDS; round++) {
    const chunks = chunksOf(numbers);
    const timing = chunks.map(() => anyTiming(numbers));
    const index = indexOf(core, chunks, timing);
    const cut = anyPiece(numbers, readSummary(index));
    if (cut.every(({ count }) => count === 0)) continue;
    const { moofs, found, measured } = core.withIndex(index, (loaded) => {
      const measured = loaded.measure(cut);
      const tracks = cut.map((track, trackIndex) => ({
        ...track,
        counts: measured.counts[trackIndex] ?? track.counts,
      }));
      for (const [trackIndex, track] of tracks.entries()) {
        if (track.count === 0) continue;
        for (const [table, length] of LENGTHS) {
          // A table of another number of entries is an error of the core.
          expect(loaded.table(tracks, trackIndex, table, 0).length, `round ${round}, table ${table}`).toBe(
            length(track),
          );
        }
      }
      const { headers, fragments, spans } = loaded.fragments(tracks, 1);
      const moofs = fragments.map(({ headerOffset, headerLength }) =>
        headers.slice(headerOffset, headerOffset + headerLength - 8),
      );
      const found = [loaded.spans(tracks).spans, spans].map((all) => lengthOf([...spansOf(all)]));
      return { moofs, found, measured };
    });
    const boxes = moofs.flatMap((bytes) => core.listBoxes({ offset: 0, bytes })).map(({ type }) => type);
    const number = (name: string): number => boxes.filter((type) => type === name).length;
    const sum = (of: "trafs" | "truns" | "bytes"): number =>
      measured.counts.reduce((total, counts) => total + counts[of], 0);
    expect(
      { fragments: moofs.length, trafs: number("traf"), truns: number("trun"), media: found },
      `round ${round}`,
    ).toEqual({
      fragments: measured.fragments,
      trafs: sum("trafs"),
      truns: sum("truns"),
      media: [measured.bytes, measured.bytes],
    });
    expect(sum("bytes")).toBe(measured.bytes);
  }
});

function anyTiming(numbers: Random): Timing {
  const [step, spread, every] = [1 + numbers.below(400), numbers.pick([1, 1, 300]), numbers.pick([1, 1, 3, 50])];
  const durations = Array.from({ length: 97 }, () => step + numbers.below(spread));
  return {
    durations: (i) => durations[i % durations.length] ?? step,
    ...(every > 1 && { syncs: (i) => i % every === 0 }),
  };
}

/** Any samples of any tracks, some of them in another timescale or with inline bytes. */
function anyPiece(numbers: Random, { tracks }: Summary): PieceTrack[] {
  const [rarity, cut] = [numbers.pick([2, 5, 1000]), numbers.below(2) === 0];
  return tracks.map((record, trackIndex): PieceTrack => {
    if (numbers.below(rarity) === 0) return leftOut(record);
    const first = cut ? numbers.below(record.samples) : 0;
    const count = cut ? 1 + numbers.below(record.samples - first) : record.samples;
    return {
      ...leftOut(record),
      ...{ first, count, trackId: trackIndex + 1 },
      timescale: numbers.pick([record.timescale, record.timescale, 44_100]),
      lastDuration: numbers.below(100),
      prefix: numbers.pick([0, 0, 5]),
      outputFlags: numbers.below(8),
    };
  });
}
