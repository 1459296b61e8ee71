import type { Segment } from "../catalog/types.ts";
import { LruMap } from "../lru-map.ts";
import type { LoadedIndex } from "../wasm/loaded-index.ts";
import type { Core } from "../wasm/module.ts";
import type { PieceTrack, Selected, Selection } from "../wasm/records/piece.ts";
import type { IndexCache } from "./index-cache.ts";
import { TimedSegment } from "./placed-segment.ts";

/** What is kept by default: the cuts of some ten thousand segments. */
const DEFAULT_CUT_CACHE_BYTES = 4 << 20;
/** About what one answer takes with its question. */
const ENTRY_BYTES = 400;

/** What `measure` tells of a track. */
type Measured = Pick<
  PieceTrack,
  "sttsEntries" | "cttsEntries" | "syncSamples" | "chunks" | "stscEntries" | "trafs" | "truns" | "flags" | "bytes"
>;

/** What a piece holds of each of its tracks, and in sum. */
interface MeasuredPiece {
  readonly tracks: readonly Measured[];
  readonly bytes: number;
  readonly fragments: number;
}

/**
 * Cuts segments by their indexes. Indexes never change, so what was found stays true: ranges that overlap share joints
 * that have to be cut, and only the first of them walks the samples, and reads the summaries.
 */
export class Cuts {
  readonly #core: Core;
  readonly #indexes: IndexCache;
  readonly #selected: LruMap<string, Selected>;
  readonly #measured: LruMap<string, MeasuredPiece>;
  /** As long as the catalog keeps the rows. */
  readonly #timed = new WeakMap<Segment, TimedSegment>();

  constructor(core: Core, indexes: IndexCache, budget = DEFAULT_CUT_CACHE_BYTES) {
    this.#core = core;
    this.#indexes = indexes;
    this.#selected = new LruMap(budget / 2, () => ENTRY_BYTES);
    this.#measured = new LruMap(budget / 2, ({ tracks }) => ENTRY_BYTES * tracks.length);
  }

  /** A segment with what its summary says. @throws BoxcarError `bad_index` (500) */
  timed(segment: Segment): TimedSegment {
    let timed = this.#timed.get(segment);
    if (timed === undefined) {
      timed = new TimedSegment(segment);
      this.#timed.set(segment, timed);
    }
    return timed;
  }

  /** Finds the samples of the track in `slot` that a cut takes. @throws BoxcarError `index_missing` (503) */
  async select({ id }: Segment, slot: number, selection: Selection): Promise<Selected> {
    const { start, end, rules, preroll } = selection;
    const name = `${id} ${slot} ${start} ${end} ${rules} ${preroll}`;
    let found = this.#selected.get(name);
    if (found === undefined) {
      found = await this.#withIndex(id, (index) => index.select(slot, selection));
      this.#selected.set(name, found);
    }
    return found;
  }

  /**
   * Fills the measured fields of each track. Returns the piece's media bytes and fragments.
   * @param scaled whether a track changes its timescale: then rounding depends on where it lands
   * @throws BoxcarError `index_missing` (503)
   */
  async measure(
    { id }: Segment,
    tracks: readonly PieceTrack[],
    scaled: boolean,
  ): Promise<{ bytes: number; fragments: number }> {
    if (scaled) return this.#withIndex(id, (index) => index.measure(tracks));
    const name = `${id} ${tracks.map(({ first, count, offsetShift }) => `${first} ${count} ${offsetShift}`).join()}`;
    const known = this.#measured.get(name);
    if (known !== undefined) {
      tracks.forEach((track, slot) => Object.assign(track, known.tracks[slot]));
      return known;
    }
    const sums = await this.#withIndex(id, (index) => index.measure(tracks));
    this.#measured.set(name, { ...sums, tracks: tracks.map(measuredOf) });
    return sums;
  }

  async #withIndex<T>(id: number, use: (index: LoadedIndex) => T): Promise<T> {
    return this.#core.withIndex(await this.#indexes.get(id), use);
  }
}

function measuredOf(track: PieceTrack): Measured {
  const { sttsEntries, cttsEntries, syncSamples, chunks, stscEntries, trafs, truns, flags, bytes } = track;
  return { sttsEntries, cttsEntries, syncSamples, chunks, stscEntries, trafs, truns, flags, bytes };
}
