/** What an output is made of. `src/wasm/records/output.ts` writes and reads the same. */

/** Ticks a second of `mvhd` and `elst`: milliseconds and the usual frame rates are whole numbers of them. */
export const MOVIE_TIMESCALE: u32 = 90000;

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
  export const TKHD_FLAGS: usize = 140; // u32
  export const KEPT_POINTER: usize = 144; // u32, address of the kept boxes of the file it comes from
  export const KEPT_LENGTH: usize = 148; // u32
  export const SLOT: usize = 152; // u32, of the track in that file's index
  export const SOURCE_ID: usize = 156; // u32, its id in that file
  export const SIZE: usize = 160;
}

/** One chapter of an output. */
export namespace Chapter {
  export const START: usize = 0; // u64, 100 ns from the start of the presentation
  export const TITLE: usize = 8; // u32, address of UTF-8 text
  export const LENGTH: usize = 12; // u32, its bytes, at most 255
  export const SIZE: usize = 16;
}

/** Seconds of the wall clock that follow one another in the captions of an output. Times are milliseconds. */
export namespace CaptionBlock {
  export const AT: usize = 0; // u64, decode time of the first
  export const SECOND: usize = 8; // u64, the second it shows, since 1970
  export const COUNT: usize = 16; // u32, at least 1
  export const FIRST: usize = 20; // u32, duration of the first; those in between last 1000
  export const LAST: usize = 24; // u32, duration of the last, when it is not the first
  export const SIZE: usize = 32;
}

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
