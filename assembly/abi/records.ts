/** Written by `npm run abi` from abi/schema.ts: change it there. */

/** What a call reports: what came out, or what went wrong and where. */
export namespace Result {
  export const POINTER: usize = 0; // u32: Address of the output.
  export const LENGTH: usize = 4; // u32: Bytes or records of the output.
  export const LIST_POINTER: usize = 8; // u32: Address of records beside the output.
  export const LIST_LENGTH: usize = 12; // u32: Their number.
  export const SPANS_POINTER: usize = 16; // u32: Address of Span records beside the output.
  export const SPANS_LENGTH: usize = 20; // u32: Their number.
  export const STATE_POINTER: usize = 24; // u32: Address of what the same call goes on with, when it gave only a part: it belongs right behind its other inputs.
  export const STATE_LENGTH: usize = 28; // u32: Its bytes; 0 when nothing is left.
  export const BOX: usize = 32; // u32: Four-character code of the box an error was seen in, 0 when none.
  export const OFFSET: usize = 40; // u64: File offset of an error.
  export const TOTAL: usize = 48; // u64: A sum that belongs to the output; by call.
  export const COUNT: usize = 56; // u32: A number that belongs to the output; by call.
  export const SIZE: usize = 64;
}

/** One kept box of a file; of `mdat` and of what the file ends in, only the header. */
export namespace Extent {
  export const FILE_OFFSET: usize = 0; // u64: Where the box starts in the file.
  export const BUFFER_OFFSET: usize = 8; // u32: Where it starts in the metadata buffer.
  export const LENGTH: usize = 12; // u32: Bytes of it in the metadata buffer, header included.
  export const SIZE: usize = 16;
}

/** Start of a segment index; header and track records together are the summary. */
export namespace IndexHeader {
  export const MAGIC: usize = 0; // u32: `bxi2`; the digit is the version of the format
  export const TRACK_COUNT: usize = 4; // u32: tracks, 1 to 64
  export const LENGTH: usize = 8; // u32: bytes of the whole index
  export const FRAGMENTED: usize = 12; // u32: 1: the file is fragmented
  export const FILE_SIZE: usize = 16; // u64: bytes of the file
  export const CREATION_TIME: usize = 24; // u64: creation time, seconds since 1904-01-01T00:00:00Z, 0 when not stated
  export const MAJOR_BRAND: usize = 32; // u32: major brand
  export const WARNINGS: usize = 36; // u32: bits of Warning
  export const REFERENCE: usize = 40; // u32: trackIndex (number of the track record) of the reference track: the first video track, else 0
  export const FRAGMENTS: usize = 44; // u32: fragments the whole segment makes as fragmented MP4
  export const ORDER_KIND: usize = 48; // u32: kind of the order column: 0 run lengths, 1 one bit a sample
  export const ORDER_OFFSET: usize = 52; // u32: order column: offset
  export const ORDER_LENGTH: usize = 56; // u32: order column: length
  export const JUMPS_OFFSET: usize = 60; // u32: jump column: offset
  export const JUMPS_LENGTH: usize = 64; // u32: jump column: length
  export const SAMPLE_COUNT: usize = 68; // u32: samples of all tracks
  export const CHECKSUM: usize = 72; // u64: checksum over everything else: FNV-1a by little-endian words of 8 bytes, after each of which the high half is folded into the low one; the last bytes one by one
  export const SIZE: usize = 80;
}

/**
 * One track of a segment index, with the counts of all of it. Times are ticks of its timescale on the segment's
 * presentation timeline, that is after the edit list: a sample is presented at its decode time plus its
 * composition offset.
 */
export namespace TrackRecord {
  export const ID: usize = 0; // u32: track id
  export const HANDLER: usize = 4; // u32: handler type, a four-character code
  export const TIMESCALE: usize = 8; // u32: ticks a second
  export const FLAGS: usize = 12; // u32: bits of TrackFlag
  export const SAMPLES: usize = 16; // u32: samples
  export const CONSTANT_SIZE: usize = 20; // u32: bytes of every sample, 0 when they differ
  export const BYTES: usize = 24; // u64: bytes of all samples
  export const FIRST_DTS: usize = 32; // i64: decode time of sample 0
  export const DURATION: usize = 40; // u64: sum of all sample durations
  export const START: usize = 48; // i64: first moment that is presented
  export const END: usize = 56; // i64: end of the last presented sample
  export const EDIT_START: usize = 64; // i64: nothing is presented before it; lowest: no edit list
  export const EDIT_END: usize = 72; // i64: nothing is presented from it on; highest: open
  export const FIRST_PTS: usize = 80; // i64: presentation time of sample 0
  export const LAST_DURATION: usize = 88; // u32: duration of the last sample
  export const STTS_ENTRIES: usize = 92; // u32: entries of `stts`, the last sample always in an entry of its own
  export const CTTS_ENTRIES: usize = 96; // u32: entries of `ctts`
  export const SYNC_SAMPLES: usize = 100; // u32: sync samples
  export const CHUNKS: usize = 104; // u32: chunks: runs of adjacent samples of this track
  export const STSC_ENTRIES: usize = 108; // u32: entries of `stsc`
  export const TRAFS: usize = 112; // u32: track fragments of the whole track as fragmented MP4
  export const TRUNS: usize = 116; // u32: track runs in them
  export const DESCRIPTION_HASH: usize = 120; // u64: FNV-1a of the sample entries, without bit rates
  export const DESCRIPTION_COUNT: usize = 128; // u32: number of sample entries
  export const DESCRIPTION_OFFSET: usize = 132; // u32: sample entries as in the file: offset
  export const DESCRIPTION_LENGTH: usize = 136; // u32: sample entries as in the file: length
  export const DURATIONS_OFFSET: usize = 140; // u32: durations: offset
  export const DURATIONS_LENGTH: usize = 144; // u32: durations: length
  export const OFFSETS_KIND: usize = 148; // u32: composition offsets: kind, an OffsetsKind
  export const OFFSETS_OFFSET: usize = 152; // u32: composition offsets: offset
  export const OFFSETS_LENGTH: usize = 156; // u32: composition offsets: length
  export const SIZES_WIDTH: usize = 160; // u32: sizes: bytes a sample, 0 to 4
  export const SIZES_BASE: usize = 164; // u32: sizes: added to each
  export const SIZES_OFFSET: usize = 168; // u32: sizes: offset
  export const SIZES_LENGTH: usize = 172; // u32: sizes: length, without the exceptions
  export const SIZES_EXCEPTIONS: usize = 176; // u32: sizes: number of u32 exceptions behind the column
  export const SYNC_OFFSET: usize = 180; // u32: sync samples: offset
  export const SYNC_LENGTH: usize = 184; // u32: sync samples: length
  export const ENTRIES_OFFSET: usize = 188; // u32: sample description runs: offset
  export const ENTRIES_LENGTH: usize = 192; // u32: sample description runs: length
  export const EDITS_OFFSET: usize = 196; // u32: `elst` entries as in the file, in its ticks: offset
  export const EDITS_LENGTH: usize = 200; // u32: `elst` entries as in the file: length
  export const WIDTH: usize = 204; // u32, 16.16: pixels, after `tkhd`
  export const HEIGHT: usize = 208; // u32, 16.16: pixels, after `tkhd`
  export const MATRIX: usize = 212; // 36 bytes: matrix as in the file
  export const LANGUAGE: usize = 248; // u16: packed ISO 639-2/T
  export const VOLUME: usize = 250; // u16: 8.8
  export const ALTERNATE_GROUP: usize = 252; // u16: alternate group
  export const LAYER: usize = 254; // u16: layer
  export const CODEC: usize = 256; // 40 bytes of ASCII, padded with 0: RFC 6381 codec
  export const EDITS_VERSION: usize = 296; // u32: version of the `elst` entries
  export const TKHD_FLAGS: usize = 300; // u32: flags of `tkhd`
  export const EARLIEST_PTS: usize = 304; // i64: earliest presentation time, also of samples that the edit list hides
  export const SIZE: usize = 312;
}

/** What a file says of the time it was recorded. */
export namespace MovieClock {
  export const CREATION_TIME: usize = 0; // u64: Of `mvhd`, seconds since 1904-01-01T00:00:00Z; 0 when not stated.
  export const WALL_CLOCK: usize = 8; // i64: Of `mtxi`, nanoseconds since 1970; 0 when not stated.
  export const DEVICE: usize = 16; // u32: A ClockDevice.
  export const DATE: usize = 20; // u32: Address of the text of `com.apple.quicktime.creationdate`.
  export const DATE_LENGTH: usize = 24; // u32: Its bytes; 0 when not stated.
  export const SIZE: usize = 32;
}

/** The samples a selection found, in ticks of the track on the segment's presentation timeline. */
export namespace Selected {
  export const FIRST: usize = 0; // u32: The first sample, from 0.
  export const COUNT: usize = 4; // u32: 0 when nothing fits.
  export const DTS: usize = 8; // i64: Decode time of the first sample.
  export const PTS: usize = 16; // i64: Presentation time of the first sample.
  export const PRESENTED_END: usize = 24; // i64: Latest end of a selected sample's presentation.
  export const LAST_DTS: usize = 32; // i64: Decode time of the last sample.
  export const LAST_DURATION: usize = 40; // u32: Duration of the last sample.
  export const SHOWN: usize = 48; // i64: Presentation time of the sample that is shown at the start, of the first sample when that comes later.
  export const LEAST_OFFSET: usize = 56; // i32: Least composition offset of the whole track, at most 0.
  export const BEFORE: usize = 60; // u32: Samples in front of the one that is shown at the start, where they are in the order of presentation.
  export const SIZE: usize = 64;
}

/** Which samples of a track to take, in ticks of the track on the segment's presentation timeline. */
export namespace Selection {
  export const START: usize = 0; // i64: -Infinity: from the first sample on.
  export const END: usize = 8; // i64: Exclusive; Infinity: to the last sample.
  export const RULES: usize = 16; // u32: Bits of SelectionRule.
  export const PREROLL: usize = 20; // u32: Ticks of hidden samples wanted before `start`.
  export const FIRST: usize = 24; // u32: The first sample, from 0.
  export const COUNT: usize = 28; // u32: 0 when nothing fits.
  export const DTS: usize = 32; // i64: Decode time of the first sample.
  export const PTS: usize = 40; // i64: Presentation time of the first sample.
  export const PRESENTED_END: usize = 48; // i64: Latest end of a selected sample's presentation.
  export const LAST_DTS: usize = 56; // i64: Decode time of the last sample.
  export const LAST_DURATION: usize = 64; // u32: Duration of the last sample.
  export const SHOWN: usize = 72; // i64: Presentation time of the sample that is shown at the start, of the first sample when that comes later.
  export const LEAST_OFFSET: usize = 80; // i32: Least composition offset of the whole track, at most 0.
  export const BEFORE: usize = 84; // u32: Samples in front of the one that is shown at the start, where they are in the order of presentation.
  export const SIZE: usize = 88;
}

/** Groups of pictures that follow one another, in ticks of the track on the segment's presentation timeline. */
export namespace Group {
  export const PTS: usize = 0; // i64: Presentation time of the first sample.
  export const BYTES: usize = 8; // u64: Bytes of all samples.
  export const FIRST: usize = 16; // u32: The first sample, from 0.
  export const FIRST_BYTES: usize = 20; // u32: Bytes of the first sample.
  export const SYNC: usize = 24; // u32: 1: it is a sync sample.
  export const SIZE: usize = 32;
}

/**
 * What the tables and fragments of a piece's track add up to: told by `measure`, of a whole track also by its
 * record.
 */
export namespace Counts {
  export const STTS_ENTRIES: usize = 0; // u32: Entries of `stts`.
  export const CTTS_ENTRIES: usize = 4; // u32: Entries of `ctts`.
  export const SYNC_SAMPLES: usize = 8; // u32: Sync samples.
  export const CHUNKS: usize = 12; // u32: Chunks.
  export const STSC_ENTRIES: usize = 16; // u32: Entries of `stsc`.
  export const TRAFS: usize = 20; // u32: Track fragments as fragmented MP4.
  export const TRUNS: usize = 24; // u32: Track runs in them.
  export const FLAGS: usize = 28; // u32: Bits of TrackFlag, before offsets are shifted.
  export const BYTES: usize = 32; // u64: Bytes of media, with the inline ones of the `prefix` it was measured with.
  export const SIZE: usize = 40;
}

/**
 * When the samples of a piece's track are decoded, in ticks of the output track from the piece's `dts` on: told by
 * `measure`.
 */
export namespace Decoding {
  export const FIRST_DTS: usize = 0; // i64: Of the first sample: 0 without a pre-roll.
  export const LAST_DTS: usize = 8; // i64: Of the last sample.
  export const LED: usize = 16; // i64: Samples from the first one on that are not decoded when they were recorded to be.
  export const HIDDEN: usize = 24; // i64: Samples that are hidden, each presented for a tick.
  export const SLACK: usize = 32; // i64: How much earlier they, and the one that is shown at the start, could be presented than they are.
  export const SIZE: usize = 40;
}

/**
 * One track of one piece: which samples of a segment's track go into the output and where they land. One record a
 * track of the segment index, in its order. Ticks are the output track's.
 */
export namespace PieceTrack {
  export const FIRST: usize = 0; // u32: The first sample, from 0.
  export const COUNT: usize = 4; // u32: 0 leaves the track out.
  export const DTS: usize = 8; // i64: Decode time of the first sample, were it not for a pre-roll.
  export const TIMESCALE: usize = 16; // u32: Of the output track.
  export const LAST_DURATION: usize = 20; // u32: Duration of the last sample.
  export const OFFSET_SHIFT: usize = 24; // i32: Added to every composition offset.
  export const DESCRIPTION_BASE: usize = 28; // u32: Output sample description index of the segment's first description, from 1.
  export const TRACK_ID: usize = 32; // u32: Of the output track.
  export const PREFIX: usize = 36; // u32: Inline bytes before every sync sample: the n-th so many of the piece's inline bytes for the n-th description of the segment. Where there are any, `descriptionBase` describes all samples.
  export const STTS_ENTRIES: usize = 40; // u32: Entries of `stts`.
  export const CTTS_ENTRIES: usize = 44; // u32: Entries of `ctts`.
  export const SYNC_SAMPLES: usize = 48; // u32: Sync samples.
  export const CHUNKS: usize = 52; // u32: Chunks.
  export const STSC_ENTRIES: usize = 56; // u32: Entries of `stsc`.
  export const TRAFS: usize = 60; // u32: Track fragments as fragmented MP4.
  export const TRUNS: usize = 64; // u32: Track runs in them.
  export const FLAGS: usize = 68; // u32: Bits of TrackFlag, before offsets are shifted.
  export const BYTES: usize = 72; // u64: Bytes of media, with the inline ones of the `prefix` it was measured with.
  export const SHOWN: usize = 80; // i64: Ticks of the segment's track: samples presented before are hidden, a pre-roll that takes next to no time.
  export const START: usize = 88; // i64: When the sample at `shown` is presented.
  export const DELAY: usize = 96; // i64: From the decoding of a sync sample to its presentation: what follows a pre-roll is decoded so long before `start`.
  export const USUAL: usize = 104; // u32: What a sample usually lasts: a pre-roll is decoded, in the mean, a multiple of this before what follows. 0: right before `start` less `delay`.
  export const LEADS: usize = 108; // u32: 1: all samples are decoded one tick apart, before those of the piece that goes on from it.
  export const HIDDEN_BEHIND: usize = 112; // u32: Samples of later pieces that are hidden, each presented for a tick before `start`.
  export const HIDDEN_EARLY: usize = 116; // u32: For fragments: the hidden ones are presented so much earlier.
  export const SHOWN_EARLY: usize = 120; // u32: For fragments: so is the one at `shown`.
  export const DECODED_EARLY: usize = 124; // u32: For fragments: what is led is decoded so much earlier.
  export const APART: usize = 128; // u32: Ticks that hidden samples are decoded, and presented, apart; samples of other than 1 are not alike.
  export const AHEAD: usize = 132; // u32: Further ticks between the first one and the next.
  export const FIRST_DTS: usize = 136; // i64: Of the first sample: 0 without a pre-roll.
  export const LAST_DTS: usize = 144; // i64: Of the last sample.
  export const LED: usize = 152; // i64: Samples from the first one on that are not decoded when they were recorded to be.
  export const HIDDEN: usize = 160; // i64: Samples that are hidden, each presented for a tick.
  export const SLACK: usize = 168; // i64: How much earlier they, and the one that is shown at the start, could be presented than they are.
  export const OUTPUT_FLAGS: usize = 176; // u32: For fragments: bits of TrackFlag over the whole output track.
  export const PRESENTED_UNTIL: usize = 184; // i64: For fragments: samples presented from then on are only decoded.
  export const LATE_APART: usize = 192; // u32: So far apart, at most, they are presented behind the last one that is shown.
  export const LATE_CLOSER: usize = 196; // u32: Each by so much earlier at most, so as not to come after `latest`.
  export const LATEST: usize = 200; // i64: When the last of them is presented, if that can be.
  export const SIZE: usize = 208;
}

/** One track of an output file, as its headers need it. Movie ticks are those of `mvhd`. */
export namespace MovieTrack {
  export const ID: usize = 0; // u32: Track id, from 1.
  export const HANDLER: usize = 4; // u32: Handler type, a four-character code.
  export const TIMESCALE: usize = 8; // u32: Ticks a second.
  export const FLAGS: usize = 12; // u32: Bits of TrackFlag over all pieces.
  export const SAMPLES: usize = 16; // u32: Samples.
  export const STTS_ENTRIES: usize = 20; // u32: Entries of `stts`.
  export const CTTS_ENTRIES: usize = 24; // u32: Entries of `ctts`.
  export const SYNC_SAMPLES: usize = 28; // u32: Sync samples.
  export const STSC_ENTRIES: usize = 32; // u32: Entries of `stsc`.
  export const CHUNKS: usize = 36; // u32: Chunks.
  export const CONSTANT_SIZE: usize = 40; // u32: Bytes of every sample, 0 when they differ.
  export const DESCRIPTION_COUNT: usize = 44; // u32: Sample entries.
  export const DESCRIPTION_POINTER: usize = 48; // u32: Address of the raw sample entries.
  export const DESCRIPTION_LENGTH: usize = 52; // u32: Their bytes.
  export const DURATION: usize = 56; // u64: Track ticks.
  export const EDIT_DELAY: usize = 64; // u64: Movie ticks before the track starts to be presented.
  export const EDIT_TIME: usize = 72; // i64: Track ticks at which its presentation starts, -1 for no edit list.
  export const EDIT_DURATION: usize = 80; // u64: Movie ticks that are presented.
  export const PRESENTATION: usize = 88; // 52 bytes: Of the track record it comes from, from `width` to `layer`.
  export const TKHD_FLAGS: usize = 140; // u32: The flags of `tkhd`.
  export const KEPT_POINTER: usize = 144; // u32: Address of the kept boxes of the file it comes from.
  export const KEPT_LENGTH: usize = 148; // u32: Their bytes.
  export const TRACK_INDEX: usize = 152; // u32: Of the track in that file's index.
  export const SOURCE_ID: usize = 156; // u32: Its id in that file.
  export const SIZE: usize = 160;
}

/** One chapter of an output. */
export namespace Chapter {
  export const START: usize = 0; // u64: 100 ns from the start of the presentation.
  export const TITLE: usize = 8; // u32: Address of UTF-8 text.
  export const LENGTH: usize = 12; // u32: Its bytes, at most 255.
  export const SIZE: usize = 16;
}

/** Seconds of the wall clock that follow one another in the captions of an output. Times are milliseconds. */
export namespace CaptionBlock {
  export const AT_MS: usize = 0; // u64: Decode time of the first one.
  export const SECOND: usize = 8; // u64: The second it shows, since 1970.
  export const COUNT: usize = 16; // u32: At least 1.
  export const FIRST_MS: usize = 20; // u32: Duration of the first one; those in between last 1000.
  export const LAST_MS: usize = 24; // u32: Duration of the last one, when it is not the first.
  export const SIZE: usize = 32;
}

/** A place in output headers where a table's entries go. */
export namespace Splice {
  export const OFFSET: usize = 0; // u32: Bytes of headers before it.
  export const TRACK: usize = 4; // u32: Number of the output track.
  export const TABLE: usize = 8; // u32: A Table.
  export const LENGTH: usize = 12; // u32: Bytes of all entries.
  export const SIZE: usize = 16;
}

/** Bytes of the stored object or, where `offset` is below 0, of the piece's inline bytes, from `-1 - offset` on. */
export namespace Span {
  export const OFFSET: usize = 0; // i64: In the stored object.
  export const LENGTH: usize = 8; // u64: Bytes.
  export const SIZE: usize = 16;
}

/** One movie fragment of a piece. */
export namespace Fragment {
  export const HEADER_OFFSET: usize = 0; // u32: Where its `moof` and `mdat` header start among the piece's.
  export const HEADER_LENGTH: usize = 4; // u32: Bytes of them.
  export const FIRST_SPAN: usize = 8; // u32: Number of its first span.
  export const SPANS: usize = 12; // u32: Spans of it.
  export const MEDIA_LENGTH: usize = 16; // u64: Bytes in `mdat`.
  export const DTS: usize = 24; // i64: Decode time of the reference track's first sample here, output ticks.
  export const PTS: usize = 32; // i64: Its presentation time.
  export const FLAGS: usize = 40; // u32: 1: starts with a sync sample of the reference track.
  export const SIZE: usize = 48;
}

/** One sample. Times in ticks on the segment's presentation timeline. */
export namespace SampleRecord {
  export const TRACK_INDEX: usize = 0; // u32: Of its track.
  export const BYTES: usize = 4; // u32: Its size.
  export const OFFSET: usize = 8; // u64: Byte offset in the file.
  export const DTS: usize = 16; // i64: Decode time.
  export const COMPOSITION_OFFSET: usize = 24; // i32: From decode to presentation time.
  export const FLAGS: usize = 28; // u32: 1: sync sample.
  export const DURATION: usize = 32; // u32: Ticks.
  export const DESCRIPTION: usize = 36; // u32: Sample description index, from 1.
  export const SIZE: usize = 40;
}

/** One box. */
export namespace BoxRecord {
  export const OFFSET: usize = 0; // u64: Where it starts in the file.
  export const LENGTH: usize = 8; // u64: Bytes, header included.
  export const TYPE: usize = 16; // u32: Four-character code.
  export const DEPTH: usize = 20; // u32: 0 for a top-level box.
  export const SIZE: usize = 24;
}

/** The codec of a sample entry. */
export namespace Codec {
  export const CODEC: usize = 0; // 40 bytes of ASCII, padded with 0: RFC 6381.
  export const SIZE: usize = 40;
}

/** One track of a stream, as its headers need it. */
export namespace LiveTrack {
  export const ID: usize = 0; // u32: Track id, from 1.
  export const HANDLER: usize = 4; // u32: Handler type, a four-character code.
  export const TIMESCALE: usize = 8; // u32: Ticks a second.
  export const ENTRY: usize = 12; // u32: Address of its sample entry.
  export const ENTRY_LENGTH: usize = 16; // u32: Bytes of it.
  export const SIZE: usize = 24;
}

/** The samples of one track in a movie fragment. */
export namespace LiveRun {
  export const DTS: usize = 0; // u64: Decode time of the first one, ticks of the track.
  export const TRACK_ID: usize = 8; // u32: Of the track.
  export const SAMPLES: usize = 12; // u32: At least 1.
  export const ALL_SYNC: usize = 16; // u32: 1: every sample of the track is a sync sample.
  export const SIZE: usize = 24;
}

/** One sample of a movie fragment, in ticks of its track. */
export namespace LiveSample {
  export const DURATION: usize = 0; // u32: From its decode time to that of the next one.
  export const BYTES: usize = 4; // u32: Its size.
  export const COMPOSITION_OFFSET: usize = 8; // i32: From decode to presentation time.
  export const SYNC: usize = 12; // u32: 1: sync sample.
  export const SIZE: usize = 16;
}

/** When media was captured, by the clock of who produced it. */
export namespace ProducerTime {
  export const TRACK_ID: usize = 0; // u32: Of the track.
  export const WALL_US: usize = 8; // u64: Microseconds since 1970.
  export const MEDIA_TIME: usize = 16; // u64: Ticks of the track that were captured then.
  export const SIZE: usize = 24;
}
