/** The order of a file's samples, found by its index, against one chosen chunk by chunk. */
import { expect, test } from "vitest";
import type { Core, MetadataBox } from "../../src/wasm/module.ts";
import { readSummary } from "../../src/wasm/records/summary.ts";
import { compiledCore, WatchedCore } from "../hostile/feed.ts";
import { box, bytes, fullBox, u16, u32, u64, zeros } from "../support/boxes.ts";
import { random, seedOf, type Random } from "../support/random.ts";

const ROUNDS = 400;
const MEDIA = 100;
const seed = seedOf(1);

interface Chunk {
  readonly offset: number;
  readonly description: number;
  readonly sizes: readonly number[];
}

/** A sample's place: slot, offset, size and description. */
type Place = readonly [slot: number, offset: number, size: number, description: number];

test(`samples lie in the order of their chunks, adjacent ones in one run (seed ${seed})`, async () => {
  const { core } = new WatchedCore(await compiledCore());
  const numbers = random(seed);
  for (let round = 0; round < ROUNDS; round++) {
    const tracks = chunksOf(numbers);
    const { places, runs } = merged(tracks);
    const index = indexOf(core, tracks);
    const found = core.withIndex(index, (loaded) => loaded.samples());
    const inOrder = found.map(({ slot, offset, size, description }): Place => [slot, offset, size, description]);
    expect(inOrder, `round ${round}`).toEqual(places);
    expect(
      readSummary(index).tracks.map(({ chunks }) => chunks),
      `round ${round}`,
    ).toEqual(runs);
  }
});

/** Chunks as writers lay them: in turn or by chance, with holes, going back, without a byte, of several descriptions. */
function chunksOf(numbers: Random): Chunk[][] {
  const count = numbers.pick([1, 2, 2, 2, 3, 5, 64]);
  const tracks = Array.from({ length: count }, (): Chunk[] => []);
  const [inTurn, holes, back, empty] = [1, 4, 8, 3].map((rarity) => numbers.below(rarity + 1) === 0);
  const descriptions = numbers.pick([1, 1, 3]);
  let end = MEDIA;
  for (let i = 0; i < count * 12; i++) {
    const track = tracks[inTurn ? i % count : numbers.below(count)];
    const sizes = Array.from(
      { length: 1 + numbers.below(3) },
      () => (empty ? numbers.below(2) : 1) * numbers.below(300),
    );
    if (holes && numbers.below(4) === 0) end += numbers.below(50);
    const offset = back && numbers.below(8) === 0 ? Math.max(MEDIA, end - numbers.below(400)) : end;
    track?.push({ offset, sizes, description: 1 + numbers.below(descriptions) });
    end = Math.max(end, offset + sizes.reduce((sum, size) => sum + size, 0));
  }
  return tracks.filter(({ length }) => length > 0);
}

/** Always the lowest of the tracks' next chunks; of equal ones, that of the first track. */
function merged(tracks: readonly (readonly Chunk[])[]): { places: Place[]; runs: number[] } {
  const places: Place[] = [];
  const runs = tracks.map(() => 0);
  const taken = tracks.map(() => 0);
  let last = { slot: -1, end: -1, description: 0 };
  for (;;) {
    const next = tracks.map((chunks, slot) => chunks[taken[slot] ?? 0]?.offset ?? Number.POSITIVE_INFINITY);
    const slot = next.indexOf(Math.min(...next));
    const chunk = tracks[slot]?.[taken[slot] ?? 0];
    if (chunk === undefined) return { places, runs };
    taken[slot] = (taken[slot] ?? 0) + 1;
    const { description } = chunk;
    if (last.slot !== slot || last.end !== chunk.offset || last.description !== description) {
      runs[slot] = (runs[slot] ?? 0) + 1;
    }
    let end = chunk.offset;
    for (const size of chunk.sizes) {
      places.push([slot, end, size, description]);
      end += size;
    }
    last = { slot, end, description };
  }
}

function indexOf(core: Core, tracks: readonly (readonly Chunk[])[]): Uint8Array {
  const samples = tracks.flat().flatMap(({ offset, sizes }) => offset + sizes.reduce((sum, size) => sum + size, 0));
  const end = Math.max(...samples);
  // Overlapping samples must not be larger than the file together.
  const size = end + 1_000_000;
  const moov = box("moov", fullBox("mvhd", 0, 0, u32(0, 0, 1000, 1), zeros(80)), ...tracks.map(trak));
  const boxes: MetadataBox[] = [
    { offset: MEDIA - 16, bytes: bytes(u32(1), "mdat", u64(size)) },
    { offset: MEDIA - 16 + size, bytes: moov },
  ];
  return core.buildIndex(boxes, MEDIA - 16 + size + moov.length).index;
}

function trak(chunks: readonly Chunk[], slot: number): Uint8Array {
  const sizes = chunks.flatMap((chunk) => chunk.sizes);
  const entry = box("mp4a", zeros(6), u16(1), zeros(20));
  const stbl = box(
    "stbl",
    fullBox("stsd", 0, 0, u32(3), entry, entry, entry),
    fullBox("stts", 0, 0, u32(1, sizes.length, 10)),
    fullBox(
      "stsc",
      0,
      0,
      u32(chunks.length, ...chunks.flatMap((chunk, i) => [i + 1, chunk.sizes.length, chunk.description])),
    ),
    fullBox("stsz", 0, 0, u32(0, sizes.length, ...sizes)),
    fullBox("stco", 0, 0, u32(chunks.length, ...chunks.map(({ offset }) => offset))),
  );
  const dinf = box("dinf", fullBox("dref", 0, 0, u32(1), fullBox("url ", 0, 1)));
  return box(
    "trak",
    fullBox("tkhd", 0, 7, u32(0, 0, slot + 1, 0, 0, 0, 0), zeros(60)),
    box(
      "mdia",
      fullBox("mdhd", 0, 0, u32(0, 0, 1000, 0, 0)),
      fullBox("hdlr", 0, 0, u32(0), "soun", zeros(13)),
      box("minf", fullBox("smhd", 0, 0, u32(0)), dinf, stbl),
    ),
  );
}
