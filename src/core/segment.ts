import type { ByteSpan } from "../base/ports.ts";

/** A recorded segment as planning sees it. Times are whole milliseconds since 1970-01-01T00:00:00Z. */
export interface RecordedSegment {
  /** Tells its index from those of others, and names it in errors and ETags. */
  readonly id: number;
  /** When the reference track starts to be presented. Inclusive. */
  readonly startMs: number;
  /** Exclusive, above `startMs`. */
  readonly endMs: number;
  /** Where the bytes lie in the store. */
  readonly key: string;
  /** The stored object's ETag, without quotes. */
  readonly etag: string;
  /** The start of its segment index: counts and durations a track. */
  readonly summary: Uint8Array;
  /** What `notedGroups` says of it; absent: its index does. */
  readonly groups?: string | undefined;
  /** The id that it is found by for good, where `id` is that of a version; default: `id`. */
  readonly lastingId?: number | undefined;
  /** It is being recorded, and more of it will come. */
  readonly open?: boolean | undefined;
  /** Names its bytes in ETags of outputs. Default: id and ETag. */
  readonly identity?: string | undefined;
}

/** Segment indexes by the ids of their segments. */
export interface Indexes {
  /**
   * The index of one segment.
   * @param upcoming ids that will be wanted soon: they may be fetched along with it
   * @throws BoxcarError `index_missing` (503)
   */
  get(id: number, upcoming?: readonly number[]): Promise<Uint8Array>;
}

/** Indexes that are fetched at once. */
export const INDEX_PAGE = 64;

/** A file that outputs and pictures are made of. */
export interface SegmentSource {
  /** When it starts to be presented, milliseconds since 1970-01-01T00:00:00Z. Rounded down to a whole one. */
  readonly startMs: number;
  /** The start of its index, as indexing gives it: most of planning needs no more. */
  readonly summary: Uint8Array;
  /** Its segment index, or what gets it each time it is needed. */
  readonly index: Uint8Array | (() => Promise<Uint8Array>);
  /** Gives exactly `span.length` bytes, or throws: at once, or in chunks, each valid until the next one is asked for. */
  read(span: ByteSpan): AsyncIterable<Uint8Array> | Promise<Uint8Array>;
  /** Tells it from other files. Default: its number, from 1. */
  readonly key?: string;
  /** Names its version: equal ETags mean equal bytes. Default: none, and then plans of it have no ETag to rely on. */
  readonly etag?: string;
  /** Names it in errors. Given to all files or to none; default: its number, from 1. */
  readonly id?: number;
}

/** A duration as the catalog counts it: whole milliseconds; what has none, such as a single picture, lasts one. */
export function wholeDuration(durationMs: number): number {
  return Math.max(1, Math.ceil(durationMs));
}
