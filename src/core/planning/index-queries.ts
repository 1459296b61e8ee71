import type { PieceTrack } from "./piece.ts";
import type { Indexes, RecordedSegment } from "../segment.ts";
import { LruMap } from "../../base/lru-map.ts";
import type { IndexAnswer, IndexRequest } from "../wasm/index-request.ts";
import type { MeasuredPiece } from "../wasm/loaded-index.ts";
import type { Core } from "../wasm/module.ts";
import type { Selected, Selection } from "../wasm/abi/records.ts";
import { completeSamples } from "./complete.ts";
import { TimedSegment } from "./placed-segment.ts";

/** Bytes of answers that are kept by default: the cuts of some ten thousand segments. */
const DEFAULT_CUT_CACHE_BYTES = 4 << 20;
/** Bytes that one answer takes, about, with its place. */
const ENTRY_BYTES = 400;

/** The answers that are kept. */
interface Found {
  readonly selected: LruMap<string, Selected>;
  readonly measured: LruMap<string, MeasuredPiece>;
  /** As long as the rows are kept. */
  readonly timed: WeakMap<RecordedSegment, TimedSegment>;
}

function nothingFound(budget: number): Found {
  return {
    selected: new LruMap(budget / 2, (_, name) => ENTRY_BYTES + name.length),
    measured: new LruMap(budget / 2, ({ counts }, name) => ENTRY_BYTES * (1 + counts.length) + name.length),
    timed: new WeakMap(),
  };
}

/**
 * Asks segment indexes and keeps the answers. An index never changes, so an answer stays true: of ranges that overlap only the
 * first reads the summaries and walks the samples of the joints that have to be cut.
 */
export class IndexQueries {
  readonly #core: Core;
  readonly #indexes: Indexes;
  readonly #found: Found;

  constructor(core: Core, indexes: Indexes, found: Found = nothingFound(DEFAULT_CUT_CACHE_BYTES)) {
    this.#core = core;
    this.#indexes = indexes;
    this.#found = found;
  }

  /**
   * The same answers, for one plan: an index that has to be read is read together with others.
   * @param upcoming whose indexes are wanted soon
   */
  readingAlong(upcoming: () => readonly number[]): IndexQueries {
    const indexes: Indexes = { get: (id, more = upcoming()) => this.#indexes.get(id, more) };
    return new IndexQueries(this.#core, indexes, this.#found);
  }

  /** A segment with what its summary says. @throws BoxcarError `bad_index` (500) */
  timed(segment: RecordedSegment): TimedSegment {
    let timed = this.#found.timed.get(segment);
    if (timed === undefined) {
      timed = new TimedSegment(segment);
      this.#found.timed.set(segment, timed);
    }
    return timed;
  }

  /** Finds the samples of the track `trackIndex` that a cut takes. @throws BoxcarError `index_missing` (503) */
  async select({ id }: RecordedSegment, trackIndex: number, selection: Selection): Promise<Selected> {
    const { start, end, rules, preroll } = selection;
    const name = `${id} ${trackIndex} ${start} ${end} ${rules} ${preroll}`;
    let found = this.#found.selected.get(name);
    if (found === undefined) {
      found = await this.#ask(id, ["select", trackIndex, selection]);
      this.#found.selected.set(name, found);
    }
    return found;
  }

  /**
   * Counts what a piece will be made of.
   * @param scaled whether a track changes its timescale: then rounding depends on where it lands
   * @throws BoxcarError `index_missing` (503)
   */
  async measure({ id }: RecordedSegment, tracks: readonly PieceTrack[], scaled: boolean): Promise<MeasuredPiece> {
    if (scaled) return this.#ask(id, ["measure", tracks]);
    const name = `${id} ${tracks.map(nameOf).join()}`;
    let measured = this.#found.measured.get(name);
    if (measured === undefined) {
      measured = await this.#ask(id, ["measure", tracks]);
      this.#found.measured.set(name, measured);
    }
    return measured;
  }

  /** `completeSamples` of an open segment. @throws BoxcarError `index_missing` (503) */
  async complete(timed: TimedSegment): Promise<number> {
    return this.#core.withIndex(await this.#indexes.get(timed.segment.id), (index) => completeSamples(index, timed));
  }

  async #ask<Name extends "select" | "measure">(id: number, request: IndexRequest<Name>): Promise<IndexAnswer<Name>> {
    return this.#core.ask(await this.#indexes.get(id), request);
  }
}

/** A name for all that the counts of a piece's track and its decode times depend on. */
function nameOf({
  first,
  count,
  offsetShift,
  shown,
  start = 0,
  delay = 0,
  usual = 0,
  leads = 0,
  hiddenBehind = 0,
  apart = 1,
  dts,
}: PieceTrack): string {
  const name = `${first} ${count} ${offsetShift} ${apart}`;
  return shown === undefined ? name : `${name} ${shown} ${start - dts} ${delay} ${usual} ${leads} ${hiddenBehind}`;
}
