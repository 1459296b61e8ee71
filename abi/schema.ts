/**
 * The contract between the WASM module and its host: every record, enumeration, constant and call, once.
 * `npm run abi` writes assembly/abi/, src/core/wasm/abi/ and the tables of docs/segment-index.md from it.
 *
 * Fields lie one behind the other, little-endian, each at a multiple of its own size; a record's size is a multiple of 8.
 * Names are those of TypeScript; AssemblyScript has `firstDts` as `FIRST_DTS`.
 */
import {
  BoxRecord,
  CaptionBlock,
  Chapter,
  Codec,
  Counts,
  Decoding,
  Extent,
  Fragment,
  Group,
  LiveRun,
  LiveSample,
  LiveTrack,
  MovieClock,
  MovieTrack,
  PieceTrack,
  ProducerTime,
  Result,
  SampleRecord,
  Selected,
  Selection,
  Span,
  Splice,
} from "./call-records.ts";
import { IndexHeader, TrackRecord } from "./index-records.ts";
import type { Call, Names, Record_ } from "./kinds.ts";

/** All records, a record before those that have it as a part. */
export const records: readonly Record_[] = [
  ...[Result, Extent, IndexHeader, TrackRecord, MovieClock, Selected, Selection, Group, Counts, Decoding],
  ...[PieceTrack, MovieTrack, Chapter, CaptionBlock, Splice, Span, Fragment, SampleRecord, BoxRecord, Codec],
  ...[LiveTrack, LiveRun, LiveSample, ProducerTime],
];

/** Enumerations, and numbers whose bits are added up. */
export const names: Readonly<Record<string, Names>> = {
  Status: {
    doc: "Outcome of every call.",
    values: {
      Ok: [0],
      NotMp4: [1, "The bytes do not begin like an ISO base media file."],
      Truncated: [2, "A box or the file ends before its declared size."],
      BadBoxSize: [3, "A box size is impossible: below its header, or beyond its parent."],
      BadTable: [4, "A table's count does not fit the bytes that are there."],
      Inconsistent: [5, "Two tables of a track contradict each other."],
      MissingBox: [6, "A mandatory box is missing."],
      DuplicateBox: [7, "A box that may occur once occurs twice."],
      UnsupportedVersion: [8, "A box version this reader does not know."],
      NoSamples: [9, "No track holds any sample."],
      OutsideFile: [10, "Sample data lies outside the file, or more sample bytes are declared than the file holds."],
      TooDeep: [11, "Boxes nest deeper than 32."],
      TooMany: [12, "More samples, tracks, boxes or entries of tables than the documented limits."],
      BadTimescale: [13, "A timescale of 0."],
      ExternalData: [14, "Sample data in another file (`dref` without the self-contained flag); never followed."],
      OutOfMemory: [15, "The arena cannot grow further."],
      BadIndex: [16, "A segment index is damaged or of another version."],
      Overflow: [17, "A time or size passes what 53 bits hold."],
      BadEditList: [18, "An edit list without meaning here: media time below -1, or a rate that is not 1."],
      BadDescription: [19, "A sample description is damaged or missing."],
      UnknownTrack: [20, "A movie fragment names a track that `moov` does not have."],
      LargeDescription: [21, "The sample descriptions of a track have more than 256 KiB."],
    },
  },
  Warning: {
    doc: "Repairs and simplifications made while indexing: bits.",
    values: {
      TrailingBytes: [1, "Bytes after the last whole top-level box were ignored."],
      EditListSimplified: [2, "An edit list with several media edits: only the first one is used."],
      DurationsRepaired: [4, "`stts` covers more or fewer samples than `stsz`: cut, or its last duration repeated."],
      OffsetsRepaired: [8, "`ctts` covers more or fewer samples than `stsz`: cut, or padded with 0."],
      EmptyTrack: [16, "Tracks without samples were left out."],
      LastFragmentDropped: [32, "An incomplete last movie fragment was left out."],
      Encrypted: [64, "A track is encrypted: it is stored and served as it is, never cut."],
      ChunksRepaired: [128, "Chunks hold more samples than `stsz`: what is beyond was ignored."],
      MediaPastEnd: [256, "The last `mdat` is larger than what is left of the file; all samples lie inside."],
      HintTracks: [512, "Hint tracks were left out."],
      DescriptionsDropped: [1024, "Boxes that only describe were left out, since they are too many or too large."],
    },
  },
  TrackFlag: {
    doc: "What is true of the samples of a track: bits.",
    values: {
      Offsets: [1, "Some composition offset is not 0."],
      NegativeOffsets: [2, "Some composition offset is negative."],
      AllSync: [4, "Every sample is a sync sample."],
      Encrypted: [8, "A sample entry is `encv`, `enca`, …"],
      LateSync: [16, "The first sample is no sync sample; not set in indexes made before 2026-11-28."],
      Uniform: [
        32,
        "More than one sample, all sync samples of one size without composition offsets, all but the last of one duration; `truns` counts a run of its own for the last one then. Not set in indexes made before 2026-11-28.",
      ],
      PrerollOffsets: [64, "Composition offsets of a pre-roll are not 0, while no other is: never in an index."],
    },
  },
  OffsetsKind: {
    doc: "How composition offsets are stored.",
    values: {
      None: [0, "All 0."],
      Runs: [1, "Varint pairs: count, zigzag offset."],
      Dictionary: [2, "Sixteen i32, then four bits a sample, low half first."],
      Bytes1: [3, "i32 base, then one byte a sample."],
      Bytes2: [4, "i32 base, then two bytes a sample."],
      Bytes4: [5, "i32 base, then four bytes a sample."],
    },
  },
  ClockDevice: {
    doc: "Devices that state the creation time of `mvhd` in a way of their own.",
    values: {
      Other: [0],
      Android: [1, "At the end of the recording."],
      GoPro: [2, "In local time."],
    },
  },
  SelectionRule: {
    doc: "What else a selection has to keep: bits.",
    values: {
      FromSync: [
        1,
        "Start at the last sync sample presented at or before `start`, else at the first one; without it, where `start` falls.",
      ],
      Closed: [2, "End so that no sample left out is presented before one that is taken."],
      NextSync: [4, "Start at the first sync sample from `start` on."],
      FromFirst: [8, "Start at the first sample of all."],
    },
  },
  Table: {
    doc: "Tables whose entries are written piece by piece.",
    values: {
      Stts: [0],
      Ctts: [1],
      Stss: [2],
      Stsc: [3],
      Stsz: [4],
      Stco: [5],
      Co64: [6],
      Sidx: [7, "References of a segment index box, clause 8.16.3: 12 bytes a fragment."],
      Tfra: [8, "Entries of a track fragment random access box, clause 8.8.10: 19 bytes a fragment."],
    },
  },
  Scan: {
    doc: "What to do with a top-level box, told from its header.",
    values: {
      More: [0, "The header is 16 bytes: ask again with them."],
      Skip: [1, "The box is not needed."],
      Keep: [2, "The box is part of the metadata."],
      Note: [3, "Only the header is needed: it says where media data lies."],
      End: [4, "No box begins here: what follows the last box is not read."],
    },
  },
};

/** Numbers that both sides need. */
export const constants: Readonly<Record<string, readonly [value: number, doc: string]>> = {
  CAPTION_SIZE: [27, 'Bytes of every caption: a length of two bytes and "2026-01-31 10:00:00+08:00".'],
  CAPTION_FRAGMENT: [100, "Bytes of `moof` and the header of `mdat` of captions: but for 4 a sample."],
  FRAGMENT_BASE: [8 + 16 + 8, "Bytes of `moof`, `mfhd` and the header of `mdat`."],
  TRAF_BASE: [8 + 20 + 20, "Bytes of `traf` with `tfhd` and `tfdt`: but for defaults of samples."],
  TRUN_BASE: [20, "Bytes of `trun`: but for fields of samples."],
  SIDX_ENTRY: [12, "Bytes of a reference of `sidx`."],
  TFRA_ENTRY: [19, "Bytes of an entry of `tfra`."],
  INDEX_MAGIC: [0x32697862, '"bxi2" read little-endian.'],
};

/** Calls, each of which returns a Status and fills the Result. assembly/calls.ts has what is behind them. */
export const calls: Readonly<Record<string, Call>> = {
  scan: {
    doc: "Classifies the top-level box whose first `length` bytes (at least 8) are at `pointer`. Result: `length` a Scan, `box` its type, `total` its size with header, 0 when it extends to the end of the file.",
    takes: { pointer: "address", length: "u32", offset: "whole", complete: "flag" },
  },
  index: {
    doc: "Builds a segment index from `count` extents of a file of `size` bytes. Result: the index; `listPointer` a MovieClock.",
    takes: { extents: "address", count: "u32", buffer: "address", size: "whole" },
  },
  check: {
    doc: "Checks that an index can be walked safely.",
    takes: { index: "address", length: "u32" },
  },
  select: {
    doc: "Fills the answer of a Selection.",
    takes: { index: "address", trackIndex: "u32", selection: "address" },
  },
  groups: {
    doc: "Divides the samples of a track into groups of pictures: one ends at the first sync sample that is presented `least` ticks or more after its own; what precedes the first sync sample is one by itself. Result: Group records.",
    takes: { index: "address", trackIndex: "u32", least: "whole" },
  },
  run: {
    doc: "Fills a Selected record, but for `shown`, with what is true of samples given by number; its `presentedEnd` is where the sample behind them is presented when that is a sync sample. Result: `count` 1 when they begin with a sync sample, and 2 more when one follows them.",
    takes: { index: "address", trackIndex: "u32", first: "u32", count: "u32", selected: "address" },
  },
  measure: {
    doc: "Fills the counts of PieceTrack records. Result: `total` bytes of media, `count` fragments.",
    takes: { index: "address", tracks: "address" },
  },
  table: {
    doc: "Writes a piece's entries of one table of the track `trackIndex`. `before`: samples (stss) or chunks (stsc) in front of the piece, or the output offset of its media (stco, co64). Writes `most` entries at most, those behind the first `from` bytes. Result: the entries.",
    takes: {
      ...{ index: "address", tracks: "address", trackIndex: "u32", kind: "u32", before: "whole" },
      ...{ from: "whole", most: "u32" },
    },
  },
  spans: {
    doc: "Lists a piece's media bytes in output order, of `most` runs of samples at most. `state`: what the call before handed out, 0 at first. Result: Span records; the state.",
    takes: { index: "address", tracks: "address", most: "u32", state: "address" },
  },
  movie: {
    doc: "Writes the headers of an output. `timescale`: movie ticks a second; `duration`: movie ticks of the longest media. Result: the bytes; the list is of Splice records; `total` the bytes with all splices filled.",
    takes: {
      ...{ tracks: "address", count: "u32", timescale: "u32", duration: "whole", fragmented: "flag", wide: "flag" },
      ...{ chapters: "address", chapterCount: "u32" },
    },
  },
  fragments: {
    doc: "Writes the next fragments of a piece, of `most` samples or those of one fragment more, its first one numbered `sequence`. `state` as in `spans`. Result: their headers; the list is of Fragment records; the spans; the state.",
    takes: { index: "address", tracks: "address", sequence: "u32", most: "u32", state: "address" },
  },
  accessEntries: {
    doc: "Writes the next of a piece's entries of `sidx` or `tfra`, for fragments as in `fragments`. `offset`: where its first fragment starts in the output; `hiddenStart`, `hiddenEnd`: ticks of `timescale` at its start and end that are not presented. Result: the entries; the state.",
    takes: {
      ...{ index: "address", tracks: "address", kind: "u32", timescale: "u32" },
      ...{ offset: "whole", hiddenStart: "whole", hiddenEnd: "whole", most: "u32", state: "address" },
    },
  },
  sidxHead: {
    doc: "Writes the head of a `sidx` box for `count` references. `start`: ticks; `distance`: bytes between the box and the first fragment.",
    takes: { trackId: "u32", timescale: "u32", start: "whole", distance: "whole", count: "u32" },
  },
  mfra: {
    doc: "Writes an `mfra` box for one track without its `count` entries. Result: the bytes; `count` how many of the last ones go behind the entries.",
    takes: { trackId: "u32", count: "u32" },
  },
  captionEntry: { doc: "Result: the sample entry of captions.", takes: {} },
  captionTable: {
    doc: "Writes the entries of a table of the captions, whose samples are one chunk at `start`.",
    takes: { blocks: "address", count: "u32", kind: "u32", start: "whole" },
  },
  captions: {
    doc: "Writes the samples of a block. `offset`: minutes that the clock shown is ahead of UTC.",
    takes: { block: "address", offset: "i32" },
  },
  captionFragment: {
    doc: "Writes `moof` and the header of `mdat` for a block.",
    takes: { block: "address", trackId: "u32", sequence: "u32" },
  },
  moveFragment: {
    doc: "Moves a `moof` of a file, and the media behind it, from one offset to another, in place. Result: the box.",
    takes: { pointer: "address", length: "u32", from: "whole", to: "whole" },
  },
  videoEntry: {
    doc: "Writes the sample entry `type`, `avc1` or `hvc1`, of parameter sets, each behind its length in four bytes. Result: the entry; `count` how many pictures may precede one in decoding and follow it in output, 4294967295 when that is not told.",
    takes: { sets: "address", length: "u32", type: "u32" },
  },
  aacEntry: {
    doc: "Writes the sample entry of an AudioSpecificConfig. Result: the entry; `count` the samples of a frame; `total` samples a second.",
    takes: { config: "address", length: "u32" },
  },
  liveMovie: {
    doc: "Writes `ftyp` and `moov` of a stream of LiveTrack records. Result: the bytes.",
    takes: { tracks: "address", count: "u32" },
  },
  liveFragment: {
    doc: "Writes `moof` and the header of `mdat` for LiveRun records, whose LiveSample records lie one behind the other, as their media does. Result: the bytes.",
    takes: { runs: "address", count: "u32", samples: "address", sequence: "u32" },
  },
  renewedMovie: {
    doc: "Writes a `moov` whose sample entry of a track has the parameter sets that stand in a sample, in place of its own of their types. Result: the box; nothing when it has all of them already.",
    takes: { moov: "address", length: "u32", trackId: "u32", sample: "address", sampleLength: "u32" },
  },
  producerTime: {
    doc: "Writes `prft`: that ticks of a track were captured so many microseconds after 1970. Result: the box.",
    takes: { trackId: "u32", wallUs: "whole", mediaTime: "whole" },
  },
  readProducerTime: {
    doc: "Reads `prft`. Result: a ProducerTime; none when it states another time than that of capture or encoding.",
    takes: { pointer: "address", length: "u32" },
  },
  samples: {
    doc: "Lists every sample of an index, in file order. Result: SampleRecord records.",
    takes: { index: "address" },
  },
  boxes: {
    doc: "Lists a kept top-level box at `offset` in the file and the boxes inside it, parents first. Result: BoxRecord records.",
    takes: { pointer: "address", length: "u32", offset: "whole" },
  },
  parameterSets: {
    doc: "Collects the parameter sets of the first sample entry, each behind its length as samples have it, filled up to `least` bytes by supplemental enhancement information: at least 16 more than they have, or 0 for none. Result: them; `count` the bytes of a length, 0 without any; `total` the bytes of the entry.",
    takes: { entries: "address", length: "u32", least: "u32" },
  },
  inbandEntry: {
    doc: "Rewrites the name of a sample entry to the one that allows parameter sets in the samples. Result: the entry.",
    takes: { entry: "address", length: "u32" },
  },
  plainEntries: {
    doc: "Leaves out of sample entries what only tells of the file they came from: bit rates, and lengths of all its samples. Result: the entries.",
    takes: { handler: "u32", entries: "address", length: "u32" },
  },
  namedEntries: {
    doc: "Gives the sample entries of H.265 the name `type`, `hvc1` or `hev1`; the first one only where all parameter sets stand in the entry. Result: the entries.",
    takes: { entries: "address", length: "u32", type: "u32" },
  },
  codecs: {
    doc: "Writes the codecs of all sample entries. Result: Codec records.",
    takes: { handler: "u32", entries: "address", length: "u32" },
  },
  silentSample: {
    doc: "Writes a silent sample for a sample entry. Result: it, of length 0 when none is known of the codec; `count` its duration in ticks of `timescale`.",
    takes: { entry: "address", length: "u32", timescale: "u32" },
  },
  silentMovie: {
    doc: "Writes the boxes of a file of `count` equal samples of `size` bytes and `duration` ticks. Result: 16 bytes of the start, then `moov`.",
    takes: { entry: "address", length: "u32", timescale: "u32", count: "u32", size: "u32", duration: "u32" },
  },
  timecodeStep: {
    doc: "How far a timecode goes on in `ticks` of `timescale`, by its sample entry. Result: `total` what its number grows by, 0 when the entry is none of 32-bit timecodes; `count` the number that follows the last one of a day, 0 when it counts on.",
    takes: { entry: "address", length: "u32", ticks: "whole", timescale: "u32" },
  },
  coveringEntry: {
    doc: "Raises a sample entry so that it states what another one needs, too. Result: the entry.",
    takes: { entry: "address", length: "u32", other: "address", otherLength: "u32" },
  },
};

/** Of these, the ones that the host needs, too. */
export const hostCodes = "avc1 hev1 hvc1 mdat sbtl soun subt text tmcd vide";

/** Four-character codes by name; what is no letter, digit or `_` is `_` there, `©` is `c`. */
export const codes =
  "HMMT GPMF FIRM Opus av01 av1C avc1 avc3 avcC btrt chpl co64 ctts dfLa dinf dref edts elng elst emsg esds fLaC free " +
  "ftyp gmhd hdlr hev1 hinf hint hnti hvc1 hvcC iloc ilst iso2 iso5 iso6 isom keys mdat mdhd mdia mehd meta mfhd mfra " +
  "mfro minf moof moov mp41 mp4a mp4v mtxi mvex mvhd nmhd pasp pnot prft sbtl sidx skip smhd soun stbl stco sthd stsc stsd " +
  "stss stsz stts styp stz2 subt tapt text tfdt tfhd tfra tkhd tmcd traf trak tref trex trun udta url_ uuid vide vmhd vp08 vp09 vpcC " +
  "wave wide alaw dOps ipcm name sowt twos ulaw ©day ©enc ©too ----";
