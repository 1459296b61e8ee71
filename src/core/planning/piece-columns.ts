import { recordOf } from "../../base/record-of.ts";
import type { Counts } from "../wasm/abi/records.ts";
import type { Piece, PieceTrack } from "./piece.ts";

/** Fields that differ from piece to piece of one track of alike segments. */
export const TRACK_COLUMNS = ["first", "count", "dts", "lastDuration", "lasting", "ownDuration"] as const;
/** Counts of the same. */
// prettier-ignore
export const COUNT_COLUMNS = [
  "sttsEntries", "cttsEntries", "syncSamples", "chunks", "stscEntries", "trafs", "truns", "flags", "bytes",
] as const satisfies readonly (keyof Counts)[];

/** One track of pieces in columns: a value for each piece, and what all have in common. */
export interface TrackColumns extends Readonly<Record<(typeof TRACK_COLUMNS)[number], Float64Array>> {
  readonly common: Pick<PieceTrack, "timescale" | "offsetShift" | "descriptionBase" | "trackId">;
  readonly counts: CountColumns;
}

/** The counts of each piece. */
export type CountColumns = Readonly<Record<(typeof COUNT_COLUMNS)[number], Float64Array>>;

/** Where the media of pieces lie, and how many movie fragments each makes, in columns. */
export interface SourceColumns {
  readonly ids: Float64Array;
  readonly keys: readonly string[];
  readonly etags: readonly string[];
  readonly fragments: Float64Array;
}

/** Pieces of segments of one kind, one behind another, nothing of which is hidden, made or put in front: those [first, end) of columns. */
export interface PieceColumns {
  readonly first: number;
  readonly end: number;
  readonly sources: SourceColumns;
  readonly tracks: readonly TrackColumns[];
}

/** Bytes in front of the sync samples of pieces that need none. */
export const NO_INLINE = new Uint8Array(0);

/** One piece of columns by itself. */
export function pieceOf({ sources, tracks }: PieceColumns, number: number): Piece {
  const at = (column: Float64Array): number => column[number] ?? 0;
  const own = tracks.map(({ common, counts, first, count, dts, lastDuration, lasting, ownDuration }): PieceTrack => ({
    first: at(first),
    count: at(count),
    dts: at(dts),
    timescale: common.timescale,
    lastDuration: at(lastDuration),
    lasting: at(lasting),
    ownDuration: at(ownDuration),
    offsetShift: common.offsetShift,
    descriptionBase: common.descriptionBase,
    trackId: common.trackId,
    prefix: 0,
    counts: recordOf(COUNT_COLUMNS, (name) => at(counts[name])),
  }));
  return {
    source: { id: at(sources.ids), key: sources.keys[number] ?? "", etag: sources.etags[number] ?? "" },
    tracks: own,
    bytes: own.reduce((sum, { counts }) => sum + counts.bytes, 0),
    fragments: at(sources.fragments),
    inline: NO_INLINE,
  };
}
