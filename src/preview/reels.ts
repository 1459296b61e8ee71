import type { MediaSegment, PlayerSource } from "./source.ts";

/** Media segments that one buffer of the browser takes, one after another: those whose tracks have the same codecs but for their levels. */
export interface Reel {
  /** Number of the first segment. */
  readonly from: number;
  readonly segments: readonly MediaSegment[];
  /** RFC 6381, of its first segment. */
  readonly codecs: string;
  /** Whether the browser has all of its codecs. */
  readonly isPlayable: boolean;
}

/** What a buffer of a source's media is called (RFC 6381). */
export const typeOf = (codecs: string): string => `video/mp4; codecs="${codecs}"`;

/** Codecs without their profiles and levels: buffers take another one of these as it is. */
const familyOf = (codecs: string): string => codecs.replaceAll(/\.[^,]*/g, "");

/** Whether a buffer for one reel takes what another one has. */
export function areAlike(one: Reel, other: Reel): boolean {
  return familyOf(one.codecs) === familyOf(other.codecs) && one.isPlayable === other.isPlayable;
}

/** Divides a source where its sound comes or goes, or its codecs change: no buffer takes both. */
export function reelsOf({ segments, codecs }: Pick<PlayerSource, "segments" | "codecs">): Reel[] {
  const isPlayable = codecs.map((one) => MediaSource.isTypeSupported(typeOf(one)));
  const families = codecs.map(familyOf);
  const starts = segments.flatMap(({ init }, i) => {
    const before = segments[i - 1]?.init;
    const goesOn =
      before !== undefined && families[before] === families[init] && isPlayable[before] === isPlayable[init];
    return goesOn ? [] : [i];
  });
  return starts.map((from, i) => {
    const init = segments[from]?.init ?? 0;
    return {
      from,
      segments: segments.slice(from, starts[i + 1]),
      codecs: codecs[init] ?? "",
      isPlayable: isPlayable[init] === true,
    };
  });
}

/** Number of the segment that holds a time of the element (seconds), or else the next one; undefined behind the last. */
export function segmentAt(segments: readonly MediaSegment[], time: number): number | undefined {
  let [low, high] = [0, segments.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (endOf(segments[middle]) > time) high = middle;
    else low = middle + 1;
  }
  return low < segments.length ? low : undefined;
}

/** Where a segment ends, seconds of the element. */
export function endOf(segment: MediaSegment | undefined): number {
  return segment === undefined ? 0 : segment.atS + segment.durationMs / 1000;
}
