/** What an output is made of. */
import {
  writeChapter as writeChapterRecord,
  writeMovieTrack as writeMovieTrackRecord,
  type MovieTrack as MovieTrackRecord,
  type Splice,
} from "../abi/records.ts";

/** What a movie's headers say of time as a whole. */
export interface MovieTime {
  /** Movie ticks a second: those of durations and edit lists. */
  readonly timescale: number;
  /** Movie ticks. */
  readonly duration: number;
}

/** One track of an output file, as its headers need it. */
export interface MovieTrack extends Omit<
  MovieTrackRecord,
  "descriptionPointer" | "descriptionLength" | "keptPointer" | "keptLength" | "trackIndex" | "sourceId"
> {
  /** Raw sample entries. */
  readonly descriptions: Uint8Array;
  /** What is kept of the headers of the file it comes from. */
  readonly source: TrackSource;
}

/** A track of a stored file, as the headers of an output need it. */
export interface TrackSource {
  /** Slot in the file's index. */
  readonly trackIndex: number;
  /** Id in the file. */
  readonly id: number;
  /** The kept boxes of the file's index, the same array for all tracks of one file. */
  readonly kept: Uint8Array;
}

/** Writes an output track, its sample entries and the kept boxes of its file being at the addresses `descriptions` and `kept`. */
export function writeMovieTrack(
  view: DataView,
  at: number,
  track: MovieTrack,
  { descriptions, kept }: { descriptions: number; kept: number },
): void {
  writeMovieTrackRecord(view, at, {
    ...track,
    descriptionPointer: descriptions,
    descriptionLength: track.descriptions.byteLength,
    keptPointer: kept,
    keptLength: track.source.kept.byteLength,
    trackIndex: track.source.trackIndex,
    sourceId: track.source.id,
  });
}

/** One chapter of an output. */
export interface Chapter {
  /** Milliseconds from the start of the presentation. */
  readonly startMs: number;
  /** UTF-8, at most 255 bytes. */
  readonly title: Uint8Array;
}

/** Writes a chapter, its title being at the address `title`. */
export function writeChapter(view: DataView, at: number, chapter: Chapter, title: number): void {
  writeChapterRecord(view, at, { start: chapter.startMs * 10_000, title, length: chapter.title.byteLength });
}

/** A sample of sound in which nothing is heard. */
export interface Silence {
  readonly sample: Uint8Array;
  /** Ticks. */
  readonly duration: number;
}

/** What a timecode grows by. */
export interface TimecodeStep {
  readonly frames: number;
  /** The number behind the last one of a day, where 0 follows; 0: it counts on. */
  readonly wrapsAt: number;
}

/** `ftyp` and `moov` of an output with the places where its tables' entries go. */
export interface MovieHeaders {
  readonly bytes: Uint8Array;
  readonly splices: readonly Splice[];
  /** Bytes with all splices filled. */
  readonly size: number;
}
