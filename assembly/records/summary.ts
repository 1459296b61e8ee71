/** Start of a segment index: its header and track records. `src/wasm/records/summary.ts` reads them, too. */

/** "bxi2" read little-endian. */
export const INDEX_MAGIC: u32 = 0x32697862;

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
  /** The first sample is no sync sample. */
  LateSync = 16,
  /**
   * More than one sample, all sync samples of one size without composition offsets, all but the last of one duration. TRUNS
   * counts a run of its own for the last one then.
   */
  Uniform = 32,
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
