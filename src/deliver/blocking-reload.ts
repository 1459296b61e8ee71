import { BoxcarError } from "../base/errors.ts";

/** How far a playlist that grows has come. */
export interface PlaylistEnd {
  /** Media sequence number of the media segment that is unfinished. */
  readonly next: number;
  /** How many Partial Segments there are, as far as they are listed, by the numbers of their media segments. */
  readonly parts: ReadonlyMap<number, number>;
}

/** What a playlist has to have for a client that reloads it (RFC 8216bis section 6.2.5.2). */
export interface AwaitedEnd {
  /** Media sequence number. */
  readonly msn: number;
  /** Number of a Partial Segment of it; absent: all of it. */
  readonly part?: number | undefined;
}

/**
 * Whether a playlist has come as far as is asked for.
 * @throws BoxcarError `bad_parameter` (400) when that lies too far ahead to be waited for
 */
export function hasReached({ next, parts }: PlaylistEnd, { msn, part }: AwaitedEnd): boolean {
  if (msn > next + 1) {
    const message = `_HLS_msn=${String(msn)} lies too far ahead: the playlist goes on with ${String(next)}.`;
    throw new BoxcarError("bad_parameter", message, { parameters: ["_HLS_msn"] });
  }
  if (msn >= next) return msn === next && part !== undefined && part < (parts.get(next) ?? 0);
  const isBehind = msn === next - 1 && part !== undefined && part >= (parts.get(msn) ?? Number.POSITIVE_INFINITY);
  // Behind the last one of a media segment comes the first one of the next.
  return !isBehind || (parts.get(next) ?? 0) > 0;
}
