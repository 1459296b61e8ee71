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
}

/** A duration as the catalog counts it: whole milliseconds; what has none, such as a single picture, lasts one. */
export function wholeDuration(durationMs: number): number {
  return Math.max(1, Math.ceil(durationMs));
}
