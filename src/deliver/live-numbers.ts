import { LruMap } from "../base/lru-map.ts";

/** Bytes of numbers kept: of some thousand windows. */
const CACHE_BYTES = 4 << 20;
/** What a media segment takes of it. */
const ENTRY_BYTES = 150;
/**
 * Media segments of a window that are remembered, the newest ones: the next playlist, of whatever rendition, still lists one of them, and
 * those before it are counted back from there. So a window of a day takes as little as others, and does not push them out.
 */
const REMEMBERED = 64;

/** A media segment of a window. */
export interface NumberedSegment {
  /** The same in all renditions. */
  readonly name: string;
  /** Whether a discontinuity lies before it. */
  readonly begins: boolean;
  readonly durationMs: number;
}

/** `EXT-X-MEDIA-SEQUENCE` and `EXT-X-DISCONTINUITY-SEQUENCE` of a playlist (RFC 8216 sections 4.3.3.2 and 4.3.3.3). */
export interface WindowNumbers {
  readonly sequence: number;
  readonly discontinuity: number;
}

/** Numbers the media segments of playlists that grow: each keeps its number for as long as it is listed, in all renditions. */
export class LiveNumbers {
  readonly #windows = new LruMap<string, ReadonlyMap<string, WindowNumbers>>(
    CACHE_BYTES,
    (numbers, name) => ENTRY_BYTES * (numbers.size + 1) + 2 * name.length,
  );

  readonly #origins = new LruMap<string, number>(CACHE_BYTES, (_origin, name) => ENTRY_BYTES + 2 * name.length);

  /** What the times of a manifest that grows count from: its first media segment, also once that was deleted. */
  originOf(manifest: string, first: number): number {
    const origin = this.#origins.get(manifest) ?? first;
    this.#origins.set(manifest, origin);
    return origin;
  }

  /**
   * The numbers of a playlist's first media segment.
   * @param window names the playlist, for all renditions
   * @param from where its numbers start, when nobody has seen any
   */
  of(window: string, listed: readonly NumberedSegment[], from: number): WindowNumbers {
    const known = this.#windows.get(window) ?? new Map<string, WindowNumbers>();
    const numbers = firstOf(known, listed, from);
    const next = new Map(known);
    const oldest = numbers.sequence + listed.length - REMEMBERED;
    let { discontinuity } = numbers;
    for (const [i, { name, begins }] of listed.entries()) {
      if (begins && i > 0) discontinuity++;
      const sequence = numbers.sequence + i;
      if (sequence >= oldest) next.set(name, { sequence, discontinuity });
    }
    for (const [name, { sequence }] of known) if (sequence < oldest) next.delete(name);
    this.#windows.set(window, next);
    return numbers;
  }
}

function firstOf(
  known: ReadonlyMap<string, WindowNumbers>,
  listed: readonly NumberedSegment[],
  from: number,
): WindowNumbers {
  const shared = listed.findIndex(({ name }) => known.has(name));
  const before = known.get(listed[shared]?.name ?? "");
  if (before !== undefined) {
    const begun = listed.slice(1, shared + 1).filter(({ begins }) => begins).length;
    return { sequence: before.sequence - shared, discontinuity: before.discontinuity - begun };
  }
  if (known.size === 0) return { sequence: from, discontinuity: 0 }; // hls.js keeps a list as long as the latter
  const last = [...known.values()].reduce((a, b) => (b.sequence > a.sequence ? b : a));
  return { sequence: last.sequence + 1, discontinuity: last.discontinuity + 1 };
}
