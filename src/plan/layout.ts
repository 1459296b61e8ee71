import type { ByteSpan, Store } from "../platform.ts";
import type { LoadedIndex } from "../wasm/loaded-index.ts";
import type { Core } from "../wasm/module.ts";
import { MOVIE_TIMESCALE, type Chapter, type MovieTrack } from "../wasm/records/output.ts";
import type { PieceTrack } from "../wasm/records/piece.ts";
import { TrackFlag } from "../wasm/records/summary.ts";
import type { IndexCache } from "./index-cache.ts";
import { PAGE } from "./index-cache.ts";
import type { OutputTrack } from "./output-track.ts";
import type { Piece } from "./piece.ts";
import type { Composition } from "./plan-builder.ts";
import { millisecondsOf } from "./ticks.ts";

/** How captions tell the time. */
export interface CaptionOptions {
  /** Minutes that the clock shown is ahead of UTC. */
  readonly offsetMinutes: number;
}

/** What the bytes of an output are made with. */
export interface LayoutParts {
  readonly core: Core;
  readonly store: Pick<Store, "get">;
  readonly indexes: IndexCache;
  readonly composition: Composition;
  /** Whether players are told where each stretch without gaps starts. */
  readonly chapters: boolean;
  /** A text track with the wall-clock time, when it is wanted. */
  readonly captions: CaptionOptions | undefined;
  /** Raw sample entries of each track of the composition. */
  readonly descriptions: readonly Uint8Array[];
}

/** A stretch of an output whose bytes are made when they are asked for. */
export interface Region {
  readonly length: number;
  /** Yields exactly the bytes of `span`, counted from the start of the region. */
  read(span: ByteSpan): AsyncIterable<Uint8Array>;
}

/** Bytes that are at hand. */
export function inlineRegion(bytes: Uint8Array): Region {
  return {
    length: bytes.length,
    // eslint-disable-next-line @typescript-eslint/require-await -- an async iterable like all the others
    async *read({ offset, length }) {
      yield bytes.subarray(offset, offset + length);
    },
  };
}

/** Reads a span across regions. */
export async function* readRegions(regions: readonly Region[], span: ByteSpan): AsyncGenerator<Uint8Array> {
  const end = span.offset + span.length;
  let position = 0;
  for (const region of regions) {
    const from = Math.max(0, span.offset - position);
    const to = Math.min(region.length, end - position);
    position += region.length;
    if (to > from) yield* region.read({ offset: from, length: to - from });
    if (position >= end) return;
  }
}

/** A region to which each piece contributes bytes made from its index. */
export function piecesRegion(
  parts: LayoutParts,
  lengthOf: (piece: Piece) => number,
  make: (index: LoadedIndex, piece: Piece, number: number) => Uint8Array,
): Region {
  const { pieces } = parts.composition;
  const length = pieces.reduce((sum, piece) => sum + lengthOf(piece), 0);
  return {
    length,
    async *read(span) {
      const end = span.offset + span.length;
      let position = 0;
      for (const [i, piece] of pieces.entries()) {
        const size = lengthOf(piece);
        const from = Math.max(0, span.offset - position);
        const to = Math.min(size, end - position);
        position += size;
        if (to > from) {
          const index = await indexOf(parts, i);
          const bytes = parts.core.withIndex(index, (loaded) => make(loaded, piece, i));
          yield bytes.subarray(from, to);
        }
        if (position >= end) return;
      }
    },
  };
}

/** The index of piece number `i`, those of the next pieces fetched along with it. */
export function indexOf(parts: LayoutParts, i: number): Promise<Uint8Array> {
  const { pieces } = parts.composition;
  const upcoming = pieces.slice(i + 1, i + PAGE).map((piece) => piece.segment.id);
  return parts.indexes.get(pieces[i]?.segment.id ?? 0, upcoming);
}

/** The slot of an output track in a piece, -1 when the piece has no samples of it. */
export function slotOf(piece: Piece, track: OutputTrack): number {
  return piece.tracks.findIndex((candidate) => candidate.trackId === track.id && candidate.count > 0);
}

/** A piece's samples of an output track; undefined when it has none. */
export function pieceTrackOf(piece: Piece, track: OutputTrack): PieceTrack | undefined {
  return piece.tracks.find((candidate) => candidate.trackId === track.id && candidate.count > 0);
}

/** Milliseconds to movie ticks. */
export function movieTicks(milliseconds: number): number {
  return Math.round((milliseconds * MOVIE_TIMESCALE) / 1000);
}

/** When a track is presented, in movie ticks: from `delay` on, for `duration`. */
export function presentationOf(track: OutputTrack, composition: Composition): { delay: number; duration: number } {
  const delay = movieTicks(millisecondsOf(Math.max(0, track.firstPts), track.timescale));
  const end = Math.min(millisecondsOf(track.presentedEnd, track.timescale), composition.presentedMs);
  return { delay, duration: Math.max(0, movieTicks(end) - delay) };
}

/** The headers' view of a track, without its edit list. */
export function movieTrackOf(
  track: OutputTrack,
  descriptions: Uint8Array,
): Omit<MovieTrack, "editDelay" | "editTime" | "editDuration"> {
  return {
    id: track.id,
    handler: track.handler,
    timescale: track.timescale,
    flags: track.flags,
    samples: track.samples,
    sttsEntries: track.sttsEntries,
    cttsEntries: track.cttsEntries,
    syncSamples: track.syncSamples,
    stscEntries: track.stscEntries,
    chunks: track.chunks,
    constantSize: track.constantSize,
    descriptionCount: track.descriptions.reduce((sum, entry) => sum + entry.count, 0),
    descriptions,
    duration: track.duration,
    presentation: track.presentation,
  };
}

/** Bytes of one sample in a `trun` of a track with these flags; as in the WASM core. */
export function runEntrySize(flags: number): number {
  return 8 + (flags & TrackFlag.AllSync ? 0 : 4) + (flags & TrackFlag.Offsets ? 4 : 0);
}

/** A chapter for each stretch without gaps, titled with its wall-clock start; none unless they are wanted. */
export function chaptersOf({ chapters, composition }: LayoutParts): Chapter[] {
  if (!chapters) return [];
  return composition.spans.map(({ atMs, wallMs }) => {
    const title = `${new Date(wallMs).toISOString().slice(0, 19).replace("T", " ")} UTC`;
    return { startMs: atMs, title: new TextEncoder().encode(title) };
  });
}
