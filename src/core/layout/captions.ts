import { BoxcarError } from "../../base/errors.ts";
import type { Core } from "../wasm/module.ts";
import { CAPTION_FRAGMENT, CAPTION_SIZE, Code, Table, TrackFlag } from "../wasm/abi/names.ts";
import type { CaptionBlock } from "../wasm/abi/records.ts";
import type { MovieTime, MovieTrack } from "../wasm/records/output.ts";
import type { LayoutParts } from "./layout.ts";
import { isVideo } from "../track-kinds.ts";
import type { Composition } from "../planning/composition.ts";
import type { ClockReading } from "../planning/recorded-times.ts";
import { inlineRegion, madeRegion, type Region } from "./regions.ts";

/** A text track that tells the wall-clock time, a sample for each of its seconds. */
export interface Captions {
  readonly track: MovieTrack;
  /** Bytes of all samples. */
  readonly bytes: number;
  /** All samples, in order. */
  readonly samples: readonly Region[];
  /** Entries of one of its sample tables. @param start where its samples lie in the output */
  table(table: number, start: number): Region;
  /** The same track as movie fragments, numbered from 1: one for each element of `samples`. */
  readonly fragments: readonly Region[];
}

/** Most captions that are made at once: those of an hour. */
const BLOCK = 3600;
const SECOND_MS = 1000;
/** Longest presentation that has captions: they are a table entry a second, however few pictures there are. */
export const LONGEST_CAPTIONS_MS = 366 * 86_400_000;

/**
 * @param presented the length of the output's presentation
 * @throws BoxcarError `captions_too_long` (400)
 */
export function captionsOf({ core, composition, captions }: LayoutParts, presented: MovieTime): Captions | undefined {
  const endMs = Math.floor((presented.duration * SECOND_MS) / presented.timescale);
  if (captions === undefined) return undefined;
  if (endMs > LONGEST_CAPTIONS_MS) throw tooLong(endMs);
  const blocks = blocksOf(composition.clock, endMs);
  if (blocks.length === 0) return undefined;
  const track = trackOf(core, composition, blocks, { endMs, duration: presented.duration });
  const samples = blocks.map((block) =>
    madeRegion(block.count * CAPTION_SIZE, () => core.boxes.captions(block, captions.offsetMinutes)),
  );
  return {
    track,
    bytes: track.samples * CAPTION_SIZE,
    samples,
    table: (table, start) => inlineRegion(core.boxes.captionTable(blocks, table, start)),
    fragments: blocks.flatMap((block, i) => [
      madeRegion(CAPTION_FRAGMENT + 4 * block.count, () => core.boxes.captionFragment(block, track.id, i + 1)),
      ...samples.slice(i, i + 1),
    ]),
  };
}

function blocksOf(clock: readonly ClockReading[], endMs: number): CaptionBlock[] {
  return clock.flatMap((reading, i) => {
    const atMs = Math.round(reading.atMs);
    const lengthMs = Math.min(Math.round(clock[i + 1]?.atMs ?? endMs), endMs) - atMs;
    return lengthMs > 0 ? blocksOfRun(atMs, Math.round(reading.wallMs), lengthMs) : [];
  });
}

// The clock runs evenly here: a part of a second, whole ones, and a part of one.
function blocksOfRun(atMs: number, wallMs: number, lengthMs: number): CaptionBlock[] {
  const second = Math.floor(wallMs / SECOND_MS);
  const firstMs = Math.min((second + 1) * SECOND_MS - wallMs, lengthMs);
  const count = 1 + Math.ceil((lengthMs - firstMs) / SECOND_MS);
  const startOf = (i: number): number => (i === 0 ? 0 : Math.min(firstMs + (i - 1) * SECOND_MS, lengthMs));
  const blocks: CaptionBlock[] = [];
  for (let i = 0; i < count; i += BLOCK) {
    const end = Math.min(count, i + BLOCK);
    blocks.push({
      atMs: atMs + startOf(i),
      second: second + i,
      count: end - i,
      firstMs: startOf(i + 1) - startOf(i),
      lastMs: startOf(end) - startOf(end - 1),
    });
  }
  return blocks;
}

function trackOf(
  core: Core,
  composition: Composition,
  blocks: readonly CaptionBlock[],
  { endMs, duration }: { endMs: number; duration: number },
): MovieTrack {
  const ids = composition.tracks.map(({ id }) => id);
  return {
    id: Math.max(0, ...ids) + 1,
    handler: Code.sbtl,
    timescale: SECOND_MS,
    flags: TrackFlag.AllSync,
    samples: blocks.reduce((sum, { count }) => sum + count, 0),
    sttsEntries: core.boxes.captionTable(blocks, Table.Stts, 0).length / 8,
    cttsEntries: 0,
    syncSamples: 0,
    stscEntries: 1,
    chunks: 1,
    constantSize: CAPTION_SIZE,
    descriptionCount: 1,
    descriptions: core.boxes.captionEntry(),
    duration: endMs,
    editDelay: 0,
    editTime: -1,
    editDuration: duration,
    tkhdFlags: 3, // enabled, in the movie
    source: { trackIndex: 0, id: 0, kept: new Uint8Array(0) },
    presentation: (composition.tracks.find(isVideo) ?? composition.tracks[0])?.presentation ?? new Uint8Array(0),
  };
}

function tooLong(endMs: number): BoxcarError {
  const [seconds, longest] = [endMs, LONGEST_CAPTIONS_MS].map((ms) => Math.ceil(ms / SECOND_MS));
  const message = `Captions are written for up to ${String(longest)} seconds; this would last ${String(seconds)}. Take a shorter range, or captions=none.`;
  return new BoxcarError("captions_too_long", message, { longestSeconds: longest ?? 0 });
}
