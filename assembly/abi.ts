/**
 * The contract with the host: status codes, what every call takes and gives back, and in records/ the other records.
 * `src/wasm/` is the only other place that knows them. All records are little-endian. Offsets are in bytes from the
 * start of the record.
 */

/** Raised whenever a layout here or in records/, the segment index or an exported function changes. */
export const ABI_VERSION: u32 = 8;

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
  /** The sample descriptions of a track have more than 256 KiB. */
  LargeDescription = 21,
}

/** Repairs and simplifications made while indexing: bits of `IndexHeader.warnings`. */
export const enum Warning {
  /** Bytes after the last whole top-level box were ignored. */
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
  /** Chunks hold more samples than `stsz`: what is beyond was ignored. */
  ChunksRepaired = 128,
  /** The track is encrypted: it is stored and served as it is, never cut. */
  Encrypted = 64,
  /** The last `mdat` is larger than what is left of the file; all samples lie inside. */
  MediaPastEnd = 256,
  /** Hint tracks were left out. */
  HintTracks = 512,
  /** Boxes that only describe were left out, since they are too many or too large. */
  DescriptionsDropped = 1024,
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

/** One kept box of a file, as the host hands it to `buildIndex`; of `mdat` and of what the file ends in, only the header. */
export namespace Extent {
  /** u64: where the box starts in the file. */
  export const FILE_OFFSET: usize = 0;
  /** u32: where it starts in the metadata buffer. */
  export const BUFFER_OFFSET: usize = 8;
  /** u32: bytes of it in the metadata buffer, header included. */
  export const LENGTH: usize = 12;
  export const SIZE: usize = 16;
}
