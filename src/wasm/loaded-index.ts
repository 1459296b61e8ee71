import { bytesAt, call, listed, number, numberList, room, type Exports } from "./exports.ts";
import { readSample, SAMPLE_SIZE, type Sample } from "./records/listing.ts";
import { FRAGMENT_SIZE, readFragment, readSpan, SPAN_SIZE, type Fragment, type Span } from "./records/output.ts";
import {
  PIECE_TRACK_SIZE,
  readCounts,
  readSelected,
  SELECTION_SIZE,
  writePieceTrack,
  writeSelection,
  type Counts,
  type PieceTrack,
  type Selected,
  type Selection,
} from "./records/piece.ts";

/** A piece as movie fragments. */
export interface PieceFragments {
  /** `moof` and `mdat` header of each fragment, one after another. */
  readonly headers: Uint8Array;
  readonly fragments: readonly Fragment[];
  readonly spans: readonly Span[];
}

/** What a piece holds of each of its tracks, and in sum. */
export interface MeasuredPiece {
  readonly counts: readonly Counts[];
  /** Bytes of media. */
  readonly bytes: number;
  readonly fragments: number;
}

/** A segment index in WASM memory, good for the duration of one `withIndex`. */
export class LoadedIndex {
  readonly #wasm: Exports;
  readonly #index: number;

  constructor(wasm: Exports, index: number) {
    this.#wasm = wasm;
    this.#index = index;
  }

  /** Finds the samples of the track in `slot` that a cut takes. */
  select(slot: number, selection: Selection): Selected {
    const wasm = this.#wasm;
    const pointer = room(wasm, SELECTION_SIZE);
    writeSelection(new DataView(wasm.memory.buffer), pointer, selection);
    call(wasm, wasm.select(this.#index, slot, pointer));
    return readSelected(new DataView(wasm.memory.buffer), pointer);
  }

  /** Counts what a piece will be made of. */
  measure(tracks: readonly PieceTrack[]): MeasuredPiece {
    const wasm = this.#wasm;
    const pointer = putTracks(wasm, tracks);
    const result = call(wasm, wasm.measure(this.#index, pointer));
    const view = new DataView(wasm.memory.buffer);
    const counts = tracks.map((_, i) => readCounts(view, pointer + i * PIECE_TRACK_SIZE));
    return { counts, bytes: result.a, fragments: result.b };
  }

  /**
   * A piece's entries of one table.
   * @param table a value of Table, `stts` to `co64`
   * @param before samples (stss) or chunks (stsc) of the output track before the piece, or the output offset of the
   * piece's media (stco, co64)
   * @returns the core's own bytes: the next call overwrites them
   */
  table(tracks: readonly PieceTrack[], slot: number, table: number, before: number): Uint8Array {
    const wasm = this.#wasm;
    const pointer = putTracks(wasm, tracks);
    const result = call(wasm, wasm.table(this.#index, pointer, slot, table, number(wasm, before)));
    return new Uint8Array(wasm.memory.buffer, result.pointer, result.length);
  }

  /** A piece's media bytes in output order. */
  spans(tracks: readonly PieceTrack[]): Span[] {
    const wasm = this.#wasm;
    const result = call(wasm, wasm.spans(this.#index, putTracks(wasm, tracks)));
    return readSpans(wasm, result.pointer, result.length);
  }

  /** A piece as movie fragments, numbered from `sequence`. */
  fragments(tracks: readonly PieceTrack[], sequence: number): PieceFragments {
    const wasm = this.#wasm;
    const result = call(wasm, wasm.fragments(this.#index, putTracks(wasm, tracks), sequence));
    const list = listed(wasm, "a");
    const spans = listed(wasm, "b");
    const view = new DataView(wasm.memory.buffer);
    return {
      headers: bytesAt(wasm, result.pointer, result.length),
      fragments: Array.from({ length: list.count }, (_, i) => readFragment(view, list.pointer + i * FRAGMENT_SIZE)),
      spans: readSpans(wasm, spans.pointer, spans.count),
    };
  }

  /**
   * A piece's entries of `sidx` or `tfra`.
   * @param place.offset where its first fragment starts in the output
   * @param place.hiddenStart ticks of `timescale` at its start that are not presented; they do not count in `sidx`
   * @param place.hiddenEnd the same at its end
   * @returns the core's own bytes: the next call overwrites them
   */
  accessEntries(
    tracks: readonly PieceTrack[],
    table: number,
    timescale: number,
    place: { offset: number; hiddenStart: number; hiddenEnd: number },
  ): Uint8Array {
    const wasm = this.#wasm;
    const pointer = putTracks(wasm, tracks);
    const numbers = numberList(wasm, [place.offset, place.hiddenStart, place.hiddenEnd]);
    const result = call(wasm, wasm.accessEntries(this.#index, pointer, table, timescale, numbers));
    return new Uint8Array(wasm.memory.buffer, result.pointer, result.length);
  }

  /** Every sample, in file order. For listings and tests: one object a sample. */
  samples(): Sample[] {
    const wasm = this.#wasm;
    const result = call(wasm, wasm.samples(this.#index));
    const view = new DataView(wasm.memory.buffer);
    return Array.from({ length: result.length }, (_, i) => readSample(view, result.pointer + i * SAMPLE_SIZE));
  }
}

function putTracks(wasm: Exports, tracks: readonly PieceTrack[]): number {
  const pointer = room(wasm, tracks.length * PIECE_TRACK_SIZE);
  const view = new DataView(wasm.memory.buffer);
  tracks.forEach((track, i) => {
    writePieceTrack(view, pointer + i * PIECE_TRACK_SIZE, track);
  });
  return pointer;
}

function readSpans(wasm: Exports, pointer: number, count: number): Span[] {
  const view = new DataView(wasm.memory.buffer);
  return Array.from({ length: count }, (_, i) => readSpan(view, pointer + i * SPAN_SIZE));
}
