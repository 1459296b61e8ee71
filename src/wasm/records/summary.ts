/** The start of a segment index: `IndexHeader` and `TrackRecord` of assembly/records/summary.ts. */
import type { Counts } from "./piece.ts";
import { bound, i64, u32, u64 } from "./view.ts";

/** Bytes of an index's header. */
export const HEADER_SIZE = 80;
/** Bytes of a track record; they follow the header in slot order. */
export const TRACK_SIZE = 312;
/** Where the bytes of a track record start that go into an output's track header as they are. */
export const PRESENTATION_OFFSET = 204;
/** How many those are. */
export const PRESENTATION_SIZE = 52;

/**
 * Bits of a track's `flags`: some composition offset is not 0, some is negative, all samples are sync, encrypted; and, both
 * absent from indexes made before 2026-11-28: the first sample is no sync sample; all samples are sync samples of one size
 * without composition offsets, all but the last of one duration, and `truns` counts a run of its own for the last one.
 */
export const TrackFlag = {
  Offsets: 1,
  NegativeOffsets: 2,
  AllSync: 4,
  Encrypted: 8,
  LateSync: 16,
  Uniform: 32,
} as const;

/** One track of a segment index, with the counts of all of it. Times are ticks of its timescale on the segment's presentation timeline. */
export interface TrackRecord extends Counts {
  readonly id: number;
  /** Four-character code as a number. */
  readonly handler: number;
  readonly timescale: number;
  readonly samples: number;
  /** Bytes of every sample, 0 when they differ. */
  readonly constantSize: number;
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
  /** 64-bit hash of the sample entries but for their bit rates, as hexadecimal text. */
  readonly descriptionHash: string;
  readonly descriptionCount: number;
  readonly descriptionOffset: number;
  readonly descriptionLength: number;
  /** Pixels, after `tkhd`. */
  readonly width: number;
  readonly height: number;
  /** Whether `tkhd` turns pictures by 90° or 270°, so that they are presented `height` wide. */
  readonly quarterTurn: boolean;
  readonly codec: string;
  /** The flags of `tkhd`. */
  readonly headerFlags: number;
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
  /** Where the kept boxes of the file start in its index, which they are the end of. */
  readonly keptOffset: number;
  readonly tracks: readonly TrackRecord[];
}

/** Bytes of the summary at the start of an index; 0 when it is too short to tell. */
export function summaryLength(index: Uint8Array): number {
  if (index.byteLength < HEADER_SIZE) return 0;
  return HEADER_SIZE + u32(new DataView(index.buffer, index.byteOffset), 4) * TRACK_SIZE;
}

/** Reads header and track records of an index, or of a summary cut from one. */
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
    keptOffset: u32(view, 60) + u32(view, 64),
    tracks,
  };
}

/** Bytes of a codec string, padded with zeros. */
export const CODEC_SIZE = 40;

/** Reads a codec string. */
export function codecText(view: DataView, at: number): string {
  let codec = "";
  for (let i = at; i < at + CODEC_SIZE && view.getUint8(i) !== 0; i++) codec += String.fromCharCode(view.getUint8(i));
  return codec;
}

function readTrack(view: DataView, at: number): TrackRecord {
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
    // a and b of the matrix (ISO/IEC 14496-12 section 8.3.2)
    quarterTurn: u32(view, at + 212) === 0 && u32(view, at + 216) !== 0,
    codec: codecText(view, at + 256),
    headerFlags: u32(view, at + 300),
  };
}
