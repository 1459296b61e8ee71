import type { Exports } from "./abi/exports.ts";
import {
  FRAGMENT_SIZE,
  PIECE_TRACK_SIZE,
  PieceTrackAt,
  readCounts,
  readFragment,
  readSelected,
  readSpan,
  SAMPLE_RECORD_SIZE,
  SELECTION_SIZE,
  SelectionAt,
  SPAN_SIZE,
  writePieceTrack,
  writeSelection,
  type Counts,
  type Fragment,
  type PieceTrack,
  type Selected,
  type Selection,
  type Span,
} from "./abi/records.ts";
import { bytesAt, call, putRecords, recordsAt } from "./exports.ts";
import { readSample, type Sample } from "./records/listing.ts";

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

/** Bytes in the module's memory, lent until the next call on their index or the end of its `withIndex`. */
export interface LentBytes {
  readonly length: number;
  /** Copies as many bytes from `offset` on as `target` holds. @throws Error when they are lent no more */
  copyTo(target: Uint8Array, offset: number): void;
}

/** A segment index in WASM memory, good for the duration of one `withIndex`. Results are copies, but for LentBytes. */
export class LoadedIndex {
  readonly #exports: Exports;
  readonly #index: number;
  #calls = 0;
  #closed = false;

  constructor(wasm: Exports, index: number) {
    this.#exports = wasm;
    this.#index = index;
  }

  /** Ends its use: every later call, and every copy of what was lent, is an error. */
  close(): void {
    this.#calls++;
    this.#closed = true;
  }

  /** Finds the samples of the track in `slot` that a cut takes. */
  select(slot: number, selection: Selection): Selected {
    const wasm = this.#wasm();
    const pointer = putRecords(wasm, SELECTION_SIZE, writeSelection, [selection]);
    call(wasm, wasm.select(this.#index, slot, pointer));
    return readSelected(new DataView(wasm.memory.buffer), pointer + SelectionAt.selected);
  }

  /** Counts what a piece will be made of. */
  measure(tracks: readonly PieceTrack[]): MeasuredPiece {
    const wasm = this.#wasm();
    const pointer = putTracks(wasm, tracks);
    const { total, count } = call(wasm, wasm.measure(this.#index, pointer));
    const counts = recordsAt(wasm, PIECE_TRACK_SIZE, readCounts, pointer + PieceTrackAt.counts, tracks.length);
    return { counts, bytes: total, fragments: count };
  }

  /**
   * A piece's entries of one table.
   * @param table a value of Table, `Stts` to `Co64`
   * @param before samples (stss) or chunks (stsc) of the output track before the piece, or the output offset of the
   * piece's media (stco, co64)
   */
  table(tracks: readonly PieceTrack[], slot: number, table: number, before: number): LentBytes {
    const wasm = this.#wasm();
    const status = wasm.table(this.#index, putTracks(wasm, tracks), slot, table, before);
    return this.#lend(call(wasm, status));
  }

  /** A piece's media bytes in output order. */
  spans(tracks: readonly PieceTrack[]): Span[] {
    const wasm = this.#wasm();
    const { pointer, length } = call(wasm, wasm.spans(this.#index, putTracks(wasm, tracks)));
    return recordsAt(wasm, SPAN_SIZE, readSpan, pointer, length);
  }

  /** A piece as movie fragments, numbered from `sequence`. */
  fragments(tracks: readonly PieceTrack[], sequence: number): PieceFragments {
    const wasm = this.#wasm();
    const result = call(wasm, wasm.fragments(this.#index, putTracks(wasm, tracks), sequence));
    return {
      headers: bytesAt(wasm, result.pointer, result.length),
      fragments: recordsAt(wasm, FRAGMENT_SIZE, readFragment, result.listPointer, result.listLength),
      spans: recordsAt(wasm, SPAN_SIZE, readSpan, result.spansPointer, result.spansLength),
    };
  }

  /**
   * A piece's entries of `sidx` or `tfra`.
   * @param place.offset where its first fragment starts in the output
   * @param place.hiddenStart ticks of `timescale` at its start that are not presented; they do not count in `sidx`
   * @param place.hiddenEnd the same at its end
   */
  accessEntries(
    tracks: readonly PieceTrack[],
    table: number,
    timescale: number,
    { offset, hiddenStart, hiddenEnd }: { offset: number; hiddenStart: number; hiddenEnd: number },
  ): LentBytes {
    const wasm = this.#wasm();
    const pointer = putTracks(wasm, tracks);
    const status = wasm.accessEntries(this.#index, pointer, table, timescale, offset, hiddenStart, hiddenEnd);
    return this.#lend(call(wasm, status));
  }

  /** Every sample, in file order. For listings and tests: one object a sample. */
  samples(): Sample[] {
    const wasm = this.#wasm();
    const { pointer, length } = call(wasm, wasm.samples(this.#index));
    return recordsAt(wasm, SAMPLE_RECORD_SIZE, readSample, pointer, length);
  }

  #wasm(): Exports {
    if (this.#closed) throw new Error("This index is loaded no more: use it inside the function given to withIndex.");
    this.#calls++;
    return this.#exports;
  }

  #lend({ pointer, length }: { pointer: number; length: number }): LentBytes {
    const lentAt = this.#calls;
    const copyTo = (target: Uint8Array, offset: number): void => {
      if (offset + target.byteLength > length) throw new RangeError("Fewer bytes are lent than are asked for.");
      if (lentAt !== this.#calls) throw new Error("These bytes are lent no more: copy them before the next call.");
      target.set(new Uint8Array(this.#exports.memory.buffer, pointer + offset, target.byteLength));
    };
    return { length, copyTo };
  }
}

function putTracks(wasm: Exports, tracks: readonly PieceTrack[]): number {
  return putRecords(wasm, PIECE_TRACK_SIZE, writePieceTrack, tracks);
}
