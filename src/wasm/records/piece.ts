/** Which samples go into an output: `Selection` and `PieceTrack` of assembly/records/piece.ts. */
import { i64, setI64, u32, u64 } from "./view.ts";

/** Bytes of a selection, request and answer. */
export const SELECTION_SIZE = 80;
/** Bytes of a piece's record of one track. */
export const PIECE_TRACK_SIZE = 96;

/**
 * Bits of a selection's `rules`. FromSync: start at the last sync sample presented at or before `start`, else at the
 * first one. Closed: end so that no sample left out is presented before one that is taken. NextSync: start at the first
 * sync sample from `start` on.
 */
export const SelectionRule = { FromSync: 1, Closed: 2, NextSync: 4 } as const;

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
  /** Presentation time of the sample that is shown at the start, of the first sample when that comes later. */
  readonly shown: number;
}

/** Writes the request part of a selection. */
export function writeSelection(view: DataView, at: number, selection: Selection): void {
  setI64(view, at, selection.start);
  setI64(view, at + 8, selection.end);
  view.setUint32(at + 16, selection.rules, true);
  view.setUint32(at + 20, selection.preroll, true);
}

/** Reads the answer part of a selection. */
export function readSelected(view: DataView, at: number): Selected {
  return {
    first: u32(view, at + 24),
    count: u32(view, at + 28),
    dts: i64(view, at + 32),
    pts: i64(view, at + 40),
    presentedEnd: i64(view, at + 48),
    lastDts: i64(view, at + 56),
    lastDuration: u32(view, at + 64),
    shown: i64(view, at + 72),
  };
}

/** What the tables and fragments of a piece's track add up to: told by `measure`, of a whole track also by its record. */
export interface Counts {
  readonly sttsEntries: number;
  readonly cttsEntries: number;
  readonly syncSamples: number;
  readonly chunks: number;
  readonly stscEntries: number;
  readonly trafs: number;
  readonly truns: number;
  /** Bits of TrackFlag, before offsets are shifted. */
  readonly flags: number;
  /** Of media, with the inline ones of the `prefix` it was measured with. */
  readonly bytes: number;
}

/** One track of one piece of an output. Ticks are the output track's. */
export interface PieceTrack {
  readonly first: number;
  /** 0 leaves the track out. */
  readonly count: number;
  /** Decode time of the first sample. */
  readonly dts: number;
  readonly timescale: number;
  lastDuration: number;
  /** Ticks from its first sample to its last, in decode time. */
  readonly lasting: number;
  /** What the last sample lasts by itself. */
  readonly ownDuration: number;
  /** Added to every composition offset. */
  readonly offsetShift: number;
  /** Output sample description index of the segment's first description, from 1. */
  descriptionBase: number;
  readonly trackId: number;
  /** Inline bytes before every sync sample. */
  prefix: number;
  /** All 0 until it is measured. */
  counts: Counts;
  /** For fragments: bits of TrackFlag over the whole output track. */
  readonly outputFlags?: number;
  /** For fragments: samples that are only decoded and would be presented later are presented then. Default: none. */
  readonly presentedUntil?: number;
}

/** Writes a whole record. */
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
  view.setUint32(at + 40, track.counts.sttsEntries, true);
  view.setUint32(at + 44, track.counts.cttsEntries, true);
  view.setUint32(at + 48, track.counts.syncSamples, true);
  view.setUint32(at + 52, track.counts.chunks, true);
  view.setUint32(at + 56, track.counts.stscEntries, true);
  view.setUint32(at + 60, track.counts.trafs, true);
  view.setUint32(at + 64, track.counts.truns, true);
  view.setUint32(at + 68, track.counts.flags, true);
  setI64(view, at + 72, track.counts.bytes);
  view.setUint32(at + 80, track.outputFlags ?? 0, true);
  setI64(view, at + 88, track.presentedUntil ?? Number.POSITIVE_INFINITY);
}

/** Reads what `measure` filled in. */
export function readCounts(view: DataView, at: number): Counts {
  return {
    sttsEntries: u32(view, at + 40),
    cttsEntries: u32(view, at + 44),
    syncSamples: u32(view, at + 48),
    chunks: u32(view, at + 52),
    stscEntries: u32(view, at + 56),
    trafs: u32(view, at + 60),
    truns: u32(view, at + 64),
    flags: u32(view, at + 68),
    bytes: u64(view, at + 72),
  };
}
