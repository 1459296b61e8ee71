import { BoxcarError } from "../errors.ts";
import {
  ABI_VERSION,
  BOX_SIZE,
  EXTENT_SIZE,
  fourccText,
  FRAGMENT_SIZE,
  OUTPUT_TRACK_SIZE,
  PIECE_TRACK_SIZE,
  readAddress,
  readBox,
  readFragment,
  readMeasured,
  readResult,
  readSample,
  readSelected,
  readSpan,
  readSplice,
  RESULT_SIZE,
  SAMPLE_SIZE,
  SELECTION_SIZE,
  SPAN_SIZE,
  SPLICE_SIZE,
  writeExtent,
  writeMovieTrack,
  writePieceTrack,
  writeSelection,
  writeU64,
  type Fragment,
  type ListedBox,
  type MovieTrack,
  type PieceTrack,
  type Sample,
  type Selected,
  type Selection,
  type Span,
  type Splice,
} from "./records.ts";
import { refusal } from "./status.ts";

/** What `build/boxcar.wasm` exports; see assembly/index.ts. All arguments and results are u32. */
interface Exports {
  memory: WebAssembly.Memory;
  abiVersion(): number;
  result(): number;
  reset(): void;
  allocate(size: number): number;
  scan(pointer: number, length: number, first: number): number;
  index(extents: number, count: number, buffer: number, size: number): number;
  check(index: number, length: number): number;
  select(index: number, slot: number, selection: number): number;
  measure(index: number, tracks: number): number;
  table(index: number, tracks: number, slot: number, kind: number, before: number): number;
  spans(index: number, tracks: number): number;
  movie(tracks: number, count: number, duration: number, fragmented: number, wide: number): number;
  fragments(index: number, tracks: number, sequence: number): number;
  accessEntries(index: number, tracks: number, kind: number, timescale: number, offset: number): number;
  sidxHead(trackId: number, timescale: number, start: number, count: number): number;
  mfra(trackId: number, count: number): number;
  samples(index: number): number;
  boxes(pointer: number, length: number, offset: number): number;
}

/** WASM memory never shrinks, so an instance that grew past this is dropped after use. Bytes. */
const KEEP_MEMORY = 32 << 20;

/** One kept top-level box of a file. */
export interface MetadataBox {
  /** Where it starts in the file. */
  readonly offset: number;
  /** The box, header included. */
  readonly bytes: Uint8Array;
}

/** What to do with a top-level box, told from its first 8 (or, on "more", 16) bytes. */
export interface ScannedHeader {
  readonly action: "more" | "skip" | "keep";
  readonly type: string;
  /** Bytes of the box with its header, 0 when it extends to the end of the file. */
  readonly size: number;
}

/** `ftyp` and `moov` of an output with the places where its tables' entries go. */
export interface MovieHeaders {
  readonly bytes: Uint8Array;
  readonly splices: readonly Splice[];
  /** Bytes with all splices filled. */
  readonly size: number;
}

/** A piece as movie fragments. */
export interface PieceFragments {
  /** `moof` and `mdat` header of each fragment, one after another. */
  readonly headers: Uint8Array;
  readonly fragments: readonly Fragment[];
  readonly spans: readonly Span[];
}

/**
 * The WASM module behind typed calls. Every call is synchronous and leaves nothing behind, so one instance serves
 * everybody. Results are copies.
 */
export class Core {
  readonly #module: WebAssembly.Module;
  #exports: Exports | undefined;

  constructor(module: WebAssembly.Module) {
    this.#module = module;
  }

  /** @throws BoxcarError of assembly/abi.ts's statuses, as status.ts names them */
  scanHeader(bytes: Uint8Array, first: boolean): ScannedHeader {
    const wasm = this.#open();
    const pointer = put(wasm, bytes);
    const result = call(wasm, wasm.scan(pointer, bytes.byteLength, first ? 1 : 0));
    const actions = ["more", "skip", "keep"] as const;
    return { action: actions[result.length] ?? "skip", type: fourccText(result.box), size: result.a };
  }

  /** Builds the segment index of a file of `fileSize` bytes from its kept boxes, in file order. */
  buildIndex(boxes: readonly MetadataBox[], fileSize: number): Uint8Array {
    const wasm = this.#open();
    const total = boxes.reduce((sum, box) => sum + box.bytes.byteLength, 0);
    const buffer = room(wasm, total);
    const extents = room(wasm, boxes.length * EXTENT_SIZE);
    const size = number(wasm, fileSize);
    const view = new DataView(wasm.memory.buffer);
    const memory = new Uint8Array(wasm.memory.buffer);
    let at = 0;
    boxes.forEach((box, i) => {
      memory.set(box.bytes, buffer + at);
      writeExtent(view, extents + i * EXTENT_SIZE, box.offset, at, box.bytes.byteLength);
      at += box.bytes.byteLength;
    });
    const result = call(wasm, wasm.index(extents, boxes.length, buffer, size));
    const index = new Uint8Array(wasm.memory.buffer, result.pointer, result.length).slice();
    this.#close(wasm);
    return index;
  }

  /** Lends an index, checked and loaded, for the calls that work on one. `use` must not keep it. */
  withIndex<T>(index: Uint8Array, use: (loaded: LoadedIndex) => T): T {
    const wasm = this.#open();
    const pointer = put(wasm, index);
    call(wasm, wasm.check(pointer, index.byteLength));
    try {
      return use(new LoadedIndex(wasm, pointer));
    } finally {
      this.#close(wasm);
    }
  }

  /**
   * Writes the headers of an output.
   * @param duration movie ticks
   * @param options.fragmented an init segment instead
   * @param options.wide chunk offsets of 64 bits
   */
  movie(
    tracks: readonly MovieTrack[],
    duration: number,
    options: { fragmented: boolean; wide: boolean },
  ): MovieHeaders {
    const wasm = this.#open();
    const descriptions = tracks.map((track) => put(wasm, track.descriptions));
    const pointer = room(wasm, tracks.length * OUTPUT_TRACK_SIZE);
    const length = number(wasm, duration);
    const before = new DataView(wasm.memory.buffer);
    tracks.forEach((track, i) => {
      writeMovieTrack(before, pointer + i * OUTPUT_TRACK_SIZE, track, descriptions[i] ?? 0);
    });
    const flags = [options.fragmented ? 1 : 0, options.wide ? 1 : 0] as const;
    const result = call(wasm, wasm.movie(pointer, tracks.length, length, flags[0], flags[1]));
    const list = readAddress(resultView(wasm), "a");
    const view = new DataView(wasm.memory.buffer);
    const splices = Array.from({ length: list.count }, (_, i) => readSplice(view, list.pointer + i * SPLICE_SIZE));
    const bytes = new Uint8Array(wasm.memory.buffer, result.pointer, result.length).slice();
    return { bytes, splices, size: result.b };
  }

  /** The head of a `sidx` box for `count` references. @param start ticks of `timescale` */
  sidxHead(trackId: number, timescale: number, start: number, count: number): Uint8Array {
    const wasm = this.#open();
    const result = call(wasm, wasm.sidxHead(trackId, timescale, number(wasm, start), count));
    return new Uint8Array(wasm.memory.buffer, result.pointer, result.length).slice();
  }

  /** The parts of an `mfra` box before and after its `count` entries. */
  mfra(trackId: number, count: number): { head: Uint8Array; tail: Uint8Array } {
    const wasm = this.#open();
    const result = call(wasm, wasm.mfra(trackId, count));
    const bytes = new Uint8Array(wasm.memory.buffer, result.pointer, result.length).slice();
    return { head: bytes.subarray(0, bytes.length - result.a), tail: bytes.subarray(bytes.length - result.a) };
  }

  /** The boxes inside one kept box, itself first, parents before children. For listings. */
  listBoxes(box: MetadataBox): ListedBox[] {
    const wasm = this.#open();
    const result = call(wasm, wasm.boxes(put(wasm, box.bytes), box.bytes.byteLength, number(wasm, box.offset)));
    const view = new DataView(wasm.memory.buffer);
    return Array.from({ length: result.length }, (_, i) => readBox(view, result.pointer + i * BOX_SIZE));
  }

  #open(): Exports {
    if (this.#exports === undefined) {
      const wasm = new WebAssembly.Instance(this.#module).exports as unknown as Exports;
      if (wasm.abiVersion() !== ABI_VERSION) {
        throw new Error(
          `boxcar.wasm has ABI ${wasm.abiVersion()}, this code needs ${ABI_VERSION}: build both together.`,
        );
      }
      this.#exports = wasm;
    }
    this.#exports.reset();
    return this.#exports;
  }

  #close(wasm: Exports): void {
    if (wasm.memory.buffer.byteLength > KEEP_MEMORY) this.#exports = undefined;
  }
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

  /** Fills the measured fields of each track. Returns the piece's media bytes and fragments. */
  measure(tracks: readonly PieceTrack[]): { bytes: number; fragments: number } {
    const wasm = this.#wasm;
    const pointer = putTracks(wasm, tracks);
    const result = call(wasm, wasm.measure(this.#index, pointer));
    const view = new DataView(wasm.memory.buffer);
    tracks.forEach((track, i) => {
      readMeasured(view, pointer + i * PIECE_TRACK_SIZE, track);
    });
    return { bytes: result.a, fragments: result.b };
  }

  /**
   * A piece's entries of one table.
   * @param table a value of Table, `stts` to `co64`
   * @param before samples (stss) or chunks (stsc) of the output track before the piece, or the output offset of the
   * piece's media (stco, co64)
   */
  table(tracks: readonly PieceTrack[], slot: number, table: number, before: number): Uint8Array {
    const wasm = this.#wasm;
    const pointer = putTracks(wasm, tracks);
    const result = call(wasm, wasm.table(this.#index, pointer, slot, table, number(wasm, before)));
    return new Uint8Array(wasm.memory.buffer, result.pointer, result.length).slice();
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
    const list = readAddress(resultView(wasm), "a");
    const spans = readAddress(resultView(wasm), "b");
    const view = new DataView(wasm.memory.buffer);
    return {
      headers: new Uint8Array(wasm.memory.buffer, result.pointer, result.length).slice(),
      fragments: Array.from({ length: list.count }, (_, i) => readFragment(view, list.pointer + i * FRAGMENT_SIZE)),
      spans: readSpans(wasm, spans.pointer, spans.count),
    };
  }

  /**
   * A piece's entries of `sidx` or `tfra`.
   * @param offset where its first fragment starts in the output
   */
  accessEntries(tracks: readonly PieceTrack[], table: number, timescale: number, offset: number): Uint8Array {
    const wasm = this.#wasm;
    const pointer = putTracks(wasm, tracks);
    const result = call(wasm, wasm.accessEntries(this.#index, pointer, table, timescale, number(wasm, offset)));
    return new Uint8Array(wasm.memory.buffer, result.pointer, result.length).slice();
  }

  /** Every sample, in file order. For listings and tests: one object a sample. */
  samples(): Sample[] {
    const wasm = this.#wasm;
    const result = call(wasm, wasm.samples(this.#index));
    const view = new DataView(wasm.memory.buffer);
    return Array.from({ length: result.length }, (_, i) => readSample(view, result.pointer + i * SAMPLE_SIZE));
  }
}

/** Compiles nothing and starts nothing yet: the first call makes the instance. */
export function createCore(module: WebAssembly.Module): Core {
  return new Core(module);
}

function resultView(wasm: Exports): DataView {
  return new DataView(wasm.memory.buffer, wasm.result(), RESULT_SIZE);
}

function call(wasm: Exports, status: number) {
  const result = readResult(resultView(wasm));
  if (status !== 0) throw refusal(status, result.box === 0 ? "" : fourccText(result.box), result.offset);
  return result;
}

function room(wasm: Exports, size: number): number {
  const pointer = wasm.allocate(size);
  if (pointer === 0)
    throw new BoxcarError("out_of_memory", 422, `${size} bytes of metadata do not fit the memory limit.`);
  return pointer;
}

function put(wasm: Exports, bytes: Uint8Array): number {
  const pointer = room(wasm, bytes.byteLength);
  new Uint8Array(wasm.memory.buffer).set(bytes, pointer);
  return pointer;
}

function number(wasm: Exports, value: number): number {
  const pointer = room(wasm, 8);
  writeU64(new DataView(wasm.memory.buffer), pointer, value);
  return pointer;
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
