import type { Store } from "../../base/ports.ts";
import type { ChapterOptions, ClockOptions } from "./chapters.ts";
import type { Core } from "../wasm/module.ts";
import type { MovieTime, MovieTrack } from "../wasm/records/output.ts";
import type { PieceTrack, Piece } from "../planning/piece.ts";
import type { Indexes } from "../segment.ts";
import type { OutputTrack } from "../planning/output-track.ts";
import type { Composition } from "../planning/composition.ts";
import { millisecondsOf, rescale } from "../ticks.ts";

/** What the bytes of an output are made with. */
export interface LayoutParts {
  readonly core: Core;
  readonly store: Pick<Store, "get" | "ahead">;
  readonly indexes: Indexes;
  readonly composition: Composition;
  /** Whether edit lists hide what is only decoded; without them players show all there is. */
  readonly edits: "list" | "none";
  /** Chapters, when they are wanted. */
  readonly chapters: ChapterOptions | undefined;
  /** A text track with the wall-clock time, when it is wanted. */
  readonly captions: ClockOptions | undefined;
  /** What each track of the composition takes from indexes. */
  readonly headers: readonly TrackHeaders[];
}

/** What the headers of an output's track take from the indexes of its segments. */
export interface TrackHeaders {
  /** Raw sample entries. */
  readonly descriptions: Uint8Array;
  /** The kept boxes of the segment that it comes from: the same array for all tracks of one segment. */
  readonly kept: Uint8Array;
}

/** Headers of a track without samples, of no segment. */
export const NO_HEADERS: TrackHeaders = { descriptions: new Uint8Array(0), kept: new Uint8Array(0) };

/** The index of an output track in a piece, -1 when the piece has no samples of it. */
export function trackIndexIn(piece: Piece, track: OutputTrack): number {
  return piece.tracks.findIndex((candidate) => candidate.trackId === track.id && candidate.count > 0);
}

/** A piece's samples of an output track; undefined when it has none. */
export function pieceTrackOf(piece: Piece, track: OutputTrack): PieceTrack | undefined {
  return piece.tracks.find((candidate) => candidate.trackId === track.id && candidate.count > 0);
}

/** Ticks a second of headers and edit lists: milliseconds and the usual frame rates are whole numbers of them. */
export const MOVIE_TIMESCALE = 90_000;

/** The movie timescale of a progressive file: Firefox counts the delay of a late track in that track's ticks. */
export function movieTimescaleOf({ tracks }: Composition): number {
  return tracks.find(({ firstPts }) => firstPts > 0)?.timescale ?? MOVIE_TIMESCALE;
}

/** When a track is presented, in movie ticks: from `delay` on, for `duration`. */
export function presentedTime(
  track: OutputTrack,
  { presentedMs }: Composition,
  timescale: number,
): { delay: number; duration: number } {
  const delay = rescale(Math.max(0, track.firstPts), track.timescale, timescale);
  const end = Math.min(millisecondsOf(track.presentedEnd, track.timescale), presentedMs);
  // A tick too many could show what comes next; a hundredth of one is but how floats round.
  return { delay, duration: Math.max(0, Math.floor((end * timescale) / 1000 + 0.01) - delay) };
}

/** Where the presentation ends, movie ticks. */
export function presentedEnd(tracks: readonly MovieTrack[]): number {
  return Math.max(0, ...tracks.map(({ editDelay, editDuration }) => editDelay + editDuration));
}

/** Time as a movie's headers state it: to the end of the longest media, where readers stop whatever edit lists say. */
export function movieTime(tracks: readonly MovieTrack[], movieTimescale: number): MovieTime {
  const ends = tracks.map(({ duration, timescale, editDelay, editTime, editDuration }) => {
    const ticks = (time: number): number => Math.ceil((time * movieTimescale) / timescale);
    return editDelay + Math.max(ticks(duration), ticks(Math.max(0, editTime)) + editDuration);
  });
  return { timescale: movieTimescale, duration: Math.max(0, ...ends) };
}

/** The headers' view of a track, without its edit list. */
export function movieTrackOf(
  track: OutputTrack,
  { descriptions, kept }: TrackHeaders,
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
    tkhdFlags: track.tkhdFlags,
    source: { trackIndex: track.source.trackIndex, id: track.source.id, kept },
  };
}
