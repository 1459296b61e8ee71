/** Bytes of an init segment or a media segment. */
export type SegmentBytes = ArrayBuffer | Uint8Array<ArrayBuffer>;

/** A media segment: whole groups of pictures of one recording. */
export interface MediaSegment {
  /** Wall clock of its first picture, milliseconds since 1970, with a fraction. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Number of the init segment that it needs. */
  readonly init: number;
  /** Where it is played, seconds: a gap takes no time. */
  readonly atS: number;
}

/**
 * A virtual fragmented file: init segments, an index of its media segments, and their bytes once they are asked for. Whatever
 * can be played is one.
 */
export interface PlayerSource {
  /** Wall clock that media times count from, milliseconds since 1970. */
  readonly originMs: number;
  /** RFC 6381, comma separated, of each init segment. */
  readonly codecs: readonly string[];
  /** Pictures a second; undefined without a picture. */
  readonly frameRate: number | undefined;
  /** In order, at least one. */
  readonly segments: readonly MediaSegment[];
  /** @throws Error with a sentence for the viewer */
  init(number: number, signal: AbortSignal): Promise<SegmentBytes>;
  /** @throws Error with a sentence for the viewer */
  media(number: number, signal: AbortSignal): Promise<SegmentBytes>;
  /** The picture of a wall-clock time, milliseconds since 1970, for browsers that lack a codec. Absent: they cannot show it. */
  picture?(timeMs: number, signal: AbortSignal): Promise<Blob>;
  /**
   * Of what is being recorded, or opened part by part: resolves once `segments` has more; false: there will be no more. A segment
   * whose bytes and place stay is the same object in another list. Init segments keep their numbers.
   */
  readonly grow?: ((signal: AbortSignal) => Promise<boolean>) | undefined;
  /** Of what is opened part by part: has `segments` around a wall-clock time, instead of others. @throws as `media` does */
  reach?(timeMs: number): Promise<void>;
  /** Resolves once the wall clock of `segments` stays. Absent: it does. @throws as `media` does */
  timed?(): Promise<void>;
  /** The wall-clock time that is shown first. Default: the start. */
  readonly atMs?: number | undefined;
  /** Where all of it starts, as far as it is known. Default: its segments say it. */
  readonly startMs?: number;
  /** Where all of it ends, in the same way. Exclusive. */
  readonly endMs?: number;
}

/** Wall-clock time in which nothing is recorded. */
export interface Gap {
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
}

/** Seconds before the first segment: its first picture may lie a little before the time that is stated for it. */
export const LEAD_S = 0.1;
/** What is between two recordings and shorter than this (milliseconds) is no gap, as for downloads. */
const GAP_MS = 500;

/** A media segment by the wall clock; one that `begins` does not go on from the one before. */
export type TimedSegment = Omit<MediaSegment, "atS"> & { readonly begins: boolean };

/** Says where media segments are played: one behind the other, whatever lies between them. @param atS of the first one, seconds */
export function placed(segments: readonly TimedSegment[], atS = LEAD_S): MediaSegment[] {
  let offsetS = 0;
  return segments.map(({ startMs, durationMs, init, begins }) => {
    if (begins) offsetS = atS - startMs / 1000;
    const segment = { startMs, durationMs, init, atS: startMs / 1000 + offsetS };
    atS = segment.atS + durationMs / 1000;
    return segment;
  });
}

/** What lies between media segments. */
export function gapsOf(segments: readonly MediaSegment[]): Gap[] {
  return segments.slice(1).flatMap(({ startMs: endMs }, i) => {
    const before = segments[i];
    const startMs = before === undefined ? endMs : before.startMs + before.durationMs;
    return endMs - startMs > GAP_MS ? [{ startMs, endMs }] : [];
  });
}
