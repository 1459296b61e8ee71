/** Written by `npm run abi` from abi/schema.ts: change it there. */

import { bound, hexadecimal, i64, setI64, text, u32, u64 } from "../view.ts";

/** What a call reports: what came out, or what went wrong and where. */
export interface Result {
  /** Address of the output. */
  readonly pointer: number;
  /** Bytes or records of the output. */
  readonly length: number;
  /** Address of records beside the output. */
  readonly listPointer: number;
  /** Their number. */
  readonly listLength: number;
  /** Address of Span records beside the output. */
  readonly spansPointer: number;
  /** Their number. */
  readonly spansLength: number;
  /** Address of what the same call goes on with, when it gave only a part: it belongs right behind its other inputs. */
  readonly statePointer: number;
  /** Its bytes; 0 when nothing is left. */
  readonly stateLength: number;
  /** Four-character code of the box an error was seen in, 0 when none. */
  readonly box: number;
  /** File offset of an error. */
  readonly offset: number;
  /** A sum that belongs to the output; by call. */
  readonly total: number;
  /** A number that belongs to the output; by call. */
  readonly count: number;
}

/** Bytes of a record of Result. */
export const RESULT_SIZE = 64;

/** Where fields of it lie. */
export const ResultAt = { length: 4, box: 32, total: 48 } as const;

/** Reads the Result at `at`. */
export function readResult(view: DataView, at: number): Result {
  return {
    pointer: u32(view, at),
    length: u32(view, at + 4),
    listPointer: u32(view, at + 8),
    listLength: u32(view, at + 12),
    spansPointer: u32(view, at + 16),
    spansLength: u32(view, at + 20),
    statePointer: u32(view, at + 24),
    stateLength: u32(view, at + 28),
    box: u32(view, at + 32),
    offset: u64(view, at + 40),
    total: u64(view, at + 48),
    count: u32(view, at + 56),
  };
}

/** One kept box of a file; of `mdat` and of what the file ends in, only the header. */
export interface Extent {
  /** Where the box starts in the file. */
  readonly fileOffset: number;
  /** Where it starts in the metadata buffer. */
  readonly bufferOffset: number;
  /** Bytes of it in the metadata buffer, header included. */
  readonly length: number;
}

/** Bytes of a record of Extent. */
export const EXTENT_SIZE = 16;

/** Writes the Extent at `at`. */
export function writeExtent(view: DataView, at: number, value: Extent): void {
  setI64(view, at, value.fileOffset);
  view.setUint32(at + 8, value.bufferOffset, true);
  view.setUint32(at + 12, value.length, true);
}

/** Start of a segment index; header and track records together are the summary. */
export interface IndexHeader {
  /** Tracks, 1 to 64. */
  readonly trackCount: number;
  /** Bytes of the whole index. */
  readonly length: number;
  /** 1: the file is fragmented. */
  readonly fragmented: number;
  /** Bytes of the file. */
  readonly fileSize: number;
  /** Creation time, seconds since 1904-01-01T00:00:00Z, 0 when not stated. */
  readonly creationTime: number;
  /** Bits of Warning. */
  readonly warnings: number;
  /** TrackIndex (number of the track record) of the reference track: the first video track, else 0. */
  readonly reference: number;
  /** Fragments the whole segment makes as fragmented MP4. */
  readonly fragments: number;
  /** Jump column: offset. */
  readonly jumpsOffset: number;
  /** Jump column: length. */
  readonly jumpsLength: number;
  /** Samples of all tracks. */
  readonly sampleCount: number;
}

/** Bytes of a record of IndexHeader. */
export const INDEX_HEADER_SIZE = 80;

/** Reads the IndexHeader at `at`. */
export function readIndexHeader(view: DataView, at: number): IndexHeader {
  return {
    trackCount: u32(view, at + 4),
    length: u32(view, at + 8),
    fragmented: u32(view, at + 12),
    fileSize: u64(view, at + 16),
    creationTime: u64(view, at + 24),
    warnings: u32(view, at + 36),
    reference: u32(view, at + 40),
    fragments: u32(view, at + 44),
    jumpsOffset: u32(view, at + 60),
    jumpsLength: u32(view, at + 64),
    sampleCount: u32(view, at + 68),
  };
}

/**
 * One track of a segment index, with the counts of all of it. Times are ticks of its timescale on the segment's
 * presentation timeline, that is after the edit list: a sample is presented at its decode time plus its
 * composition offset.
 */
export interface TrackRecord {
  /** Track id. */
  readonly id: number;
  /** Handler type, a four-character code. */
  readonly handler: number;
  /** Ticks a second. */
  readonly timescale: number;
  /** Bits of TrackFlag. */
  readonly flags: number;
  /** Samples. */
  readonly samples: number;
  /** Bytes of every sample, 0 when they differ. */
  readonly constantSize: number;
  /** Bytes of all samples. */
  readonly bytes: number;
  /** Decode time of sample 0. */
  readonly firstDts: number;
  /** Sum of all sample durations. */
  readonly duration: number;
  /** First moment that is presented. */
  readonly start: number;
  /** End of the last presented sample. */
  readonly end: number;
  /** Nothing is presented before it; lowest: no edit list. */
  readonly editStart: number;
  /** Nothing is presented from it on; highest: open. */
  readonly editEnd: number;
  /** Presentation time of sample 0. */
  readonly firstPts: number;
  /** Duration of the last sample. */
  readonly lastDuration: number;
  /** Entries of `stts`, the last sample always in an entry of its own. */
  readonly sttsEntries: number;
  /** Entries of `ctts` */
  readonly cttsEntries: number;
  /** Sync samples. */
  readonly syncSamples: number;
  /** Chunks: runs of adjacent samples of this track. */
  readonly chunks: number;
  /** Entries of `stsc` */
  readonly stscEntries: number;
  /** Track fragments of the whole track as fragmented MP4. */
  readonly trafs: number;
  /** Track runs in them. */
  readonly truns: number;
  /** FNV-1a of the sample entries, without bit rates. */
  readonly descriptionHash: string;
  /** Number of sample entries. */
  readonly descriptionCount: number;
  /** Sample entries as in the file: offset. */
  readonly descriptionOffset: number;
  /** Sample entries as in the file: length. */
  readonly descriptionLength: number;
  /** Pixels, after `tkhd` */
  readonly width: number;
  /** Pixels, after `tkhd` */
  readonly height: number;
  /** RFC 6381 codec. */
  readonly codec: string;
  /** Flags of `tkhd` */
  readonly tkhdFlags: number;
  /** Earliest presentation time, also of samples that the edit list hides. */
  readonly earliestPts: number;
}

/** Bytes of a record of TrackRecord. */
export const TRACK_RECORD_SIZE = 312;

/** Where fields of it lie. */
export const TrackRecordAt = { descriptionHash: 120, width: 204, matrix: 212, codec: 256 } as const;

/** Reads the TrackRecord at `at`. */
export function readTrackRecord(view: DataView, at: number): TrackRecord {
  return {
    id: u32(view, at),
    handler: u32(view, at + 4),
    timescale: u32(view, at + 8),
    flags: u32(view, at + 12),
    samples: u32(view, at + 16),
    constantSize: u32(view, at + 20),
    bytes: u64(view, at + 24),
    firstDts: i64(view, at + 32),
    duration: u64(view, at + 40),
    start: i64(view, at + 48),
    end: i64(view, at + 56),
    editStart: bound(view, at + 64),
    editEnd: bound(view, at + 72),
    firstPts: i64(view, at + 80),
    lastDuration: u32(view, at + 88),
    sttsEntries: u32(view, at + 92),
    cttsEntries: u32(view, at + 96),
    syncSamples: u32(view, at + 100),
    chunks: u32(view, at + 104),
    stscEntries: u32(view, at + 108),
    trafs: u32(view, at + 112),
    truns: u32(view, at + 116),
    descriptionHash: hexadecimal(view, at + 120),
    descriptionCount: u32(view, at + 128),
    descriptionOffset: u32(view, at + 132),
    descriptionLength: u32(view, at + 136),
    width: u32(view, at + 204) / 65_536,
    height: u32(view, at + 208) / 65_536,
    codec: text(view, at + 256, 40),
    tkhdFlags: u32(view, at + 300),
    earliestPts: i64(view, at + 304),
  };
}

/** What a file says of the time it was recorded. */
export interface MovieClock {
  /** Of `mvhd`, seconds since 1904-01-01T00:00:00Z; 0 when not stated. */
  readonly creationTime: number;
  /** Of `mtxi`, nanoseconds since 1970; 0 when not stated. */
  readonly wallClock: number;
  /** A ClockDevice. */
  readonly device: number;
  /** Address of the text of `com.apple.quicktime.creationdate`. */
  readonly date: number;
  /** Its bytes; 0 when not stated. */
  readonly dateLength: number;
}

/** Bytes of a record of MovieClock. */
export const MOVIE_CLOCK_SIZE = 32;

/** Reads the MovieClock at `at`. */
export function readMovieClock(view: DataView, at: number): MovieClock {
  return {
    creationTime: u64(view, at),
    wallClock: i64(view, at + 8),
    device: u32(view, at + 16),
    date: u32(view, at + 20),
    dateLength: u32(view, at + 24),
  };
}

/** The samples a selection found, in ticks of the track on the segment's presentation timeline. */
export interface Selected {
  /** The first sample, from 0. */
  readonly first: number;
  /** 0 when nothing fits. */
  readonly count: number;
  /** Decode time of the first sample. */
  readonly dts: number;
  /** Presentation time of the first sample. */
  readonly pts: number;
  /** Latest end of a selected sample's presentation. */
  readonly presentedEnd: number;
  /** Decode time of the last sample. */
  readonly lastDts: number;
  /** Duration of the last sample. */
  readonly lastDuration: number;
  /** Presentation time of the sample that is shown at the start, of the first sample when that comes later. */
  readonly shown: number;
  /** Least composition offset of the whole track, at most 0. */
  readonly leastOffset: number;
  /** Samples in front of the one that is shown at the start, where they are in the order of presentation. */
  readonly before: number;
}

/** Bytes of a record of Selected. */
export const SELECTED_SIZE = 64;

/** Reads the Selected at `at`. */
export function readSelected(view: DataView, at: number): Selected {
  return {
    first: u32(view, at),
    count: u32(view, at + 4),
    dts: i64(view, at + 8),
    pts: i64(view, at + 16),
    presentedEnd: i64(view, at + 24),
    lastDts: i64(view, at + 32),
    lastDuration: u32(view, at + 40),
    shown: i64(view, at + 48),
    leastOffset: view.getInt32(at + 56, true),
    before: u32(view, at + 60),
  };
}

/** Which samples of a track to take, in ticks of the track on the segment's presentation timeline. */
export interface Selection {
  /** -Infinity: from the first sample on. */
  readonly start: number;
  /** Exclusive; Infinity: to the last sample. */
  readonly end: number;
  /** Bits of SelectionRule. */
  readonly rules: number;
  /** Ticks of hidden samples wanted before `start`. */
  readonly preroll: number;
}

/** Bytes of a record of Selection. */
export const SELECTION_SIZE = 88;

/** Where fields of it lie. */
export const SelectionAt = { selected: 24 } as const;

/** Writes the Selection at `at`. */
export function writeSelection(view: DataView, at: number, value: Selection): void {
  setI64(view, at, value.start);
  setI64(view, at + 8, value.end);
  view.setUint32(at + 16, value.rules, true);
  view.setUint32(at + 20, value.preroll, true);
}

/** Groups of pictures that follow one another, in ticks of the track on the segment's presentation timeline. */
export interface Group {
  /** Presentation time of the first sample. */
  readonly pts: number;
  /** Bytes of all samples. */
  readonly bytes: number;
  /** The first sample, from 0. */
  readonly first: number;
  /** Bytes of the first sample. */
  readonly firstBytes: number;
  /** 1: it is a sync sample. */
  readonly sync: number;
}

/** Bytes of a record of Group. */
export const GROUP_SIZE = 32;

/** Reads the Group at `at`. */
export function readGroup(view: DataView, at: number): Group {
  return {
    pts: i64(view, at),
    bytes: u64(view, at + 8),
    first: u32(view, at + 16),
    firstBytes: u32(view, at + 20),
    sync: u32(view, at + 24),
  };
}

/**
 * What the tables and fragments of a piece's track add up to: told by `measure`, of a whole track also by its
 * record.
 */
export interface Counts {
  /** Entries of `stts`. */
  readonly sttsEntries: number;
  /** Entries of `ctts`. */
  readonly cttsEntries: number;
  /** Sync samples. */
  readonly syncSamples: number;
  /** Chunks. */
  readonly chunks: number;
  /** Entries of `stsc`. */
  readonly stscEntries: number;
  /** Track fragments as fragmented MP4. */
  readonly trafs: number;
  /** Track runs in them. */
  readonly truns: number;
  /** Bits of TrackFlag, before offsets are shifted. */
  readonly flags: number;
  /** Bytes of media, with the inline ones of the `prefix` it was measured with. */
  readonly bytes: number;
}

/** Bytes of a record of Counts. */
export const COUNTS_SIZE = 40;

/** Reads the Counts at `at`. */
export function readCounts(view: DataView, at: number): Counts {
  return {
    sttsEntries: u32(view, at),
    cttsEntries: u32(view, at + 4),
    syncSamples: u32(view, at + 8),
    chunks: u32(view, at + 12),
    stscEntries: u32(view, at + 16),
    trafs: u32(view, at + 20),
    truns: u32(view, at + 24),
    flags: u32(view, at + 28),
    bytes: u64(view, at + 32),
  };
}

/** Writes the Counts at `at`. */
export function writeCounts(view: DataView, at: number, value: Counts): void {
  view.setUint32(at, value.sttsEntries, true);
  view.setUint32(at + 4, value.cttsEntries, true);
  view.setUint32(at + 8, value.syncSamples, true);
  view.setUint32(at + 12, value.chunks, true);
  view.setUint32(at + 16, value.stscEntries, true);
  view.setUint32(at + 20, value.trafs, true);
  view.setUint32(at + 24, value.truns, true);
  view.setUint32(at + 28, value.flags, true);
  setI64(view, at + 32, value.bytes);
}

/**
 * When the samples of a piece's track are decoded, in ticks of the output track from the piece's `dts` on: told by
 * `measure`.
 */
export interface Decoding {
  /** Of the first sample: 0 without a pre-roll. */
  readonly firstDts: number;
  /** Of the last sample. */
  readonly lastDts: number;
  /** Samples from the first one on that are not decoded when they were recorded to be. */
  readonly led: number;
  /** Samples that are hidden, each presented for a tick. */
  readonly hidden: number;
  /** How much earlier they, and the one that is shown at the start, could be presented than they are. */
  readonly slack: number;
}

/** Bytes of a record of Decoding. */
export const DECODING_SIZE = 40;

/** Reads the Decoding at `at`. */
export function readDecoding(view: DataView, at: number): Decoding {
  return {
    firstDts: i64(view, at),
    lastDts: i64(view, at + 8),
    led: i64(view, at + 16),
    hidden: i64(view, at + 24),
    slack: i64(view, at + 32),
  };
}

/**
 * One track of one piece: which samples of a segment's track go into the output and where they land. One record a
 * track of the segment index, in its order. Ticks are the output track's.
 */
export interface PieceTrack {
  /** The first sample, from 0. */
  readonly first: number;
  /** 0 leaves the track out. */
  readonly count: number;
  /** Decode time of the first sample, were it not for a pre-roll. */
  readonly dts: number;
  /** Of the output track. */
  readonly timescale: number;
  /** Duration of the last sample. */
  readonly lastDuration: number;
  /** Added to every composition offset. */
  readonly offsetShift: number;
  /** Output sample description index of the segment's first description, from 1. */
  readonly descriptionBase: number;
  /** Of the output track. */
  readonly trackId: number;
  /** Inline bytes before every sync sample: the n-th so many of the piece's inline bytes for the n-th description of the segment. Where there are any, `descriptionBase` describes all samples. */
  readonly prefix: number;
  /** All 0 until it is measured. */
  readonly counts: Counts;
  /** Ticks of the segment's track: samples presented before are hidden, a pre-roll that takes next to no time. Default: Number.NEGATIVE_INFINITY. */
  readonly shown?: number;
  /** When the sample at `shown` is presented. Default: 0. */
  readonly start?: number;
  /** From the decoding of a sync sample to its presentation: what follows a pre-roll is decoded so long before `start`. Default: 0. */
  readonly delay?: number;
  /** What a sample usually lasts: a pre-roll is decoded, in the mean, a multiple of this before what follows. 0: right before `start` less `delay`. Default: 0. */
  readonly usual?: number;
  /** 1: all samples are decoded one tick apart, before those of the piece that goes on from it. Default: 0. */
  readonly leads?: number;
  /** Samples of later pieces that are hidden, each presented for a tick before `start`. Default: 0. */
  readonly hiddenBehind?: number;
  /** For fragments: the hidden ones are presented so much earlier. Default: 0. */
  readonly hiddenEarly?: number;
  /** For fragments: so is the one at `shown`. Default: 0. */
  readonly shownEarly?: number;
  /** For fragments: what is led is decoded so much earlier. Default: 0. */
  readonly decodedEarly?: number;
  /** Ticks that hidden samples are decoded, and presented, apart; samples of other than 1 are not alike. Default: 1. */
  readonly apart?: number;
  /** Further ticks between the first one and the next. Default: 0. */
  readonly ahead?: number;
  /** For fragments: bits of TrackFlag over the whole output track. Default: 0. */
  readonly outputFlags?: number;
  /** For fragments: samples presented from then on are only decoded. Default: Number.POSITIVE_INFINITY. */
  readonly presentedUntil?: number;
  /** So far apart, at most, they are presented behind the last one that is shown. Default: 0. */
  readonly lateApart?: number;
  /** Each by so much earlier at most, so as not to come after `latest`. Default: 0. */
  readonly lateCloser?: number;
  /** When the last of them is presented, if that can be. Default: Number.POSITIVE_INFINITY. */
  readonly latest?: number;
}

/** Bytes of a record of PieceTrack. */
export const PIECE_TRACK_SIZE = 208;

/** Where fields of it lie. */
export const PieceTrackAt = { counts: 40, decoding: 136 } as const;

/** Writes the PieceTrack at `at`. */
export function writePieceTrack(view: DataView, at: number, value: PieceTrack): void {
  view.setUint32(at, value.first, true);
  view.setUint32(at + 4, value.count, true);
  setI64(view, at + 8, value.dts);
  view.setUint32(at + 16, value.timescale, true);
  view.setUint32(at + 20, value.lastDuration, true);
  view.setInt32(at + 24, value.offsetShift, true);
  view.setUint32(at + 28, value.descriptionBase, true);
  view.setUint32(at + 32, value.trackId, true);
  view.setUint32(at + 36, value.prefix, true);
  writeCounts(view, at + 40, value.counts);
  setI64(view, at + 80, value.shown ?? Number.NEGATIVE_INFINITY);
  setI64(view, at + 88, value.start ?? 0);
  setI64(view, at + 96, value.delay ?? 0);
  view.setUint32(at + 104, value.usual ?? 0, true);
  view.setUint32(at + 108, value.leads ?? 0, true);
  view.setUint32(at + 112, value.hiddenBehind ?? 0, true);
  view.setUint32(at + 116, value.hiddenEarly ?? 0, true);
  view.setUint32(at + 120, value.shownEarly ?? 0, true);
  view.setUint32(at + 124, value.decodedEarly ?? 0, true);
  view.setUint32(at + 128, value.apart ?? 1, true);
  view.setUint32(at + 132, value.ahead ?? 0, true);
  view.setUint32(at + 176, value.outputFlags ?? 0, true);
  setI64(view, at + 184, value.presentedUntil ?? Number.POSITIVE_INFINITY);
  view.setUint32(at + 192, value.lateApart ?? 0, true);
  view.setUint32(at + 196, value.lateCloser ?? 0, true);
  setI64(view, at + 200, value.latest ?? Number.POSITIVE_INFINITY);
}

/** One track of an output file, as its headers need it. Movie ticks are those of `mvhd`. */
export interface MovieTrack {
  /** Track id, from 1. */
  readonly id: number;
  /** Handler type, a four-character code. */
  readonly handler: number;
  /** Ticks a second. */
  readonly timescale: number;
  /** Bits of TrackFlag over all pieces. */
  readonly flags: number;
  /** Samples. */
  readonly samples: number;
  /** Entries of `stts`. */
  readonly sttsEntries: number;
  /** Entries of `ctts`. */
  readonly cttsEntries: number;
  /** Sync samples. */
  readonly syncSamples: number;
  /** Entries of `stsc`. */
  readonly stscEntries: number;
  /** Chunks. */
  readonly chunks: number;
  /** Bytes of every sample, 0 when they differ. */
  readonly constantSize: number;
  /** Sample entries. */
  readonly descriptionCount: number;
  /** Address of the raw sample entries. */
  readonly descriptionPointer: number;
  /** Their bytes. */
  readonly descriptionLength: number;
  /** Track ticks. */
  readonly duration: number;
  /** Movie ticks before the track starts to be presented. */
  readonly editDelay: number;
  /** Track ticks at which its presentation starts, -1 for no edit list. */
  readonly editTime: number;
  /** Movie ticks that are presented. */
  readonly editDuration: number;
  /** Of the track record it comes from, from `width` to `layer`. */
  readonly presentation: Uint8Array;
  /** The flags of `tkhd`. */
  readonly tkhdFlags: number;
  /** Address of the kept boxes of the file it comes from. */
  readonly keptPointer: number;
  /** Their bytes. */
  readonly keptLength: number;
  /** Of the track in that file's index. */
  readonly trackIndex: number;
  /** Its id in that file. */
  readonly sourceId: number;
}

/** Bytes of a record of MovieTrack. */
export const MOVIE_TRACK_SIZE = 160;

/** Writes the MovieTrack at `at`. */
export function writeMovieTrack(view: DataView, at: number, value: MovieTrack): void {
  view.setUint32(at, value.id, true);
  view.setUint32(at + 4, value.handler, true);
  view.setUint32(at + 8, value.timescale, true);
  view.setUint32(at + 12, value.flags, true);
  view.setUint32(at + 16, value.samples, true);
  view.setUint32(at + 20, value.sttsEntries, true);
  view.setUint32(at + 24, value.cttsEntries, true);
  view.setUint32(at + 28, value.syncSamples, true);
  view.setUint32(at + 32, value.stscEntries, true);
  view.setUint32(at + 36, value.chunks, true);
  view.setUint32(at + 40, value.constantSize, true);
  view.setUint32(at + 44, value.descriptionCount, true);
  view.setUint32(at + 48, value.descriptionPointer, true);
  view.setUint32(at + 52, value.descriptionLength, true);
  setI64(view, at + 56, value.duration);
  setI64(view, at + 64, value.editDelay);
  setI64(view, at + 72, value.editTime);
  setI64(view, at + 80, value.editDuration);
  new Uint8Array(view.buffer, view.byteOffset + at + 88, 52).set(value.presentation);
  view.setUint32(at + 140, value.tkhdFlags, true);
  view.setUint32(at + 144, value.keptPointer, true);
  view.setUint32(at + 148, value.keptLength, true);
  view.setUint32(at + 152, value.trackIndex, true);
  view.setUint32(at + 156, value.sourceId, true);
}

/** One chapter of an output. */
export interface Chapter {
  /** 100 ns from the start of the presentation. */
  readonly start: number;
  /** Address of UTF-8 text. */
  readonly title: number;
  /** Its bytes, at most 255. */
  readonly length: number;
}

/** Bytes of a record of Chapter. */
export const CHAPTER_SIZE = 16;

/** Writes the Chapter at `at`. */
export function writeChapter(view: DataView, at: number, value: Chapter): void {
  setI64(view, at, value.start);
  view.setUint32(at + 8, value.title, true);
  view.setUint32(at + 12, value.length, true);
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

/** Bytes of a record of CaptionBlock. */
export const CAPTION_BLOCK_SIZE = 32;

/** Writes the CaptionBlock at `at`. */
export function writeCaptionBlock(view: DataView, at: number, value: CaptionBlock): void {
  setI64(view, at, value.atMs);
  setI64(view, at + 8, value.second);
  view.setUint32(at + 16, value.count, true);
  view.setUint32(at + 20, value.firstMs, true);
  view.setUint32(at + 24, value.lastMs, true);
}

/** A place in output headers where a table's entries go. */
export interface Splice {
  /** Bytes of headers before it. */
  readonly offset: number;
  /** Number of the output track. */
  readonly track: number;
  /** A Table. */
  readonly table: number;
  /** Bytes of all entries. */
  readonly length: number;
}

/** Bytes of a record of Splice. */
export const SPLICE_SIZE = 16;

/** Reads the Splice at `at`. */
export function readSplice(view: DataView, at: number): Splice {
  return {
    offset: u32(view, at),
    track: u32(view, at + 4),
    table: u32(view, at + 8),
    length: u32(view, at + 12),
  };
}

/** Bytes of the stored object or, where `offset` is below 0, of the piece's inline bytes, from `-1 - offset` on. */
export interface Span {
  /** In the stored object. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
}

/** Bytes of a record of Span. */
export const SPAN_SIZE = 16;

/** Reads the Span at `at`. */
export function readSpan(view: DataView, at: number): Span {
  return {
    offset: i64(view, at),
    length: u64(view, at + 8),
  };
}

/** One movie fragment of a piece. */
export interface Fragment {
  /** Where its `moof` and `mdat` header start among the piece's. */
  readonly headerOffset: number;
  /** Bytes of them. */
  readonly headerLength: number;
  /** Number of its first span. */
  readonly firstSpan: number;
  /** Spans of it. */
  readonly spans: number;
  /** Bytes in `mdat`. */
  readonly mediaLength: number;
}

/** Bytes of a record of Fragment. */
export const FRAGMENT_SIZE = 48;

/** Reads the Fragment at `at`. */
export function readFragment(view: DataView, at: number): Fragment {
  return {
    headerOffset: u32(view, at),
    headerLength: u32(view, at + 4),
    firstSpan: u32(view, at + 8),
    spans: u32(view, at + 12),
    mediaLength: u64(view, at + 16),
  };
}

/** One sample. Times in ticks on the segment's presentation timeline. */
export interface SampleRecord {
  /** Of its track. */
  readonly trackIndex: number;
  /** Its size. */
  readonly bytes: number;
  /** Byte offset in the file. */
  readonly offset: number;
  /** Decode time. */
  readonly dts: number;
  /** From decode to presentation time. */
  readonly compositionOffset: number;
  /** 1: sync sample. */
  readonly flags: number;
  /** Ticks. */
  readonly duration: number;
  /** Sample description index, from 1. */
  readonly description: number;
}

/** Bytes of a record of SampleRecord. */
export const SAMPLE_RECORD_SIZE = 40;

/** Reads the SampleRecord at `at`. */
export function readSampleRecord(view: DataView, at: number): SampleRecord {
  return {
    trackIndex: u32(view, at),
    bytes: u32(view, at + 4),
    offset: u64(view, at + 8),
    dts: i64(view, at + 16),
    compositionOffset: view.getInt32(at + 24, true),
    flags: u32(view, at + 28),
    duration: u32(view, at + 32),
    description: u32(view, at + 36),
  };
}

/** One box. */
export interface BoxRecord {
  /** Where it starts in the file. */
  readonly offset: number;
  /** Bytes, header included. */
  readonly length: number;
  /** Four-character code. */
  readonly type: number;
  /** 0 for a top-level box. */
  readonly depth: number;
}

/** Bytes of a record of BoxRecord. */
export const BOX_RECORD_SIZE = 24;

/** Reads the BoxRecord at `at`. */
export function readBoxRecord(view: DataView, at: number): BoxRecord {
  return {
    offset: u64(view, at),
    length: u64(view, at + 8),
    type: u32(view, at + 16),
    depth: u32(view, at + 20),
  };
}

/** The codec of a sample entry. */
export interface Codec {
  /** RFC 6381. */
  readonly codec: string;
}

/** Bytes of a record of Codec. */
export const CODEC_SIZE = 40;

/** Reads the Codec at `at`. */
export function readCodec(view: DataView, at: number): Codec {
  return {
    codec: text(view, at, 40),
  };
}

/** One track of a stream, as its headers need it. */
export interface LiveTrack {
  /** Track id, from 1. */
  readonly id: number;
  /** Handler type, a four-character code. */
  readonly handler: number;
  /** Ticks a second. */
  readonly timescale: number;
  /** Address of its sample entry. */
  readonly entry: number;
  /** Bytes of it. */
  readonly entryLength: number;
}

/** Bytes of a record of LiveTrack. */
export const LIVE_TRACK_SIZE = 24;

/** Writes the LiveTrack at `at`. */
export function writeLiveTrack(view: DataView, at: number, value: LiveTrack): void {
  view.setUint32(at, value.id, true);
  view.setUint32(at + 4, value.handler, true);
  view.setUint32(at + 8, value.timescale, true);
  view.setUint32(at + 12, value.entry, true);
  view.setUint32(at + 16, value.entryLength, true);
}

/** The samples of one track in a movie fragment. */
export interface LiveRun {
  /** Decode time of the first one, ticks of the track. */
  readonly dts: number;
  /** Of the track. */
  readonly trackId: number;
  /** At least 1. */
  readonly samples: number;
  /** 1: every sample of the track is a sync sample. */
  readonly allSync: number;
}

/** Bytes of a record of LiveRun. */
export const LIVE_RUN_SIZE = 24;

/** Writes the LiveRun at `at`. */
export function writeLiveRun(view: DataView, at: number, value: LiveRun): void {
  setI64(view, at, value.dts);
  view.setUint32(at + 8, value.trackId, true);
  view.setUint32(at + 12, value.samples, true);
  view.setUint32(at + 16, value.allSync, true);
}

/** One sample of a movie fragment, in ticks of its track. */
export interface LiveSample {
  /** From its decode time to that of the next one. */
  readonly duration: number;
  /** Its size. */
  readonly bytes: number;
  /** From decode to presentation time. */
  readonly compositionOffset: number;
  /** 1: sync sample. */
  readonly sync: number;
}

/** Bytes of a record of LiveSample. */
export const LIVE_SAMPLE_SIZE = 16;

/** Writes the LiveSample at `at`. */
export function writeLiveSample(view: DataView, at: number, value: LiveSample): void {
  view.setUint32(at, value.duration, true);
  view.setUint32(at + 4, value.bytes, true);
  view.setInt32(at + 8, value.compositionOffset, true);
  view.setUint32(at + 12, value.sync, true);
}

/** When media was captured, by the clock of who produced it. */
export interface ProducerTime {
  /** Of the track. */
  readonly trackId: number;
  /** Microseconds since 1970. */
  readonly wallUs: number;
  /** Ticks of the track that were captured then. */
  readonly mediaTime: number;
}

/** Bytes of a record of ProducerTime. */
export const PRODUCER_TIME_SIZE = 24;

/** Reads the ProducerTime at `at`. */
export function readProducerTime(view: DataView, at: number): ProducerTime {
  return {
    trackId: u32(view, at),
    wallUs: u64(view, at + 8),
    mediaTime: u64(view, at + 16),
  };
}
