import { ABI_VERSION } from "./abi/names.ts";
import type { Exports } from "./abi/exports.ts";
import { BOX_RECORD_SIZE, EXTENT_SIZE, RESULT_SIZE, ResultAt, writeExtent } from "./abi/records.ts";
import { bytesAt, call, put, recordsAt, room } from "./call.ts";
import {
  answerTo,
  isLarge,
  unpacked,
  type IndexAnswer,
  type IndexCall,
  type IndexRequest,
  type LendingCall,
} from "./index-request.ts";
import type { Aside } from "./aside.ts";
import type { BuiltIndex, MetadataBox } from "./built-index.ts";
import { LoadedIndex } from "./loaded-index.ts";
import { ACTIONS, readBox, type ListedBox, type ScannedHeader } from "./records/listing.ts";
import { readMovieClock } from "./records/movie-clock.ts";
import { OutputBoxes } from "./output-boxes.ts";
import { packedBoxes, type PackedBoxes } from "./packed-boxes.ts";
import { SampleEntries } from "./sample-entries.ts";
import { fourccText, u32, u64 } from "./view.ts";

/** WASM memory never shrinks, so an instance that grew past this is dropped after use. Bytes. */
const KEEP_MEMORY = 32 << 20;

/** Bytes of metadata whose index takes a few milliseconds to build: 90,000 samples as recorders write them. */
const MUCH_METADATA = 1 << 20;

/**
 * The WASM module behind typed calls. Every call is synchronous and leaves nothing behind, so one instance serves
 * everybody. Results are copies, but what `lend` lends. While an index is loaded the module does nothing else: a call of anything but that index
 * is an error, since it would overwrite it.
 */
export class Core {
  readonly #module: WebAssembly.Module;
  #exports: Exports | undefined;
  #loaded: LoadedIndex | undefined;
  readonly #aside: Aside | undefined;
  /** @internal */
  readonly entries = new SampleEntries(() => this.enter());
  /** @internal */
  readonly boxes = new OutputBoxes(() => this.enter());

  constructor(module: WebAssembly.Module, aside?: Aside) {
    this.#module = module;
    this.#aside = aside;
  }

  /**
   * Classifies the top-level box at `offset` in the file.
   * @param complete `moov` has passed: what is no box then ends the file ("end") instead of damaging it
   * @throws BoxcarError of a Status, as status.ts names them
   * @internal
   */
  scanHeader(bytes: Uint8Array, offset: number, complete: boolean): ScannedHeader {
    const wasm = this.enter();
    const status = wasm.scan(put(wasm, bytes), bytes.byteLength, offset, complete ? 1 : 0);
    if (status !== 0) call(wasm, status);
    // Field by field: a file may have a million of these.
    const view = new DataView(wasm.memory.buffer, wasm.result(), RESULT_SIZE);
    const action = ACTIONS[u32(view, ResultAt.length)] ?? "skip";
    return { action, type: fourccText(u32(view, ResultAt.box)), size: u64(view, ResultAt.total) };
  }

  /** Builds the segment index of a file of `fileSize` bytes from the boxes that `MetadataScan` kept, in file order. @internal */
  buildIndex({ bytes, offsets, lengths }: PackedBoxes, fileSize: number): BuiltIndex {
    const wasm = this.enter();
    try {
      const buffer = put(wasm, bytes);
      const extents = room(wasm, EXTENT_SIZE * lengths.length);
      const view = new DataView(wasm.memory.buffer);
      let bufferOffset = 0;
      for (const [i, length] of lengths.entries()) {
        writeExtent(view, extents + i * EXTENT_SIZE, { fileOffset: offsets[i] ?? 0, bufferOffset, length });
        bufferOffset += length;
      }
      const result = call(wasm, wasm.index(extents, lengths.length, buffer, fileSize));
      const clock = readMovieClock(new DataView(wasm.memory.buffer), result.listPointer);
      return { index: bytesAt(wasm, result.pointer, result.length), clock };
    } finally {
      this.#close(wasm);
    }
  }

  /**
   * As `buildIndex`; of much metadata, where others are not held up by it.
   * @param boxes handed over
   * @param client whose turn it takes; default: that of all who have no name
   * @internal
   */
  async index(boxes: PackedBoxes, fileSize: number, client = ""): Promise<BuiltIndex> {
    const much = boxes.bytes.length > MUCH_METADATA;
    return much && this.#aside !== undefined
      ? this.#aside.build({ boxes, fileSize }, client)
      : this.buildIndex(boxes, fileSize);
  }

  /** Lends an index, checked and loaded, for the calls that work on one. `use` must not keep it. @internal */
  withIndex<T>(index: Uint8Array, use: (loaded: LoadedIndex) => T): T {
    const loaded = this.load(index);
    try {
      return use(loaded);
    } finally {
      this.unload();
    }
  }

  /** Loads an index until `unload`. @internal */
  load(index: Uint8Array): LoadedIndex {
    const wasm = this.enter();
    const pointer = put(wasm, index);
    call(wasm, wasm.check(pointer, index.byteLength));
    this.#loaded = new LoadedIndex(wasm, pointer);
    return this.#loaded;
  }

  /** Ends the use of the index that is loaded, if one is. @internal */
  unload(): void {
    this.#loaded?.close();
    this.#loaded = undefined;
    if (this.#exports !== undefined) this.#close(this.#exports);
  }

  /** The answer of one call of an index: of a large one, given where others are not held up by it. @internal */
  ask<Name extends Exclude<IndexCall, LendingCall>>(
    index: Uint8Array,
    request: IndexRequest<Name>,
  ): Promise<IndexAnswer<Name>> {
    return this.lend(index, request, (answer) => answer);
  }

  /** As `ask`, of calls that lend: `use` must not keep the answer. @internal */
  async lend<Name extends IndexCall, T>(
    index: Uint8Array,
    request: IndexRequest<Name>,
    use: (answer: IndexAnswer<Name>) => T,
  ): Promise<T> {
    if (this.#aside !== undefined && isLarge(index)) {
      return use(unpacked<Name>(await this.#aside.ask({ index, request: request as unknown as IndexRequest })));
    }
    return this.withIndex(index, (loaded) => use(answerTo(loaded, request)));
  }

  /** The segment index of a file of nothing but equal samples, which lie behind 16 bytes of it. @internal */
  silentIndex(
    entry: Uint8Array,
    timescale: number,
    { count, size, duration }: { count: number; size: number; duration: number },
  ): Uint8Array {
    const wasm = this.enter();
    const pointer = put(wasm, entry);
    const result = call(wasm, wasm.silentMovie(pointer, entry.byteLength, timescale, count, size, duration));
    const bytes = bytesAt(wasm, result.pointer, result.length);
    const media = { offset: 0, bytes: bytes.subarray(0, 16) };
    const moov = { offset: 16 + count * size, bytes: bytes.subarray(16) };
    return this.buildIndex(packedBoxes([media, moov]), moov.offset + moov.bytes.length).index;
  }

  /** The boxes inside one kept box, itself first, parents before children. For listings. @internal */
  listBoxes(box: MetadataBox): ListedBox[] {
    const wasm = this.enter();
    try {
      const result = call(wasm, wasm.boxes(put(wasm, box.bytes), box.bytes.byteLength, box.offset));
      return recordsAt(wasm, BOX_RECORD_SIZE, readBox, result.pointer, result.length);
    } finally {
      this.#close(wasm);
    }
  }

  /** Begins a call: what the one before left is gone. @internal */
  enter(): Exports {
    if (this.#loaded !== undefined)
      throw new Error("An index is loaded: inside withIndex only the LoadedIndex may be used.");
    if (this.#exports === undefined) {
      const wasm = new WebAssembly.Instance(this.#module).exports as unknown as Exports;
      const version = wasm.abiVersion() >>> 0; // WebAssembly has no unsigned results
      if (version !== ABI_VERSION) {
        throw new Error(`boxcar.wasm has ABI ${version}, this code needs ${ABI_VERSION}: build both together.`);
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

/**
 * Compiles nothing and starts nothing yet: the first call makes the instance.
 * @param aside for files with more than 1 MiB of metadata and indexes of more than 300,000 samples or 640 KiB;
 * absent: they are worked on like all others
 */
export function createCore(module: WebAssembly.Module, aside?: Aside): Core {
  return new Core(module, aside);
}
