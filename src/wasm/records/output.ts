/** What an output is made of: the records of assembly/records/output.ts. */
import { PRESENTATION_SIZE } from "./summary.ts";
import { setI64, u32, u64 } from "./view.ts";

/** Bytes of an output track's record. */
export const OUTPUT_TRACK_SIZE = 160;
/** Bytes of a splice. */
export const SPLICE_SIZE = 16;
/** Bytes of a chapter. */
export const CHAPTER_SIZE = 16;
/** Bytes of a caption block. */
export const CAPTION_BLOCK_SIZE = 32;
/** Bytes of one caption. */
export const CAPTION_SIZE = 27;
/** Bytes of a span. */
export const SPAN_SIZE = 16;
/** Bytes of a fragment's record. */
export const FRAGMENT_SIZE = 48;
/** Ticks a second of movie headers and edit lists. */
export const MOVIE_TIMESCALE = 90_000;
/** Tables whose entries are written piece by piece. */
export const Table = { stts: 0, ctts: 1, stss: 2, stsc: 3, stsz: 4, stco: 5, co64: 6, sidx: 7, tfra: 8 } as const;
/** The `offset` of a span that stands for a piece's inline bytes. */
export const INLINE = Number.POSITIVE_INFINITY;

/** One track of an output file, as its headers need it. */
export interface MovieTrack {
  readonly id: number;
  readonly handler: number;
  readonly timescale: number;
  readonly flags: number;
  readonly samples: number;
  readonly sttsEntries: number;
  readonly cttsEntries: number;
  readonly syncSamples: number;
  readonly stscEntries: number;
  readonly chunks: number;
  readonly constantSize: number;
  readonly descriptionCount: number;
  /** Raw sample entries. */
  readonly descriptions: Uint8Array;
  /** Track ticks. */
  readonly duration: number;
  /** Movie ticks before the track starts to be presented. */
  readonly editDelay: number;
  /** Track ticks at which its presentation starts, -1 for no edit list. */
  readonly editTime: number;
  /** Movie ticks that are presented. */
  readonly editDuration: number;
  /** PRESENTATION_SIZE bytes of the track record it comes from. */
  readonly presentation: Uint8Array;
  /** The flags of `tkhd`. */
  readonly headerFlags: number;
  /** What is kept of the headers of the file it comes from. */
  readonly source: TrackSource;
}

/** A track of a stored file, as the headers of an output need it. */
export interface TrackSource {
  /** Slot in the file's index. */
  readonly slot: number;
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
  const fields = [
    track.id,
    track.handler,
    track.timescale,
    track.flags,
    track.samples,
    track.sttsEntries,
    track.cttsEntries,
    track.syncSamples,
    track.stscEntries,
    track.chunks,
    track.constantSize,
    track.descriptionCount,
    descriptions,
    track.descriptions.byteLength,
  ];
  fields.forEach((field, i) => {
    view.setUint32(at + i * 4, field, true);
  });
  setI64(view, at + 56, track.duration);
  setI64(view, at + 64, track.editDelay);
  setI64(view, at + 72, track.editTime);
  setI64(view, at + 80, track.editDuration);
  new Uint8Array(view.buffer, view.byteOffset + at + 88, PRESENTATION_SIZE).set(track.presentation);
  [track.headerFlags, kept, track.source.kept.byteLength, track.source.slot, track.source.id].forEach((field, i) => {
    view.setUint32(at + 140 + i * 4, field, true);
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
  setI64(view, at, chapter.startMs * 10_000);
  view.setUint32(at + 8, title, true);
  view.setUint32(at + 12, chapter.title.byteLength, true);
}

/** Seconds of the wall clock that follow one another in the captions of an output. Times are milliseconds. */
export interface CaptionBlock {
  /** Decode time of the first one. */
  readonly atMs: number;
  /** The second it shows, since 1970. */
  readonly second: number;
  /** At least 1. */
  readonly count: number;
  /** Duration of the first one; those in between last 1000. */
  readonly firstMs: number;
  /** Duration of the last one, when it is not the first. */
  readonly lastMs: number;
}

/** Writes a caption block. */
export function writeCaptionBlock(view: DataView, at: number, block: CaptionBlock): void {
  setI64(view, at, block.atMs);
  setI64(view, at + 8, block.second);
  view.setUint32(at + 16, block.count, true);
  view.setUint32(at + 20, block.firstMs, true);
  view.setUint32(at + 24, block.lastMs, true);
}

/** A place in output headers where a table's entries go. */
export interface Splice {
  /** Bytes of headers before it. */
  readonly offset: number;
  /** Number of the output track. */
  readonly track: number;
  /** A value of Table. */
  readonly table: number;
  readonly length: number;
}

/** Reads a splice. */
export function readSplice(view: DataView, at: number): Splice {
  return { offset: u32(view, at), track: u32(view, at + 4), table: u32(view, at + 8), length: u32(view, at + 12) };
}

/** Bytes of the stored object, or of the piece's inline bytes when `offset` is INLINE. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** Reads a span. */
export function readSpan(view: DataView, at: number): Span {
  const inline = u32(view, at) === 0xffff_ffff && u32(view, at + 4) === 0xffff_ffff;
  return { offset: inline ? INLINE : u64(view, at), length: u64(view, at + 8) };
}

/** One movie fragment of a piece. */
export interface Fragment {
  /** Where its headers start among the piece's. */
  readonly headerOffset: number;
  readonly headerLength: number;
  readonly firstSpan: number;
  readonly spans: number;
  readonly mediaLength: number;
}

/** Reads a fragment's record. */
export function readFragment(view: DataView, at: number): Fragment {
  return {
    headerOffset: u32(view, at),
    headerLength: u32(view, at + 4),
    firstSpan: u32(view, at + 8),
    spans: u32(view, at + 12),
    mediaLength: u64(view, at + 16),
  };
}
