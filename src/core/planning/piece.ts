import type { RecordedSegment } from "../segment.ts";
import type { Counts, PieceTrack as PieceTrackRecord, Selected } from "../wasm/abi/records.ts";
import type { TrackRecord } from "../wasm/records/summary.ts";
import { isAudio } from "../track-kinds.ts";
import type { Store } from "../../base/ports.ts";
import type { PinnedObject } from "../reading/read-parts.ts";
import { ticksOf } from "../ticks.ts";

/** Gets the index of one segment. */
export type IndexOf = (segment: { readonly id: number }) => Promise<Uint8Array>;

/** The stored object that media lie in, and the segment whose index says where: all that is kept of its row. */
export interface PieceSource extends PinnedObject {
  readonly id: number;
}

/** What is kept of a segment's row. */
export function sourceOf({ id, key, etag }: RecordedSegment): PieceSource {
  return { id, key, etag };
}

/** What joints, in-band parameter sets and measuring change of a track that is planned already. */
type Changing = "lastDuration" | "descriptionBase" | "prefix" | "counts" | "leads" | "delay" | "hiddenBehind";

/** One track of a piece. */
export interface PieceTrack extends Omit<PieceTrackRecord, Changing>, Mutable<Pick<PieceTrackRecord, Changing>> {
  /** Ticks from its first sample to its last, in decode time. */
  lasting: number;
  /** What the last sample lasts by itself. */
  ownDuration: number;
  /** Whether its last sample belongs to a pre-roll, and what follows does not. */
  endsPreroll?: boolean;
  /** Of sound that begins before the presentation: when the sample is presented that is heard first, ticks of the segment's track. */
  heard?: number;
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

/** The samples of one segment that go into the output, and where they land. */
export interface Piece {
  readonly source: PieceSource;
  /** One a track of the segment's index. */
  readonly tracks: readonly PieceTrack[];
  /** Bytes of media, inline ones included. */
  bytes: number;
  /** Movie fragments it makes as fragmented MP4. */
  readonly fragments: number;
  /** Bytes in front of every sync sample of the reference track: its parameter sets where they change, else none. */
  inline: Uint8Array;
  /** Samples that are made: silence of an index of its own, or a timecode of the segment's. */
  readonly made?: { readonly index?: Uint8Array; readonly media: Pick<Store, "get"> };
}

/** Opus needs 80 ms of decoding before its output is right (RFC 7845 section 4.6); AAC overlaps one frame. */
const OPUS_PREROLL_MS = 80;

/** Ticks of samples that have to be decoded before the first one that is heard. */
export function prerollOf(record: TrackRecord): number {
  if (!isAudio(record)) return 0;
  if (record.codec === "opus") return ticksOf(OPUS_PREROLL_MS, record.timescale);
  return record.codec.startsWith("mp4a") ? Math.ceil(record.duration / Math.max(1, record.samples)) : 0;
}

/** The selection that takes all of a track, told from its record. */
export function wholeTrack(record: TrackRecord): Selected {
  return {
    first: 0,
    count: record.samples,
    dts: record.firstDts,
    pts: record.firstPts,
    presentedEnd: record.end,
    lastDts: record.firstDts + record.duration - record.lastDuration,
    lastDuration: record.lastDuration,
    shown: record.start,
    leastOffset: 0,
    before: 0,
  };
}

/** Counts alone, without the record of a track that has them. */
export function countsOf(counts: Counts): Counts {
  const { sttsEntries, cttsEntries, syncSamples, chunks, stscEntries, trafs, truns, flags, bytes } = counts;
  return { sttsEntries, cttsEntries, syncSamples, chunks, stscEntries, trafs, truns, flags, bytes };
}

/** What is not measured yet. */
export const NO_COUNTS: Counts = {
  sttsEntries: 0,
  cttsEntries: 0,
  syncSamples: 0,
  chunks: 0,
  stscEntries: 0,
  trafs: 0,
  truns: 0,
  flags: 0,
  bytes: 0,
};

/** A track of which nothing is taken. */
export function leftOut(record: TrackRecord): PieceTrack {
  return {
    first: 0,
    count: 0,
    dts: 0,
    timescale: record.timescale,
    lastDuration: 0,
    ownDuration: 0,
    lasting: 0,
    offsetShift: 0,
    descriptionBase: 1,
    trackId: 0,
    prefix: 0,
    counts: NO_COUNTS,
  };
}
