import type { RecordedSegment } from "../core/index.ts";

/** How an event rates a segment; segments rated `high` are protected from deletion. */
export type EventLevel = "high" | "low";

/** One recorded MP4 that is finished and can be served. Times are whole milliseconds since 1970-01-01T00:00:00Z. */
export interface Segment extends RecordedSegment {
  /** Never given out twice, also after deletion. */
  readonly id: number;
  readonly streamPath: string;
  readonly format: "mp4" | "fmp4";
  /** RFC 6381, comma separated, in track order. */
  readonly codecs: string;
  /** Bytes. */
  readonly size: number;
  readonly eventLevel: EventLevel | null;
  readonly createdMs: number;
  /** The segment is being recorded: this is what there is of it, under an id that only this process knows. */
  readonly growing?: true;
}

/** A segment that has just become ready. */
export interface AddedSegment extends Segment {
  /** Another ready segment of its stream that was uploaded as starting at the same moment, and is as large. */
  readonly twin: number | undefined;
}

/** What `Catalog.completeSegment` adds to a pending segment. */
export type ReadySegment = Pick<
  Segment,
  "startMs" | "endMs" | "format" | "codecs" | "size" | "etag" | "summary" | "groups"
> & {
  /** The whole segment index. */
  readonly index: Uint8Array;
  /** How far the start may be off either way, milliseconds; default 0: it is exact. */
  readonly precisionMs?: number | undefined;
  /** How long the segment lasts, milliseconds, not rounded; default: from start to end. */
  readonly durationMs?: number | undefined;
  /** Whether there is something to warn of; default: its summary tells. */
  readonly warned?: boolean | undefined;
};

/** A segment whose object lies there already, and stays: nothing has to be noted before it is ready. */
export interface LyingSegment extends ReadySegment, Pick<NewSegment, "streamPath" | "key" | "nowMs"> {
  readonly idempotencyKey: string;
}

/** A segment that is about to be written. */
export interface NewSegment {
  readonly streamPath: string;
  /** A store key no other live segment has. */
  readonly key: string;
  /** Who uploads. Default: empty, nobody who can be told apart. */
  readonly owner?: string | undefined;
  /** Names the upload, so that repeating it gives the first answer. Unique per stream path and owner. */
  readonly idempotencyKey?: string | undefined;
  /** What the request says of the segment, as far as it does: a key that named another one is refused. */
  readonly asked?: { readonly startMs?: number | undefined; readonly size?: number | undefined } | undefined;
  readonly nowMs: number;
  /** For an object that others write: its bytes, and until when they may; until then it needs no renewal. */
  readonly expected?: { readonly size: number; readonly untilMs: number } | undefined;
}

/** A segment whose object others write. */
export interface ExpectedSegment {
  readonly id: number;
  readonly streamPath: string;
  /** As `NewSegment.owner`. */
  readonly owner: string;
  readonly key: string;
  /** Bytes its object must have. */
  readonly size: number;
}

/** Answer of `Catalog.beginSegment`. */
export interface BegunSegment {
  readonly id: number;
  /** The finished segment an earlier request of the same idempotency key made; nothing is pending then. */
  readonly existing: Segment | undefined;
}

/** One page of a listing, as `Catalog.list` takes it. */
export interface ListQuery {
  /** `*` stands for any run of characters, slashes included. */
  readonly streamPath: string;
  /** Only streams that match one of these patterns, written as `streamPath` is. Default: all. */
  readonly within?: readonly string[] | undefined;
  /** Only segments that end after this moment. Default: all. */
  readonly startMs?: number | undefined;
  /** Only segments that start before this moment. Default: all. */
  readonly endMs?: number | undefined;
  /** Default: all that overlap. */
  readonly match?: RangeMatch | undefined;
  readonly eventLevel?: EventLevel | undefined;
  /** From 1. */
  readonly pageNum: number;
  /** At least 1. */
  readonly pageSize: number;
  /** Segments before the page. Default: those of the pages before it. */
  readonly skip?: number;
}

/** A segment as lists show it. */
export interface ListedSegment extends Pick<
  Segment,
  | "id"
  | "streamPath"
  | "startMs"
  | "endMs"
  | "format"
  | "codecs"
  | "key"
  | "size"
  | "eventLevel"
  | "createdMs"
  | "growing"
> {
  /** Absent where there is nothing to warn of. */
  readonly summary?: Uint8Array | undefined;
}

export interface SegmentPage {
  /** How many segments the query matches on all pages. */
  readonly total: number;
  /** Newest start first. */
  readonly segments: readonly ListedSegment[];
}

export interface StreamsQuery {
  /** Patterns one of which a stream must match; `*` stands for any characters. Default: all streams. */
  readonly within?: readonly string[];
  /** From 1, the default. */
  readonly pageNum?: number;
  /** Default: all. */
  readonly pageSize?: number;
}

/** What a stream holds in total. */
export interface StreamTotals {
  readonly streamPath: string;
  /** Finished segments. */
  readonly count: number;
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
  readonly bytes: number;
}

/** Which segments of a time range are meant: all that overlap it, or only those that lie in it as a whole. */
export type RangeMatch = "overlapping" | "contained";

/** What to delete: segments by id, or those of [startMs, endMs): without `match` all that overlap it. */
export type Selection =
  | { readonly streamPath: string; readonly ids: readonly number[] }
  | { readonly streamPath: string; readonly startMs: number; readonly endMs: number; readonly match?: RangeMatch };

export interface Deletion {
  /** The first `MOST_TOLD` of them. */
  readonly deleted: readonly Segment[];
  /** How many were deleted. */
  readonly total: number;
  /** Selected, but kept because their event level is `high`: the first `MOST_TOLD` of them. */
  readonly protected: readonly Segment[];
}

/** A segment between two states: an unfinished upload, or a deleted one whose object may still exist. */
export interface UnsettledSegment {
  readonly id: number;
  readonly key: string;
  readonly state: "pending" | "tombstone";
}

/** A folder whose files are segments where they lie. */
export interface Mount {
  readonly id: number;
  /** Absolute path of the folder. */
  readonly path: string;
}
