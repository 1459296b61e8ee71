/**
 * The contract with the host: status codes and record layouts. `src/wasm/records/` is the only other place that
 * knows them. All records are little-endian. Offsets are in bytes from the start of the record.
 */

/** Raised whenever a layout below, the segment index or an exported function changes. */
export const ABI_VERSION: u32 = 2;

/** Outcome of every exported call. Keep in step with `src/wasm/status.ts`. */
export const enum Status {
  Ok = 0,
  /** The bytes do not begin like an ISO base media file. */
  NotMp4 = 1,
  /** A box or the file ends before its declared size. */
  Truncated = 2,
  /** A box size is impossible: below its header, or beyond its parent. */
  BadBoxSize = 3,
  /** A table's count does not fit the bytes that are there. */
  BadTable = 4,
  /** Two tables of a track contradict each other. */
  Inconsistent = 5,
  /** A mandatory box is missing. */
  MissingBox = 6,
  /** A box that may occur once occurs twice. */
  DuplicateBox = 7,
  /** A box version this reader does not know. */
  UnsupportedVersion = 8,
  /** No track holds any sample. */
  NoSamples = 9,
  /** Sample data lies outside the file, or more sample bytes are declared than the file holds. */
  OutsideFile = 10,
  /** Boxes nest deeper than 32. */
  TooDeep = 11,
  /** More samples, tracks or boxes than the documented limits. */
  TooMany = 12,
  /** A timescale of 0. */
  BadTimescale = 13,
  /** Sample data in another file (`dref` without the self-contained flag); never followed. */
  ExternalData = 14,
  /** The arena cannot grow further. */
  OutOfMemory = 15,
  /** A segment index is damaged or of another version. */
  BadIndex = 16,
  /** A time or size passes what 53 bits hold. */
  Overflow = 17,
  /** An edit list without meaning here: media time below -1, or a rate that is not 1. */
  BadEditList = 18,
  /** A sample description is damaged or missing. */
  BadDescription = 19,
  /** A movie fragment names a track that `moov` does not have. */
  UnknownTrack = 20,
}

/** Repairs and simplifications made while indexing: bits of `IndexHeader.warnings`. */
export const enum Warning {
  /** Trailing bytes after the last whole top-level box were ignored. */
  TrailingBytes = 1,
  /** An edit list with several media edits: only the first one is used. */
  EditListSimplified = 2,
  /** `stts` covers more or fewer samples than `stsz`: cut, or its last duration repeated. */
  DurationsRepaired = 4,
  /** `ctts` covers more or fewer samples than `stsz`: cut, or padded with 0. */
  OffsetsRepaired = 8,
  /** Tracks without samples were left out. */
  EmptyTrack = 16,
  /** An incomplete last movie fragment was left out. */
  LastFragmentDropped = 32,
  /** The track is encrypted: it is stored and served as it is, never cut. */
  Encrypted = 64,
}

/** Written by every call: what came out, or what went wrong and where. */
export namespace Result {
  /** u32: address of the output. */
  export const POINTER: usize = 0;
  /** u32: bytes (or records) of the output. */
  export const LENGTH: usize = 4;
  /** u32: four-character code of the box an error was seen in, 0 when none. */
  export const BOX: usize = 8;
  /** u64: file offset of an error. */
  export const OFFSET: usize = 16;
  /** u64 each: further results, by function. */
  export const A: usize = 24;
  export const B: usize = 32;
  export const SIZE: usize = 40;
}

/** One kept box of a file, as the host hands it to `indexSegment`. */
export namespace Extent {
  /** u64: where the box starts in the file. */
  export const FILE_OFFSET: usize = 0;
  /** u32: where it starts in the metadata buffer. */
  export const BUFFER_OFFSET: usize = 8;
  /** u32: its bytes, header included. */
  export const LENGTH: usize = 12;
  export const SIZE: usize = 16;
}

/** Start of a segment index; header and track records together are the summary. */
export namespace IndexHeader {
  export const MAGIC: usize = 0; // u32 "bxi" and the format's version
  export const TRACK_COUNT: usize = 4; // u32
  export const LENGTH: usize = 8; // u32, bytes of the whole index
  export const FLAGS: usize = 12; // u32: 1 = fragmented
  export const FILE_SIZE: usize = 16; // u64
  export const CREATION_TIME: usize = 24; // u64, seconds since 1904-01-01, 0 = not stated
  export const MAJOR_BRAND: usize = 32; // u32 fourcc as in the file (big-endian reading)
  export const WARNINGS: usize = 36; // u32, bits of Warning
  export const REFERENCE: usize = 40; // u32, slot of the reference track
  export const FRAGMENTS: usize = 44; // u32, fragments the whole segment makes as fragmented MP4
  export const ORDER_KIND: usize = 48; // u32: 0 = run lengths, 1 = one bit a sample
  export const ORDER_OFFSET: usize = 52; // u32, from the start of the index
  export const ORDER_LENGTH: usize = 56; // u32
  export const JUMPS_OFFSET: usize = 60; // u32
  export const JUMPS_LENGTH: usize = 64; // u32
  export const SAMPLE_COUNT: usize = 68; // u32, of all tracks
  export const CHECKSUM: usize = 72; // u64, over everything else; must stay last
  export const SIZE: usize = 80;
}

/** "bxi2" read little-endian. */
export const INDEX_MAGIC: u32 = 0x32697862;

/**
 * One track of a segment index. Times are ticks of the track's timescale on the segment's presentation timeline, that
 * is after the edit list: a sample is presented at its decode time plus its composition offset.
 */
export namespace TrackRecord {
  export const ID: usize = 0; // u32
  export const HANDLER: usize = 4; // u32 fourcc
  export const TIMESCALE: usize = 8; // u32
  export const FLAGS: usize = 12; // u32, bits of TrackFlag
  export const SAMPLES: usize = 16; // u32
  export const CONSTANT_SIZE: usize = 20; // u32, bytes of every sample; 0 when they differ
  export const BYTES: usize = 24; // u64, all samples
  export const FIRST_DTS: usize = 32; // i64
  export const DURATION: usize = 40; // u64, sum of all sample durations
  export const START: usize = 48; // i64, first moment that is presented
  export const END: usize = 56; // i64, end of the last presented sample
  export const EDIT_START: usize = 64; // i64, nothing before it is presented
  export const EDIT_END: usize = 72; // i64, nothing from it on is presented; i64.MAX when open
  export const FIRST_PTS: usize = 80; // i64, presentation time of sample 0
  export const LAST_DURATION: usize = 88; // u32
  export const STTS_ENTRIES: usize = 92; // u32, the last sample always an entry of its own
  export const CTTS_ENTRIES: usize = 96; // u32
  export const SYNC_SAMPLES: usize = 100; // u32
  export const CHUNKS: usize = 104; // u32, runs of adjacent samples of this track
  export const STSC_ENTRIES: usize = 108; // u32
  export const TRAFS: usize = 112; // u32, track fragments the whole track makes as fragmented MP4
  export const TRUNS: usize = 116; // u32, track runs in them
  export const DESCRIPTION_HASH: usize = 120; // u64, of the sample entries but for their bit rates
  export const DESCRIPTION_COUNT: usize = 128; // u32
  export const DESCRIPTION_OFFSET: usize = 132; // u32, raw sample entries
  export const DESCRIPTION_LENGTH: usize = 136; // u32
  export const DURATIONS_OFFSET: usize = 140; // u32, varint pairs: count, duration
  export const DURATIONS_LENGTH: usize = 144; // u32
  export const OFFSETS_KIND: usize = 148; // u32, composition offsets: OffsetsKind
  export const OFFSETS_OFFSET: usize = 152; // u32
  export const OFFSETS_LENGTH: usize = 156; // u32
  export const SIZES_WIDTH: usize = 160; // u32, bytes a sample, 0 to 4
  export const SIZES_BASE: usize = 164; // u32, added to each
  export const SIZES_OFFSET: usize = 168; // u32
  export const SIZES_LENGTH: usize = 172; // u32, without the exceptions
  export const SIZES_EXCEPTIONS: usize = 176; // u32, count of u32 exceptions that follow the column
  export const SYNC_OFFSET: usize = 180; // u32, varints: lengths of runs, sync and non-sync in turn
  export const SYNC_LENGTH: usize = 184; // u32
  export const ENTRIES_OFFSET: usize = 188; // u32, varint pairs: samples, sample description index
  export const ENTRIES_LENGTH: usize = 192; // u32
  export const EDITS_OFFSET: usize = 196; // u32, `elst` entries as in the file
  export const EDITS_LENGTH: usize = 200; // u32
  export const WIDTH: usize = 204; // u32, 16.16
  export const HEIGHT: usize = 208; // u32, 16.16
  export const MATRIX: usize = 212; // 36 bytes as in the file
  export const LANGUAGE: usize = 248; // u16, packed ISO 639-2/T
  export const VOLUME: usize = 250; // u16, 8.8
  export const ALTERNATE_GROUP: usize = 252; // u16
  export const LAYER: usize = 254; // u16
  export const CODEC: usize = 256; // 40 bytes, RFC 6381, padded with 0
  export const EDITS_VERSION: usize = 296; // u32
  export const TKHD_FLAGS: usize = 300; // u32
  export const EARLIEST_PTS: usize = 304; // i64, of all samples, also those the edit list hides
  export const SIZE: usize = 312;
}

export const enum TrackFlag {
  /** Some composition offset is not 0. */
  Offsets = 1,
  /** Some composition offset is negative. */
  NegativeOffsets = 2,
  /** Every sample is a sync sample. */
  AllSync = 4,
  /** A sample entry is `encv`, `enca`, … */
  Encrypted = 8,
}

/** How composition offsets are stored. */
export const enum OffsetsKind {
  /** All 0. */
  None = 0,
  /** Varint pairs: count, zigzag offset. */
  Runs = 1,
  /** Sixteen i32, then four bits a sample, low half first. */
  Dictionary = 2,
  /** i32 base, then one byte a sample. */
  Bytes1 = 3,
  /** i32 base, then two bytes a sample. */
  Bytes2 = 4,
  /** i32 base, then four bytes a sample. */
  Bytes4 = 5,
}

/**
 * Which samples of a track to take. The host fills the first part, `selectSamples` the second. Times are ticks of the
 * track on the segment's presentation timeline.
 */
export namespace Selection {
  export const START: usize = 0; // i64
  export const END: usize = 8; // i64, exclusive
  export const RULES: usize = 16; // u32, bits of SelectionRule
  export const PREROLL: usize = 20; // u32, ticks of hidden samples wanted before the first presented one
  // selected
  export const FIRST: usize = 24; // u32
  export const COUNT: usize = 28; // u32, 0 = nothing fits
  export const DTS: usize = 32; // i64, of the first sample
  export const PTS: usize = 40; // i64, of the first sample
  export const PRESENTED_END: usize = 48; // i64, latest end of a selected sample's presentation
  export const LAST_DTS: usize = 56; // i64, of the last sample
  export const LAST_DURATION: usize = 64; // u32
  export const SIZE: usize = 72;
}

export const enum SelectionRule {
  /** Start at the last sync sample presented at or before START, else at the first one; without it, where START falls. */
  FromSync = 1,
  /** End so that no sample left out is presented before one that is taken. */
  Closed = 2,
}

/**
 * One track of one piece: which samples of a segment's track go into the output and where they land. The host fills the
 * first part, `measure` the second. One record a slot of the segment index, in slot order.
 */
export namespace PieceTrack {
  export const FIRST: usize = 0; // u32, first sample, from 0
  export const COUNT: usize = 4; // u32, 0 = the track is left out
  export const DTS: usize = 8; // i64, decode time of the first sample, output ticks
  export const TIMESCALE: usize = 16; // u32, of the output track
  export const LAST_DURATION: usize = 20; // u32, output ticks, of the last sample
  export const OFFSET_SHIFT: usize = 24; // i32, added to every composition offset, output ticks
  export const DESCRIPTION_BASE: usize = 28; // u32, output sample description index of the first description, from 1
  export const TRACK_ID: usize = 32; // u32, of the output track
  export const PREFIX: usize = 36; // u32, inline bytes before the first sample
  export const OUTPUT_FLAGS: usize = 80; // u32, bits of TrackFlag over the whole output track
  /** i64, output ticks: in fragments, samples decoded before but presented after this are presented right then. */
  export const PRESENTED_UNTIL: usize = 88;
  // measured
  export const STTS_ENTRIES: usize = 40; // u32
  export const CTTS_ENTRIES: usize = 44; // u32
  export const SYNC_SAMPLES: usize = 48; // u32
  export const CHUNKS: usize = 52; // u32
  export const STSC_ENTRIES: usize = 56; // u32
  export const TRAFS: usize = 60; // u32, track fragments as fragmented MP4
  export const TRUNS: usize = 64; // u32, track runs in them
  export const FLAGS: usize = 68; // u32, bits of TrackFlag over the piece
  export const BYTES: usize = 72; // u64, prefix included
  export const SIZE: usize = 96;
}

/** One track of an output file, as its headers need it. Movie ticks are of `MOVIE_TIMESCALE`. */
export namespace OutputTrack {
  export const ID: usize = 0; // u32
  export const HANDLER: usize = 4; // u32 fourcc
  export const TIMESCALE: usize = 8; // u32
  export const FLAGS: usize = 12; // u32, bits of TrackFlag over all pieces
  export const SAMPLES: usize = 16; // u32
  export const STTS_ENTRIES: usize = 20; // u32
  export const CTTS_ENTRIES: usize = 24; // u32
  export const SYNC_SAMPLES: usize = 28; // u32
  export const STSC_ENTRIES: usize = 32; // u32
  export const CHUNKS: usize = 36; // u32
  export const CONSTANT_SIZE: usize = 40; // u32, 0 when sizes differ
  export const DESCRIPTION_COUNT: usize = 44; // u32
  export const DESCRIPTION_POINTER: usize = 48; // u32, address of the raw sample entries
  export const DESCRIPTION_LENGTH: usize = 52; // u32
  export const DURATION: usize = 56; // u64, media ticks
  export const EDIT_DELAY: usize = 64; // u64, movie ticks before presentation of this track starts
  export const EDIT_TIME: usize = 72; // i64, media time at which it starts, -1 = no edit list
  export const EDIT_DURATION: usize = 80; // u64, movie ticks presented
  export const PRESENTATION: usize = 88; // 52 bytes, TrackRecord.WIDTH to TrackRecord.CODEC
  export const SIZE: usize = 144;
}

/** Ticks a second of `mvhd` and `elst`: milliseconds and the usual frame rates are whole numbers of them. */
export const MOVIE_TIMESCALE: u32 = 90000;

/** A place in output headers where a table's entries go. */
export namespace Splice {
  export const OFFSET: usize = 0; // u32, in the header bytes
  export const TRACK: usize = 4; // u32, number of the OutputTrack
  export const TABLE: usize = 8; // u32, Table
  export const LENGTH: usize = 12; // u32, bytes of all entries
  export const SIZE: usize = 16;
}

/** Tables whose entries are written piece by piece. */
export const enum Table {
  Stts = 0,
  Ctts = 1,
  Stss = 2,
  Stsc = 3,
  Stsz = 4,
  Stco = 5,
  Co64 = 6,
  /** References of a segment index box, clause 8.16.3: 12 bytes a fragment. */
  Sidx = 7,
  /** Entries of a track fragment random access box, clause 8.8.10: 19 bytes a fragment. */
  Tfra = 8,
}

/** Bytes copied from the stored object; from the piece's inline bytes when OFFSET is `u64.MAX_VALUE`. */
export namespace Span {
  export const OFFSET: usize = 0; // u64
  export const LENGTH: usize = 8; // u64
  export const SIZE: usize = 16;
}

/** One movie fragment of a piece. */
export namespace Fragment {
  export const HEADER_OFFSET: usize = 0; // u32, of its `moof` and `mdat` header in the header bytes
  export const HEADER_LENGTH: usize = 4; // u32
  export const FIRST_SPAN: usize = 8; // u32
  export const SPANS: usize = 12; // u32
  export const MEDIA_LENGTH: usize = 16; // u64, payload of `mdat`
  export const DTS: usize = 24; // i64, decode time of the reference track's first sample here, output ticks
  export const PTS: usize = 32; // i64, its presentation time
  export const FLAGS: usize = 40; // u32, 1 = starts with a sync sample of the reference track
  export const SIZE: usize = 48;
}

/** One sample, for listings and tests. */
export namespace SampleRecord {
  export const SLOT: usize = 0; // u32
  export const SIZE_BYTES: usize = 4; // u32
  export const OFFSET: usize = 8; // u64
  export const DTS: usize = 16; // i64
  export const COMPOSITION: usize = 24; // i32
  export const FLAGS: usize = 28; // u32: 1 = sync sample
  export const DURATION: usize = 32; // u32
  export const DESCRIPTION: usize = 36; // u32
  export const SIZE: usize = 40;
}

/** One box, for listings. */
export namespace BoxRecord {
  export const OFFSET: usize = 0; // u64
  export const LENGTH: usize = 8; // u64
  export const TYPE: usize = 16; // u32 fourcc
  export const DEPTH: usize = 20; // u32
  export const SIZE: usize = 24;
}
