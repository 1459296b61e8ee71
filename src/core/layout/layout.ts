import type { Store } from "../../base/ports.ts";
import { formatTime } from "../../base/time.ts";
import type { Core } from "../wasm/module.ts";
import { MOVIE_TIMESCALE } from "../wasm/abi/names.ts";
import type { Chapter, MovieTrack } from "../wasm/records/output.ts";
import type { PieceTrack } from "../planning/piece.ts";
import type { Indexes } from "../segment.ts";
import type { OutputTrack } from "../planning/output-track.ts";
import type { Piece } from "../planning/piece.ts";
import type { Composition } from "../planning/composition.ts";
import { millisecondsOf } from "../planning/ticks.ts";

/** How captions and chapters tell the time. */
export interface ClockOptions {
  /** Minutes that the clock shown is ahead of UTC. */
  readonly offsetMinutes: number;
}

/** Chapters that a file lists: players know no more of one `chpl`. */
const MOST_CHAPTERS = 255;

/** What the bytes of an output are made with. */
export interface LayoutParts {
  readonly core: Core;
  readonly store: Pick<Store, "get">;
  readonly indexes: Indexes;
  readonly composition: Composition;
  /** A chapter for each stretch without gaps, when they are wanted. */
  readonly chapters: ClockOptions | undefined;
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
    source: { slot: track.source.slot, id: track.source.id, kept },
  };
}

/** A chapter for each stretch without gaps, titled with its wall-clock start; none unless they are wanted. */
export function chaptersOf({ chapters, composition }: LayoutParts): Chapter[] {
  if (chapters === undefined) return [];
  const { offsetMinutes } = chapters;
  return composition.spans.slice(0, MOST_CHAPTERS).map(({ atMs, wallMs }) => {
    const shown = formatTime(Math.trunc(wallMs) + offsetMinutes * 60_000)
      .slice(0, 19)
      .replace("T", " ");
    return { startMs: atMs, title: new TextEncoder().encode(shown + zoneText(offsetMinutes)) };
  });
}

function zoneText(offsetMinutes: number): string {
  if (offsetMinutes === 0) return " UTC";
  const ahead = Math.abs(offsetMinutes);
  const [hours, minutes] = [Math.floor(ahead / 60), ahead % 60].map((part) => String(part).padStart(2, "0"));
  return `${offsetMinutes < 0 ? "-" : "+"}${hours}:${minutes}`;
}
