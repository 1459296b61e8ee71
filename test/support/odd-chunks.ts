/** Segments of any chunks, as a core's index builder takes them: only their metadata exists. */
import type { MetadataBox } from "../../src/core/wasm/built-index.ts";
import type { Core } from "../../src/core/wasm/module.ts";
import { packedBoxes } from "../../src/core/wasm/packed-boxes.ts";
import { box, bytes, fullBox, u16, u32, u64, zeros } from "./boxes.ts";
import type { Random } from "./random.ts";

const MEDIA = 100;

export interface Chunk {
  readonly offset: number;
  readonly description: number;
  /** Bytes of each sample. */
  readonly sizes: readonly number[];
}

/** Chunks as writers lay them: in turn or by chance, with holes, going back, without a byte, of several descriptions. */
export function chunksOf(numbers: Random): Chunk[][] {
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

/** What the samples of a track have beside their places. */
export interface Timing {
  /** Ticks of 1/1000 s that each sample lasts. Default 10. */
  readonly durations?: (sample: number) => number;
  /** Composition offsets. Default: none. */
  readonly offsets?: (sample: number) => number;
  /** Default: all are sync samples. */
  readonly syncs?: (sample: number) => boolean;
}

/** The segment index of tracks of these chunks. */
export function indexOf(core: Core, tracks: readonly (readonly Chunk[])[], timing: readonly Timing[] = []): Uint8Array {
  const samples = tracks.flat().flatMap(({ offset, sizes }) => offset + sizes.reduce((sum, size) => sum + size, 0));
  const end = Math.max(...samples);
  // Overlapping samples must not be larger than the file together.
  const tables = tracks.map((chunks, trackIndex) => tablesOf(chunks, timing[trackIndex] ?? {}));
  return indexOfTables(core, end + 1_000_000, tables);
}

/** The segment index of one track of `count` samples of a byte in one chunk, a tick of 1/1000 s each. */
export function alikeIndex(core: Core, count: number): Uint8Array {
  const sample = [u32(1, count, 1), u32(1, 1, count, 1), u32(1, count), u32(1, MEDIA)];
  const tables = ["stts", "stsc", "stsz", "stco"].map((name, i) => fullBox(name, 0, 0, sample[i] ?? ""));
  return indexOfTables(core, count + 16, [tables]);
}

/** The segment index of tracks of these sample tables. @param size bytes of media */
export function indexOfTables(core: Core, size: number, tables: readonly (readonly Uint8Array[])[]): Uint8Array {
  const moov = box("moov", fullBox("mvhd", 0, 0, u32(0, 0, 1000, 1), zeros(80)), ...tables.map(trak));
  const boxes: MetadataBox[] = [
    { offset: MEDIA - 16, bytes: bytes(u32(1), "mdat", u64(size)) },
    { offset: MEDIA - 16 + size, bytes: moov },
  ];
  return core.buildIndex(packedBoxes(boxes), MEDIA - 16 + size + moov.length).index;
}

function tablesOf(chunks: readonly Chunk[], { durations = () => 10, offsets, syncs }: Timing): Uint8Array[] {
  const sizes = chunks.flatMap((chunk) => chunk.sizes);
  const synced = syncs && sizes.flatMap((_, i) => (syncs(i) ? [i + 1] : []));
  const described = chunks.flatMap((chunk, i) => [i + 1, chunk.sizes.length, chunk.description]);
  const each = (value: (sample: number) => number): Uint8Array =>
    u32(sizes.length, ...sizes.flatMap((_, i) => [1, value(i)]));
  return [
    fullBox("stts", 0, 0, each(durations)),
    ...(offsets === undefined ? [] : [fullBox("ctts", 1, 0, each(offsets))]),
    ...(synced === undefined ? [] : [fullBox("stss", 0, 0, u32(synced.length, ...synced))]),
    fullBox("stsc", 0, 0, u32(chunks.length, ...described)),
    fullBox("stsz", 0, 0, u32(0, sizes.length, ...sizes)),
    fullBox("stco", 0, 0, u32(chunks.length, ...chunks.map(({ offset }) => offset))),
  ];
}

function trak(tables: readonly Uint8Array[], trackIndex: number): Uint8Array {
  // Of different rates: those that are the same count as one.
  const entries = [8000, 16_000, 32_000].map((rate) => box("mp4a", zeros(6), u16(1), zeros(16), u16(rate, 0)));
  const stbl = box("stbl", fullBox("stsd", 0, 0, u32(3), ...entries), ...tables);
  const dinf = box("dinf", fullBox("dref", 0, 0, u32(1), fullBox("url ", 0, 1)));
  return box(
    "trak",
    fullBox("tkhd", 0, 7, u32(0, 0, trackIndex + 1, 0, 0, 0, 0), zeros(60)),
    box(
      "mdia",
      fullBox("mdhd", 0, 0, u32(0, 0, 1000, 0, 0)),
      fullBox("hdlr", 0, 0, u32(0), "soun", zeros(13)),
      box("minf", fullBox("smhd", 0, 0, u32(0)), dinf, stbl),
    ),
  );
}
