/** What calls take and give back. */
import { bound, bytes, i32, i64, inner, optional, text, u32, u64 } from "./fields.ts";
import type { Record_ } from "./kinds.ts";

/** Bytes of a track record that an output's track header takes as they are: from its `width` to its `layer`. */
const PRESENTATION = 52;

// What every call takes and gives back

export const Result: Record_ = {
  name: "Result",
  doc: "What a call reports: what came out, or what went wrong and where.",
  host: "reads",
  placed: ["length", "box", "total"],
  fields: {
    pointer: u32("Address of the output."),
    length: u32("Bytes or records of the output."),
    listPointer: u32("Address of records beside the output."),
    listLength: u32("Their number."),
    spansPointer: u32("Address of Span records beside the output."),
    spansLength: u32("Their number."),
    statePointer: u32(
      "Address of what the same call goes on with, when it gave only a part: it belongs right behind its other inputs.",
    ),
    stateLength: u32("Its bytes; 0 when nothing is left."),
    box: u32("Four-character code of the box an error was seen in, 0 when none."),
    offset: u64("File offset of an error."),
    total: u64("A sum that belongs to the output; by call."),
    count: u32("A number that belongs to the output; by call."),
  },
};

export const Extent: Record_ = {
  name: "Extent",
  doc: "One kept box of a file; of `mdat` and of what the file ends in, only the header.",
  host: "writes",
  fields: {
    fileOffset: u64("Where the box starts in the file."),
    bufferOffset: u32("Where it starts in the metadata buffer."),
    length: u32("Bytes of it in the metadata buffer, header included."),
  },
};

export const MovieClock: Record_ = {
  name: "MovieClock",
  doc: "What a file says of the time it was recorded.",
  host: "reads",
  fields: {
    creationTime: u64("Of `mvhd`, seconds since 1904-01-01T00:00:00Z; 0 when not stated."),
    wallClock: i64("Of `mtxi`, nanoseconds since 1970; 0 when not stated."),
    device: u32("A ClockDevice."),
    date: u32("Address of the text of `com.apple.quicktime.creationdate`."),
    dateLength: u32("Its bytes; 0 when not stated."),
  },
};

// Which samples go into an output

export const Selected: Record_ = {
  name: "Selected",
  doc: "The samples a selection found, in ticks of the track on the segment's presentation timeline.",
  host: "reads",
  fields: {
    first: u32("The first sample, from 0."),
    count: u32("0 when nothing fits."),
    dts: i64("Decode time of the first sample."),
    pts: i64("Presentation time of the first sample."),
    presentedEnd: i64("Latest end of a selected sample's presentation."),
    lastDts: i64("Decode time of the last sample."),
    lastDuration: u32("Duration of the last sample."),
    shown: i64(
      "Presentation time of the sample that is shown at the start, of the first sample when that comes later.",
    ),
    leastOffset: i32("Least composition offset of the whole track, at most 0."),
    before: u32("Samples in front of the one that is shown at the start, where they are in the order of presentation."),
  },
};

export const Selection: Record_ = {
  name: "Selection",
  doc: "Which samples of a track to take, in ticks of the track on the segment's presentation timeline.",
  host: "writes",
  placed: ["selected"],
  fields: {
    start: bound("-Infinity: from the first sample on."),
    end: bound("Exclusive; Infinity: to the last sample."),
    rules: u32("Bits of SelectionRule."),
    preroll: u32("Ticks of hidden samples wanted before `start`."),
    selected: { part: Selected, doc: "What `select` found.", answer: true },
  },
};

export const Group: Record_ = {
  name: "Group",
  doc: "Groups of pictures that follow one another, in ticks of the track on the segment's presentation timeline.",
  host: "reads",
  fields: {
    pts: i64("Presentation time of the first sample."),
    bytes: u64("Bytes of all samples."),
    first: u32("The first sample, from 0."),
    firstBytes: u32("Bytes of the first sample."),
    sync: u32("1: it is a sync sample."),
  },
};

export const Counts: Record_ = {
  name: "Counts",
  doc: "What the tables and fragments of a piece's track add up to: told by `measure`, of a whole track also by its record.",
  host: "both",
  fields: {
    sttsEntries: u32("Entries of `stts`."),
    cttsEntries: u32("Entries of `ctts`."),
    syncSamples: u32("Sync samples."),
    chunks: u32("Chunks."),
    stscEntries: u32("Entries of `stsc`."),
    trafs: u32("Track fragments as fragmented MP4."),
    truns: u32("Track runs in them."),
    flags: u32("Bits of TrackFlag, before offsets are shifted."),
    bytes: u64("Bytes of media, with the inline ones of the `prefix` it was measured with."),
  },
};

export const Decoding: Record_ = {
  name: "Decoding",
  doc: "When the samples of a piece's track are decoded, in ticks of the output track from the piece's `dts` on: told by `measure`.",
  host: "reads",
  fields: {
    firstDts: i64("Of the first sample: 0 without a pre-roll."),
    lastDts: i64("Of the last sample."),
    led: i64("Samples from the first one on that are not decoded when they were recorded to be."),
    hidden: i64("Samples that are hidden, each presented for a tick."),
    slack: i64("How much earlier they, and the one that is shown at the start, could be presented than they are."),
  },
};

export const PieceTrack: Record_ = {
  name: "PieceTrack",
  doc: "One track of one piece: which samples of a segment's track go into the output and where they land. One record a track of the segment index, in its order. Ticks are the output track's.",
  host: "writes",
  placed: ["counts", "decoding"],
  fields: {
    first: u32("The first sample, from 0."),
    count: u32("0 leaves the track out."),
    dts: i64("Decode time of the first sample, were it not for a pre-roll."),
    timescale: u32("Of the output track."),
    lastDuration: u32("Duration of the last sample."),
    offsetShift: i32("Added to every composition offset."),
    descriptionBase: u32("Output sample description index of the segment's first description, from 1."),
    trackId: u32("Of the output track."),
    prefix: u32(
      "Inline bytes before every sync sample: the n-th so many of the piece's inline bytes for the n-th description of the segment. Where there are any, `descriptionBase` describes all samples.",
    ),
    counts: { part: Counts, doc: "All 0 until it is measured." },
    shown: optional(
      bound(
        "Ticks of the segment's track: samples presented before are hidden, a pre-roll that takes next to no time.",
      ),
      "Number.NEGATIVE_INFINITY",
    ),
    start: optional(i64("When the sample at `shown` is presented."), "0"),
    delay: optional(
      i64(
        "From the decoding of a sync sample to its presentation: what follows a pre-roll is decoded so long before `start`.",
      ),
      "0",
    ),
    usual: optional(
      u32(
        "What a sample usually lasts: a pre-roll is decoded, in the mean, a multiple of this before what follows. 0: right before `start` less `delay`.",
      ),
      "0",
    ),
    leads: optional(
      u32("1: all samples are decoded one tick apart, before those of the piece that goes on from it."),
      "0",
    ),
    hiddenBehind: optional(
      u32("Samples of later pieces that are hidden, each presented for a tick before `start`."),
      "0",
    ),
    hiddenEarly: optional(u32("For fragments: the hidden ones are presented so much earlier."), "0"),
    shownEarly: optional(u32("For fragments: so is the one at `shown`."), "0"),
    decodedEarly: optional(u32("For fragments: what is led is decoded so much earlier."), "0"),
    apart: optional(
      u32("Ticks that hidden samples are decoded, and presented, apart; samples of other than 1 are not alike."),
      "1",
    ),
    ahead: optional(u32("Further ticks between the first one and the next."), "0"),
    decoding: { part: Decoding, doc: "Told by `measure`.", answer: true },
    outputFlags: optional(u32("For fragments: bits of TrackFlag over the whole output track."), "0"),
    presentedUntil: optional(
      bound("For fragments: samples presented from then on are only decoded."),
      "Number.POSITIVE_INFINITY",
    ),
    lateApart: optional(u32("So far apart, at most, they are presented behind the last one that is shown."), "0"),
    lateCloser: optional(u32("Each by so much earlier at most, so as not to come after `latest`."), "0"),
    latest: optional(bound("When the last of them is presented, if that can be."), "Number.POSITIVE_INFINITY"),
  },
};

// What an output is made of

export const MovieTrack: Record_ = {
  name: "MovieTrack",
  doc: "One track of an output file, as its headers need it. Movie ticks are those of `mvhd`.",
  host: "writes",
  fields: {
    id: u32("Track id, from 1."),
    handler: u32("Handler type, a four-character code."),
    timescale: u32("Ticks a second."),
    flags: u32("Bits of TrackFlag over all pieces."),
    samples: u32("Samples."),
    sttsEntries: u32("Entries of `stts`."),
    cttsEntries: u32("Entries of `ctts`."),
    syncSamples: u32("Sync samples."),
    stscEntries: u32("Entries of `stsc`."),
    chunks: u32("Chunks."),
    constantSize: u32("Bytes of every sample, 0 when they differ."),
    descriptionCount: u32("Sample entries."),
    descriptionPointer: u32("Address of the raw sample entries."),
    descriptionLength: u32("Their bytes."),
    duration: u64("Track ticks."),
    editDelay: u64("Movie ticks before the track starts to be presented."),
    editTime: i64("Track ticks at which its presentation starts, -1 for no edit list."),
    editDuration: u64("Movie ticks that are presented."),
    presentation: bytes(PRESENTATION, "Of the track record it comes from, from `width` to `layer`."),
    tkhdFlags: u32("The flags of `tkhd`."),
    keptPointer: u32("Address of the kept boxes of the file it comes from."),
    keptLength: u32("Their bytes."),
    trackIndex: u32("Of the track in that file's index."),
    sourceId: u32("Its id in that file."),
  },
};

export const Chapter: Record_ = {
  name: "Chapter",
  doc: "One chapter of an output.",
  host: "writes",
  fields: {
    start: u64("100 ns from the start of the presentation."),
    title: u32("Address of UTF-8 text."),
    length: u32("Its bytes, at most 255."),
  },
};

export const CaptionBlock: Record_ = {
  name: "CaptionBlock",
  doc: "Seconds of the wall clock that follow one another in the captions of an output. Times are milliseconds.",
  host: "writes",
  fields: {
    atMs: u64("Decode time of the first one."),
    second: u64("The second it shows, since 1970."),
    count: u32("At least 1."),
    firstMs: u32("Duration of the first one; those in between last 1000."),
    lastMs: u32("Duration of the last one, when it is not the first."),
  },
};

export const Splice: Record_ = {
  name: "Splice",
  doc: "A place in output headers where a table's entries go.",
  host: "reads",
  fields: {
    offset: u32("Bytes of headers before it."),
    track: u32("Number of the output track."),
    table: u32("A Table."),
    length: u32("Bytes of all entries."),
  },
};

export const Span: Record_ = {
  name: "Span",
  doc: "Bytes of the stored object or, where `offset` is below 0, of the piece's inline bytes, from `-1 - offset` on.",
  host: "reads",
  fields: {
    offset: i64("In the stored object."),
    length: u64("Bytes."),
  },
};

export const Fragment: Record_ = {
  name: "Fragment",
  doc: "One movie fragment of a piece.",
  host: "reads",
  fields: {
    headerOffset: u32("Where its `moof` and `mdat` header start among the piece's."),
    headerLength: u32("Bytes of them."),
    firstSpan: u32("Number of its first span."),
    spans: u32("Spans of it."),
    mediaLength: u64("Bytes in `mdat`."),
    dts: inner(i64("Decode time of the reference track's first sample here, output ticks.")),
    pts: inner(i64("Its presentation time.")),
    flags: inner(u32("1: starts with a sync sample of the reference track.")),
  },
};

// Streams that are recorded as they come

export const LiveTrack: Record_ = {
  name: "LiveTrack",
  doc: "One track of a stream, as its headers need it.",
  host: "writes",
  fields: {
    id: u32("Track id, from 1."),
    handler: u32("Handler type, a four-character code."),
    timescale: u32("Ticks a second."),
    entry: u32("Address of its sample entry."),
    entryLength: u32("Bytes of it."),
  },
};

export const LiveRun: Record_ = {
  name: "LiveRun",
  doc: "The samples of one track in a movie fragment.",
  host: "writes",
  fields: {
    dts: u64("Decode time of the first one, ticks of the track."),
    trackId: u32("Of the track."),
    samples: u32("At least 1."),
    allSync: u32("1: every sample of the track is a sync sample."),
  },
};

export const LiveSample: Record_ = {
  name: "LiveSample",
  doc: "One sample of a movie fragment, in ticks of its track.",
  host: "writes",
  fields: {
    duration: u32("From its decode time to that of the next one."),
    bytes: u32("Its size."),
    compositionOffset: i32("From decode to presentation time."),
    sync: u32("1: sync sample."),
  },
};

export const ProducerTime: Record_ = {
  name: "ProducerTime",
  doc: "When media was captured, by the clock of who produced it.",
  host: "reads",
  fields: {
    trackId: u32("Of the track."),
    wallUs: u64("Microseconds since 1970."),
    mediaTime: u64("Ticks of the track that were captured then."),
  },
};

// Listings

export const SampleRecord: Record_ = {
  name: "SampleRecord",
  doc: "One sample. Times in ticks on the segment's presentation timeline.",
  host: "reads",
  fields: {
    trackIndex: u32("Of its track."),
    bytes: u32("Its size."),
    offset: u64("Byte offset in the file."),
    dts: i64("Decode time."),
    compositionOffset: i32("From decode to presentation time."),
    flags: u32("1: sync sample."),
    duration: u32("Ticks."),
    description: u32("Sample description index, from 1."),
  },
};

export const BoxRecord: Record_ = {
  name: "BoxRecord",
  doc: "One box.",
  host: "reads",
  fields: {
    offset: u64("Where it starts in the file."),
    length: u64("Bytes, header included."),
    type: u32("Four-character code."),
    depth: u32("0 for a top-level box."),
  },
};

export const Codec: Record_ = {
  name: "Codec",
  doc: "The codec of a sample entry.",
  host: "reads",
  fields: { codec: text(40, "RFC 6381.") },
};
