/** The record layouts of `assembly/abi.ts`, and the only code that reads or writes them. */

export const ABI_VERSION = 1;
export const RESULT_SIZE = 40;
export const EXTENT_SIZE = 16;
export const HEADER_SIZE = 72;
export const TRACK_SIZE = 312;
export const SELECTION_SIZE = 72;
export const PIECE_TRACK_SIZE = 96;
export const OUTPUT_TRACK_SIZE = 144;
export const SPLICE_SIZE = 16;
export const SPAN_SIZE = 16;
export const FRAGMENT_SIZE = 48;
export const SAMPLE_SIZE = 40;
export const BOX_SIZE = 24;
/** Bytes of a track record that go into an output's track header as they are. */
export const PRESENTATION_OFFSET = 204;
export const PRESENTATION_SIZE = 52;
/** Ticks a second of movie headers and edit lists. */
export const MOVIE_TIMESCALE = 90_000;

export const TrackFlag = { Offsets: 1, NegativeOffsets: 2, AllSync: 4, Encrypted: 8 } as const;
export const SelectionRule = { FromSync: 1, Closed: 2 } as const;
export const Table = { stts: 0, ctts: 1, stss: 2, stsc: 3, stsz: 4, stco: 5, co64: 6, sidx: 7, tfra: 8 } as const;
/** The `OFFSET` of a span that stands for a piece's inline bytes. */
export const INLINE = Number.POSITIVE_INFINITY;

const TWO_32 = 4_294_967_296;
const UNBOUNDED_LOW = -9_223_372_036_854_775_808n;
const UNBOUNDED_HIGH = 9_223_372_036_854_775_807n;

function u32(view: DataView, at: number): number {
  return view.getUint32(at, true);
}

function u64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * TWO_32;
}

function i64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getInt32(at + 4, true) * TWO_32;
}

/** Like `i64`, the extremes standing for "no bound". */
function bound(view: DataView, at: number): number {
  const value = view.getBigInt64(at, true);
  if (value === UNBOUNDED_LOW) return Number.NEGATIVE_INFINITY;
  return value === UNBOUNDED_HIGH ? Number.POSITIVE_INFINITY : Number(value);
}

function setI64(view: DataView, at: number, value: number): void {
  const whole = Number.isFinite(value) ? BigInt(Math.round(value)) : value > 0 ? UNBOUNDED_HIGH : UNBOUNDED_LOW;
  view.setBigInt64(at, whole, true);
}

/** A four-character code as text; bytes outside ASCII become `?`. */
export function fourccText(code: number): string {
  const bytes = [code >>> 24, (code >>> 16) & 255, (code >>> 8) & 255, code & 255];
  return bytes.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "?")).join("");
}

export function readResult(view: DataView) {
  return {
    pointer: u32(view, 0),
    length: u32(view, 4),
    box: u32(view, 8),
    offset: u64(view, 16),
    a: u64(view, 24),
    b: u64(view, 32),
  };
}

/** Low and high half of a result that carries an address and a count. */
export function readAddress(view: DataView, field: "a" | "b"): { count: number; pointer: number } {
  const at = field === "a" ? 24 : 32;
  return { count: u32(view, at), pointer: u32(view, at + 4) };
}

export function writeExtent(
  view: DataView,
  at: number,
  fileOffset: number,
  bufferOffset: number,
  length: number,
): void {
  setI64(view, at, fileOffset);
  view.setUint32(at + 8, bufferOffset, true);
  view.setUint32(at + 12, length, true);
}

export function writeU64(view: DataView, at: number, value: number): void {
  setI64(view, at, value);
}

/** One track of a segment index. Times are ticks of its timescale on the segment's presentation timeline. */
export interface TrackRecord {
  readonly id: number;
  /** Four-character code as a number. */
  readonly handler: number;
  readonly timescale: number;
  /** Bits of TrackFlag. */
  readonly flags: number;
  readonly samples: number;
  /** Bytes of every sample, 0 when they differ. */
  readonly constantSize: number;
  readonly bytes: number;
  readonly firstDts: number;
  /** Sum of all sample durations. */
  readonly duration: number;
  /** First moment that is presented. */
  readonly start: number;
  /** End of the last presented sample. */
  readonly end: number;
  /** Nothing before it is presented; -Infinity without an edit list. */
  readonly editStart: number;
  /** Nothing from it on is presented; Infinity when open. */
  readonly editEnd: number;
  readonly firstPts: number;
  /** Earliest presentation time of all samples, also of those the edit list hides. */
  readonly earliestPts: number;
  readonly lastDuration: number;
  readonly sttsEntries: number;
  readonly cttsEntries: number;
  readonly syncSamples: number;
  readonly chunks: number;
  readonly stscEntries: number;
  readonly trafs: number;
  readonly truns: number;
  /** 64-bit hash of the sample entries but for their bit rates, as hexadecimal text. */
  readonly descriptionHash: string;
  readonly descriptionCount: number;
  readonly descriptionOffset: number;
  readonly descriptionLength: number;
  /** Pixels, after `tkhd`. */
  readonly width: number;
  readonly height: number;
  readonly codec: string;
}

/** Header and track records of a segment index. */
export interface Summary {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly fragmented: boolean;
  readonly fileSize: number;
  /** Seconds since 1904-01-01T00:00:00Z, 0 when not stated. */
  readonly creationTime: number;
  /** Bits of the repairs made while indexing. */
  readonly warnings: number;
  /** Slot of the reference track. */
  readonly reference: number;
  /** Fragments the whole segment makes. */
  readonly fragments: number;
  readonly sampleCount: number;
  readonly tracks: readonly TrackRecord[];
}

/** Bytes of the summary at the start of an index; 0 when it is too short to tell. */
export function summaryLength(index: Uint8Array): number {
  if (index.byteLength < HEADER_SIZE) return 0;
  return HEADER_SIZE + u32(new DataView(index.buffer, index.byteOffset), 4) * TRACK_SIZE;
}

export function readSummary(bytes: Uint8Array): Summary {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tracks: TrackRecord[] = [];
  for (let slot = 0; slot < u32(view, 4); slot++) tracks.push(readTrack(view, HEADER_SIZE + slot * TRACK_SIZE));
  return {
    bytes,
    length: u32(view, 8),
    fragmented: u32(view, 12) !== 0,
    fileSize: u64(view, 16),
    creationTime: u64(view, 24),
    warnings: u32(view, 36),
    reference: u32(view, 40),
    fragments: u32(view, 44),
    sampleCount: u32(view, 68),
    tracks,
  };
}

function readTrack(view: DataView, at: number): TrackRecord {
  let codec = "";
  for (let i = at + 256; i < at + 296 && view.getUint8(i) !== 0; i++) codec += String.fromCharCode(view.getUint8(i));
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
    earliestPts: i64(view, at + 304),
    lastDuration: u32(view, at + 88),
    sttsEntries: u32(view, at + 92),
    cttsEntries: u32(view, at + 96),
    syncSamples: u32(view, at + 100),
    chunks: u32(view, at + 104),
    stscEntries: u32(view, at + 108),
    trafs: u32(view, at + 112),
    truns: u32(view, at + 116),
    descriptionHash: view.getBigUint64(at + 120, true).toString(16),
    descriptionCount: u32(view, at + 128),
    descriptionOffset: u32(view, at + 132),
    descriptionLength: u32(view, at + 136),
    width: u32(view, at + 204) / 65_536,
    height: u32(view, at + 208) / 65_536,
    codec,
  };
}

/** What a selection asks for; times in ticks of the track on the segment's presentation timeline. */
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

/** The samples a selection found; `count` 0 when nothing fits. */
export interface Selected {
  readonly first: number;
  readonly count: number;
  readonly dts: number;
  readonly pts: number;
  readonly presentedEnd: number;
  readonly lastDts: number;
  readonly lastDuration: number;
}

export function writeSelection(view: DataView, at: number, selection: Selection): void {
  setI64(view, at, selection.start);
  setI64(view, at + 8, selection.end);
  view.setUint32(at + 16, selection.rules, true);
  view.setUint32(at + 20, selection.preroll, true);
}

export function readSelected(view: DataView, at: number): Selected {
  return {
    first: u32(view, at + 24),
    count: u32(view, at + 28),
    dts: i64(view, at + 32),
    pts: i64(view, at + 40),
    presentedEnd: i64(view, at + 48),
    lastDts: i64(view, at + 56),
    lastDuration: u32(view, at + 64),
  };
}

/** One track of one piece of an output. Ticks are the output track's. */
export interface PieceTrack {
  first: number;
  /** 0 leaves the track out. */
  count: number;
  /** Decode time of the first sample. */
  dts: number;
  timescale: number;
  lastDuration: number;
  /** Added to every composition offset. */
  offsetShift: number;
  /** Output sample description index of the segment's first description, from 1. */
  descriptionBase: number;
  trackId: number;
  /** Inline bytes before the first sample. */
  prefix: number;
  /** Bits of TrackFlag over the whole output track. */
  outputFlags: number;
  /** In fragments, samples that are only decoded and would be presented later are presented then. Infinity: none. */
  presentedUntil: number;
  sttsEntries: number;
  cttsEntries: number;
  syncSamples: number;
  chunks: number;
  stscEntries: number;
  trafs: number;
  truns: number;
  /** Bits of TrackFlag over the piece. */
  flags: number;
  bytes: number;
}

export function writePieceTrack(view: DataView, at: number, track: PieceTrack): void {
  view.setUint32(at, track.first, true);
  view.setUint32(at + 4, track.count, true);
  setI64(view, at + 8, track.dts);
  view.setUint32(at + 16, track.timescale, true);
  view.setUint32(at + 20, track.lastDuration, true);
  view.setInt32(at + 24, track.offsetShift, true);
  view.setUint32(at + 28, track.descriptionBase, true);
  view.setUint32(at + 32, track.trackId, true);
  view.setUint32(at + 36, track.prefix, true);
  view.setUint32(at + 40, track.sttsEntries, true);
  view.setUint32(at + 44, track.cttsEntries, true);
  view.setUint32(at + 48, track.syncSamples, true);
  view.setUint32(at + 52, track.chunks, true);
  view.setUint32(at + 56, track.stscEntries, true);
  view.setUint32(at + 60, track.trafs, true);
  view.setUint32(at + 64, track.truns, true);
  view.setUint32(at + 68, track.flags, true);
  setI64(view, at + 72, track.bytes);
  view.setUint32(at + 80, track.outputFlags, true);
  setI64(view, at + 88, track.presentedUntil);
}

/** Reads back what `measure` filled in. */
export function readMeasured(view: DataView, at: number, track: PieceTrack): void {
  track.sttsEntries = u32(view, at + 40);
  track.cttsEntries = u32(view, at + 44);
  track.syncSamples = u32(view, at + 48);
  track.chunks = u32(view, at + 52);
  track.stscEntries = u32(view, at + 56);
  track.trafs = u32(view, at + 60);
  track.truns = u32(view, at + 64);
  track.flags = u32(view, at + 68);
  track.bytes = u64(view, at + 72);
}

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
}

export function writeMovieTrack(view: DataView, at: number, track: MovieTrack, descriptions: number): void {
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

export function readSplice(view: DataView, at: number): Splice {
  return { offset: u32(view, at), track: u32(view, at + 4), table: u32(view, at + 8), length: u32(view, at + 12) };
}

/** Bytes of the stored object, or of the piece's inline bytes when `offset` is INLINE. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

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

export function readFragment(view: DataView, at: number): Fragment {
  return {
    headerOffset: u32(view, at),
    headerLength: u32(view, at + 4),
    firstSpan: u32(view, at + 8),
    spans: u32(view, at + 12),
    mediaLength: u64(view, at + 16),
  };
}

/** One sample, for listings and tests. Times in ticks on the segment's presentation timeline. */
export interface Sample {
  readonly slot: number;
  readonly size: number;
  /** Byte offset in the file. */
  readonly offset: number;
  readonly dts: number;
  readonly compositionOffset: number;
  readonly sync: boolean;
  readonly duration: number;
  /** Sample description index, from 1. */
  readonly description: number;
}

export function readSample(view: DataView, at: number): Sample {
  return {
    slot: u32(view, at),
    size: u32(view, at + 4),
    offset: u64(view, at + 8),
    dts: i64(view, at + 16),
    compositionOffset: view.getInt32(at + 24, true),
    sync: (u32(view, at + 28) & 1) === 1,
    duration: u32(view, at + 32),
    description: u32(view, at + 36),
  };
}

/** One box, for listings. */
export interface ListedBox {
  /** Four-character code. */
  readonly type: string;
  /** Where it starts in the file. */
  readonly offset: number;
  /** Bytes, header included. */
  readonly size: number;
  /** 0 for a top-level box. */
  readonly depth: number;
}

export function readBox(view: DataView, at: number): ListedBox {
  return {
    type: fourccText(u32(view, at + 16)),
    offset: u64(view, at),
    size: u64(view, at + 8),
    depth: u32(view, at + 20),
  };
}
