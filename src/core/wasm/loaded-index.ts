import type { Exports } from "./abi/exports.ts";
import {
  FRAGMENT_SIZE,
  GROUP_SIZE,
  PIECE_TRACK_SIZE,
  PieceTrackAt,
  readCounts,
  readDecoding,
  readFragment,
  readSelected,
  readSpan,
  SAMPLE_RECORD_SIZE,
  SELECTED_SIZE,
  SELECTION_SIZE,
  SelectionAt,
  SPAN_SIZE,
  writePieceTrack,
  writeSelection,
  type Counts,
  type Decoding,
  type Fragment,
  type PieceTrack,
  type Result,
  type Selected,
  type Selection,
  type Span,
} from "./abi/records.ts";
import { bytesAt, call, put, putRecords, recordsAt, room } from "./call.ts";
import { readSample, type Sample } from "./records/listing.ts";

/** Samples, or runs of them, that one call works on: some milliseconds, and all of the usual piece. */
export const PAGE = 1 << 15;

/** Entries of a table that one call writes. */
const ENTRIES = 1 << 20;

/** What a call goes on with, when there is more than the part of a piece that it gave. */
export type Rest = Uint8Array;

/** A part of a piece's media bytes. */
export interface SpansPage {
  /** Span records, which `spansOf` reads: a page may have hundreds of thousands. */
  readonly spans: Uint8Array;
  /** Undefined after the last part. */
  readonly rest: Rest | undefined;
}

/** A part of a piece as movie fragments. */
export interface FragmentsPage extends SpansPage {
  /** `moof` and `mdat` header of each fragment, one after another. */
  readonly headers: Uint8Array;
  readonly fragments: readonly Fragment[];
}

/** Which part of a piece is wanted. */
export interface Paging {
  /** What the part before left; default: the first part. */
  readonly rest?: Rest | undefined;
  /** Default PAGE; in tests less. */
  readonly most?: number;
}

/** Samples given by their numbers. `presentedEnd` is where a sync sample that follows them is presented. */
export interface SampleRun extends Selected {
  /** Whether they begin with a sync sample. */
  readonly sync: boolean;
  /** Whether a sync sample follows them. */
  readonly beforeSync: boolean;
}

/** What a piece holds of each of its tracks, and in sum. */
export interface MeasuredPiece {
  readonly counts: readonly Counts[];
  readonly decodings: readonly Decoding[];
  /** Bytes of media. */
  readonly bytes: number;
  readonly fragments: number;
}

/** Bytes in the module's memory, lent until the next call on their index or the end of its `withIndex`. */
export interface LentBytes {
  readonly length: number;
  /** What the rest is made with, of calls that give a part. */
  readonly rest: Rest | undefined;
  /** Copies as many bytes from `offset` on as `target` holds. @throws Error when they are lent no more */
  copyTo(target: Uint8Array, offset: number): void;
}

/** Bytes that are at hand, as those are that are lent. */
export function lentBytes(bytes: Uint8Array, rest: Rest | undefined): LentBytes {
  const copyTo: LentBytes["copyTo"] = (target, offset) => {
    target.set(bytes.subarray(offset, offset + target.byteLength));
  };
  return { length: bytes.length, rest, copyTo };
}

/** Reads Span records one by one: `count` from number `first` on, all by default. */
export function* spansOf(records: Uint8Array, first = 0, count = records.byteLength / SPAN_SIZE): Generator<Span> {
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  for (let number = first; number < first + count; number++) yield readSpan(view, number * SPAN_SIZE);
}

/** A segment index in WASM memory, good for the duration of one `withIndex`. Results are copies, but for LentBytes. */
export class LoadedIndex {
  readonly #exports: Exports;
  readonly #index: number;
  /** Address behind the index. */
  readonly #end: number;
  #calls = 0;
  #closed = false;

  constructor(wasm: Exports, index: number) {
    this.#exports = wasm;
    this.#index = index;
    this.#end = wasm.allocate(0);
  }

  /** Ends its use: every later call, and every copy of what was lent, is an error. */
  close(): void {
    this.#calls++;
    this.#closed = true;
  }

  /** Finds the samples of the track `trackIndex` that a cut takes. */
  select(trackIndex: number, selection: Selection): Selected {
    const wasm = this.#wasm();
    const pointer = putRecords(wasm, SELECTION_SIZE, writeSelection, [selection]);
    call(wasm, wasm.select(this.#index, trackIndex, pointer));
    return readSelected(new DataView(wasm.memory.buffer), pointer + SelectionAt.selected);
  }

  /**
   * The groups of pictures of the track `trackIndex`, as Group records.
   * @param least ticks from the start of one to that of the next, at least
   */
  groups(trackIndex: number, least: number): Uint8Array {
    const wasm = this.#wasm();
    const { pointer, length } = call(wasm, wasm.groups(this.#index, trackIndex, least));
    return bytesAt(wasm, pointer, length * GROUP_SIZE);
  }

  /** What is true of `count` samples of the track `trackIndex`, from number `first` on. */
  run(trackIndex: number, first: number, count: number): SampleRun {
    const wasm = this.#wasm();
    const pointer = room(wasm, SELECTED_SIZE);
    const { count: syncs } = call(wasm, wasm.run(this.#index, trackIndex, first, count, pointer));
    const selected = readSelected(new DataView(wasm.memory.buffer), pointer);
    return { ...selected, shown: selected.pts, sync: (syncs & 1) !== 0, beforeSync: (syncs & 2) !== 0 };
  }

  /** Counts what a piece will be made of. */
  measure(tracks: readonly PieceTrack[]): MeasuredPiece {
    const wasm = this.#wasm();
    const pointer = putTracks(wasm, tracks);
    const { total, count } = call(wasm, wasm.measure(this.#index, pointer));
    const counts = recordsAt(wasm, PIECE_TRACK_SIZE, readCounts, pointer + PieceTrackAt.counts, tracks.length);
    const decodings = recordsAt(wasm, PIECE_TRACK_SIZE, readDecoding, pointer + PieceTrackAt.decoding, tracks.length);
    return { counts, decodings, bytes: total, fragments: count };
  }

  /**
   * A piece's entries of one table.
   * @param table a value of Table, `Stts` to `Co64`
   * @param before samples (stss) or chunks (stsc) of the output track before the piece, or the output offset of the
   * piece's media (stco, co64)
   * @param part.from bytes of entries in front of those that are wanted, default 0
   * @param part.most entries that are wanted, at most; default 2^20
   */
  table(
    tracks: readonly PieceTrack[],
    trackIndex: number,
    table: number,
    before: number,
    { from = 0, most = ENTRIES }: { readonly from?: number; readonly most?: number } = {},
  ): LentBytes {
    const wasm = this.#wasm();
    const status = wasm.table(this.#index, putTracks(wasm, tracks), trackIndex, table, before, from, most);
    return this.#lend(call(wasm, status));
  }

  /** A piece's media bytes in output order, part by part. */
  spans(tracks: readonly PieceTrack[], { rest, most = PAGE }: Paging = {}): SpansPage {
    const wasm = this.#wasm();
    const result = call(wasm, wasm.spans(this.#index, putTracks(wasm, tracks), most, putRest(wasm, rest)));
    return { spans: bytesAt(wasm, result.pointer, result.length * SPAN_SIZE), rest: restOf(wasm, result) };
  }

  /** A piece as movie fragments, numbered from `sequence`, part by part. */
  fragments(tracks: readonly PieceTrack[], sequence: number, { rest, most = PAGE }: Paging = {}): FragmentsPage {
    const wasm = this.#wasm();
    const pointer = putTracks(wasm, tracks);
    const result = call(wasm, wasm.fragments(this.#index, pointer, sequence, most, putRest(wasm, rest)));
    return {
      headers: bytesAt(wasm, result.pointer, result.length),
      fragments: recordsAt(wasm, FRAGMENT_SIZE, readFragment, result.listPointer, result.listLength),
      spans: bytesAt(wasm, result.spansPointer, result.spansLength * SPAN_SIZE),
      rest: restOf(wasm, result),
    };
  }

  /**
   * A piece's entries of `sidx` or `tfra`, part by part.
   * @param place.offset where its first fragment starts in the output
   * @param place.hiddenStart ticks of `timescale` at its start that are not presented; they do not count in `sidx`
   * @param place.hiddenEnd the same at its end
   */
  accessEntries(
    tracks: readonly PieceTrack[],
    table: number,
    timescale: number,
    { offset, hiddenStart, hiddenEnd }: { offset: number; hiddenStart: number; hiddenEnd: number },
    { rest, most = PAGE }: Paging = {},
  ): LentBytes {
    const wasm = this.#wasm();
    const pointer = putTracks(wasm, tracks);
    const place = [offset, hiddenStart, hiddenEnd] as const;
    const state = putRest(wasm, rest);
    const status = wasm.accessEntries(this.#index, pointer, table, timescale, ...place, most, state);
    return this.#lend(call(wasm, status));
  }

  /** Every sample, in file order. For listings and tests: one object a sample. */
  samples(): Sample[] {
    const wasm = this.#wasm();
    const { pointer, length } = call(wasm, wasm.samples(this.#index));
    return recordsAt(wasm, SAMPLE_RECORD_SIZE, readSample, pointer, length);
  }

  /** The first sample of a track in file order. @param trackIndex place of the track in the summary */
  firstSample(trackIndex: number): Sample | undefined {
    const wasm = this.#wasm();
    const { pointer, length } = call(wasm, wasm.samples(this.#index));
    const view = new DataView(wasm.memory.buffer, pointer, length * SAMPLE_RECORD_SIZE);
    for (let at = 0; at < view.byteLength; at += SAMPLE_RECORD_SIZE) {
      const sample = readSample(view, at);
      if (sample.trackIndex === trackIndex) return sample;
    }
    return undefined;
  }

  #wasm(): Exports {
    if (this.#closed) throw new Error("This index is loaded no more: use it inside the function given to withIndex.");
    this.#calls++;
    // Every call finds the same room, whichever came before: what it goes on with fits there again.
    this.#exports.rewind(this.#end);
    return this.#exports;
  }

  #lend(result: Result): LentBytes {
    const { pointer, length } = result;
    const lentAt = this.#calls;
    const copyTo = (target: Uint8Array, offset: number): void => {
      if (offset + target.byteLength > length) throw new RangeError("Fewer bytes are lent than are asked for.");
      if (lentAt !== this.#calls) throw new Error("These bytes are lent no more: copy them before the next call.");
      target.set(new Uint8Array(this.#exports.memory.buffer, pointer + offset, target.byteLength));
    };
    return { length, rest: restOf(this.#exports, result), copyTo };
  }
}

function putTracks(wasm: Exports, tracks: readonly PieceTrack[]): number {
  return putRecords(wasm, PIECE_TRACK_SIZE, writePieceTrack, tracks);
}

function putRest(wasm: Exports, rest: Rest | undefined): number {
  return rest === undefined ? 0 : put(wasm, rest);
}

function restOf(wasm: Exports, { statePointer, stateLength }: Result): Rest | undefined {
  return stateLength === 0 ? undefined : bytesAt(wasm, statePointer, stateLength);
}
