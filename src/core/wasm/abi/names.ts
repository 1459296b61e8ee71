/** Written by `npm run abi` from abi/schema.ts: change it there. */

/** Of records, names and calls: both sides must have the same. */
export const ABI_VERSION = 3476634558;

/** Bytes of every caption: a length of two bytes and "2026-01-31 10:00:00+08:00". */
export const CAPTION_SIZE = 27;

/** Bytes of `moof` and the header of `mdat` of captions: but for 4 a sample. */
export const CAPTION_FRAGMENT = 100;

/** Bytes of `moof`, `mfhd` and the header of `mdat`. */
export const FRAGMENT_BASE = 32;

/** Bytes of `traf` with `tfhd` and `tfdt`: but for defaults of samples. */
export const TRAF_BASE = 48;

/** Bytes of `trun`: but for fields of samples. */
export const TRUN_BASE = 20;

/** Bytes of a reference of `sidx`. */
export const SIDX_ENTRY = 12;

/** Bytes of an entry of `tfra`. */
export const TFRA_ENTRY = 19;

/** "bxi2" read little-endian. */
export const INDEX_MAGIC = 845772898;

/** Four-character codes, read big-endian as in the file. */
export const Code = {
  avc1: 0x61766331,
  hev1: 0x68657631,
  hvc1: 0x68766331,
  mdat: 0x6d646174,
  sbtl: 0x7362746c,
  soun: 0x736f756e,
  subt: 0x73756274,
  text: 0x74657874,
  tmcd: 0x746d6364,
  vide: 0x76696465,
} as const;

/** Outcome of every call. */
export const Status = {
  Ok: 0,
  /** The bytes do not begin like an ISO base media file. */
  NotMp4: 1,
  /** A box or the file ends before its declared size. */
  Truncated: 2,
  /** A box size is impossible: below its header, or beyond its parent. */
  BadBoxSize: 3,
  /** A table's count does not fit the bytes that are there. */
  BadTable: 4,
  /** Two tables of a track contradict each other. */
  Inconsistent: 5,
  /** A mandatory box is missing. */
  MissingBox: 6,
  /** A box that may occur once occurs twice. */
  DuplicateBox: 7,
  /** A box version this reader does not know. */
  UnsupportedVersion: 8,
  /** No track holds any sample. */
  NoSamples: 9,
  /** Sample data lies outside the file, or more sample bytes are declared than the file holds. */
  OutsideFile: 10,
  /** Boxes nest deeper than 32. */
  TooDeep: 11,
  /** More samples, tracks, boxes or entries of tables than the documented limits. */
  TooMany: 12,
  /** A timescale of 0. */
  BadTimescale: 13,
  /** Sample data in another file (`dref` without the self-contained flag); never followed. */
  ExternalData: 14,
  /** The arena cannot grow further. */
  OutOfMemory: 15,
  /** A segment index is damaged or of another version. */
  BadIndex: 16,
  /** A time or size passes what 53 bits hold. */
  Overflow: 17,
  /** An edit list without meaning here: media time below -1, or a rate that is not 1. */
  BadEditList: 18,
  /** A sample description is damaged or missing. */
  BadDescription: 19,
  /** A movie fragment names a track that `moov` does not have. */
  UnknownTrack: 20,
  /** The sample descriptions of a track have more than 256 KiB. */
  LargeDescription: 21,
} as const;

/** Repairs and simplifications made while indexing: bits. */
export const Warning = {
  /** Bytes after the last whole top-level box were ignored. */
  TrailingBytes: 1,
  /** An edit list with several media edits: only the first one is used. */
  EditListSimplified: 2,
  /** `stts` covers more or fewer samples than `stsz`: cut, or its last duration repeated. */
  DurationsRepaired: 4,
  /** `ctts` covers more or fewer samples than `stsz`: cut, or padded with 0. */
  OffsetsRepaired: 8,
  /** Tracks without samples were left out. */
  EmptyTrack: 16,
  /** An incomplete last movie fragment was left out. */
  LastFragmentDropped: 32,
  /** A track is encrypted: it is stored and served as it is, never cut. */
  Encrypted: 64,
  /** Chunks hold more samples than `stsz`: what is beyond was ignored. */
  ChunksRepaired: 128,
  /** The last `mdat` is larger than what is left of the file; all samples lie inside. */
  MediaPastEnd: 256,
  /** Hint tracks were left out. */
  HintTracks: 512,
  /** Boxes that only describe were left out, since they are too many or too large. */
  DescriptionsDropped: 1024,
} as const;

/** What is true of the samples of a track: bits. */
export const TrackFlag = {
  /** Some composition offset is not 0. */
  Offsets: 1,
  /** Some composition offset is negative. */
  NegativeOffsets: 2,
  /** Every sample is a sync sample. */
  AllSync: 4,
  /** A sample entry is `encv`, `enca`, … */
  Encrypted: 8,
  /** The first sample is no sync sample; not set in indexes made before 2026-11-28. */
  LateSync: 16,
  /**
   * More than one sample, all sync samples of one size without composition offsets, all but the last of one
   * duration; `truns` counts a run of its own for the last one then. Not set in indexes made before 2026-11-28.
   */
  Uniform: 32,
  /** Composition offsets of a pre-roll are not 0, while no other is: never in an index. */
  PrerollOffsets: 64,
} as const;

/** How composition offsets are stored. */
export const OffsetsKind = {
  /** All 0. */
  None: 0,
  /** Varint pairs: count, zigzag offset. */
  Runs: 1,
  /** Sixteen i32, then four bits a sample, low half first. */
  Dictionary: 2,
  /** i32 base, then one byte a sample. */
  Bytes1: 3,
  /** i32 base, then two bytes a sample. */
  Bytes2: 4,
  /** i32 base, then four bytes a sample. */
  Bytes4: 5,
} as const;

/** Devices that state the creation time of `mvhd` in a way of their own. */
export const ClockDevice = {
  Other: 0,
  /** At the end of the recording. */
  Android: 1,
  /** In local time. */
  GoPro: 2,
} as const;

/** What else a selection has to keep: bits. */
export const SelectionRule = {
  /**
   * Start at the last sync sample presented at or before `start`, else at the first one; without it, where `start`
   * falls.
   */
  FromSync: 1,
  /** End so that no sample left out is presented before one that is taken. */
  Closed: 2,
  /** Start at the first sync sample from `start` on. */
  NextSync: 4,
  /** Start at the first sample of all. */
  FromFirst: 8,
} as const;

/** Tables whose entries are written piece by piece. */
export const Table = {
  Stts: 0,
  Ctts: 1,
  Stss: 2,
  Stsc: 3,
  Stsz: 4,
  Stco: 5,
  Co64: 6,
  /** References of a segment index box, clause 8.16.3: 12 bytes a fragment. */
  Sidx: 7,
  /** Entries of a track fragment random access box, clause 8.8.10: 19 bytes a fragment. */
  Tfra: 8,
} as const;

/** What to do with a top-level box, told from its header. */
export const Scan = {
  /** The header is 16 bytes: ask again with them. */
  More: 0,
  /** The box is not needed. */
  Skip: 1,
  /** The box is part of the metadata. */
  Keep: 2,
  /** Only the header is needed: it says where media data lies. */
  Note: 3,
  /** No box begins here: what follows the last box is not read. */
  End: 4,
} as const;
