import { ABI_VERSION, Code } from "./abi/names.ts";
import type { Exports } from "./abi/exports.ts";
import {
  BOX_RECORD_SIZE,
  CAPTION_BLOCK_SIZE,
  CHAPTER_SIZE,
  CODEC_SIZE,
  EXTENT_SIZE,
  MOVIE_TRACK_SIZE,
  readCodec,
  readSplice,
  RESULT_SIZE,
  ResultAt,
  SPLICE_SIZE,
  writeCaptionBlock,
  writeExtent,
  type CaptionBlock,
} from "./abi/records.ts";
import { bytesAt, call, put, putRecords, recordsAt, room } from "./exports.ts";
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
import { LoadedIndex } from "./loaded-index.ts";
import { ACTIONS, readBox, type ListedBox, type ScannedHeader } from "./records/listing.ts";
import { readMovieClock, type MovieClock } from "./records/movie-clock.ts";
import {
  writeChapter,
  writeMovieTrack,
  type Chapter,
  type MovieHeaders,
  type MovieTime,
  type MovieTrack,
  type Silence,
  type TimecodeStep,
} from "./records/output.ts";
import { fourccText, u32, u64 } from "./view.ts";

/** WASM memory never shrinks, so an instance that grew past this is dropped after use. Bytes. */
const KEEP_MEMORY = 32 << 20;

/** Bytes of metadata whose index takes a few milliseconds to build: 90,000 samples as recorders write them. */
const MUCH_METADATA = 1 << 20;

/** One kept top-level box of a file. */
export interface MetadataBox {
  /** Where it starts in the file. */
  readonly offset: number;
  /** The box, header included. */
  readonly bytes: Uint8Array;
}

/** What indexing a file gives. */
export interface BuiltIndex {
  /** The segment index. */
  readonly index: Uint8Array;
  /** What the file says of the time it was recorded; the index does not keep it. */
  readonly clock: MovieClock;
}

/**
 * The WASM module behind typed calls. Every call is synchronous and leaves nothing behind, so one instance serves
 * everybody. Results are copies. While an index is loaded the module does nothing else: a call of anything but that index
 * is an error, since it would overwrite it.
 */
export class Core {
  readonly #module: WebAssembly.Module;
  #exports: Exports | undefined;
  #loaded: LoadedIndex | undefined;
  readonly #aside: Aside | undefined;

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
    const wasm = this.#open();
    const status = wasm.scan(put(wasm, bytes), bytes.byteLength, offset, complete ? 1 : 0);
    if (status !== 0) call(wasm, status);
    // Field by field: a file may have a million of these.
    const view = new DataView(wasm.memory.buffer, wasm.result(), RESULT_SIZE);
    const action = ACTIONS[u32(view, ResultAt.length)] ?? "skip";
    return { action, type: fourccText(u32(view, ResultAt.box)), size: u64(view, ResultAt.total) };
  }

  /** Builds the segment index of a file of `fileSize` bytes from the boxes that `MetadataScan` kept, in file order. @internal */
  buildIndex(boxes: readonly MetadataBox[], fileSize: number): BuiltIndex {
    const wasm = this.#open();
    try {
      const total = boxes.reduce((sum, box) => sum + box.bytes.byteLength, 0);
      const buffer = room(wasm, total);
      const memory = new Uint8Array(wasm.memory.buffer);
      let bufferOffset = 0;
      const placed = boxes.map(({ offset, bytes }) => {
        memory.set(bytes, buffer + bufferOffset);
        const extent = { fileOffset: offset, bufferOffset, length: bytes.byteLength };
        bufferOffset += bytes.byteLength;
        return extent;
      });
      const extents = putRecords(wasm, EXTENT_SIZE, writeExtent, placed);
      const result = call(wasm, wasm.index(extents, boxes.length, buffer, fileSize));
      const clock = readMovieClock(new DataView(wasm.memory.buffer), result.listPointer);
      return { index: bytesAt(wasm, result.pointer, result.length), clock };
    } finally {
      this.#close(wasm);
    }
  }

  /** As `buildIndex`; of much metadata, where others are not held up by it. @internal */
  async index(boxes: readonly MetadataBox[], fileSize: number): Promise<BuiltIndex> {
    const much = boxes.reduce((sum, box) => sum + box.bytes.byteLength, 0) > MUCH_METADATA;
    return much && this.#aside !== undefined
      ? this.#aside.build({ boxes, fileSize })
      : this.buildIndex(boxes, fileSize);
  }

  /** A `moof` as it has to be written when it moves, with the media behind it, from one offset of a file to another. @internal */
  moveFragment(moof: Uint8Array, from: number, to: number): Uint8Array {
    const wasm = this.#open();
    const result = call(wasm, wasm.moveFragment(put(wasm, moof), moof.byteLength, from, to));
    return bytesAt(wasm, result.pointer, result.length);
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
    const wasm = this.#open();
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

  /**
   * Writes the headers of an output.
   * @param options.fragmented an init segment instead
   * @param options.wide chunk offsets of 64 bits
   * @param options.chapters at most 255 are written
   * @internal
   */
  movie(
    tracks: readonly MovieTrack[],
    { timescale, duration }: MovieTime,
    options: { fragmented: boolean; wide: boolean; chapters: readonly Chapter[] },
  ): MovieHeaders {
    const wasm = this.#open();
    const addresses = new Map<Uint8Array, number>();
    for (const { descriptions, source } of tracks)
      for (const bytes of [descriptions, source.kept])
        if (!addresses.has(bytes)) addresses.set(bytes, put(wasm, bytes));
    const addressesOf = ({ descriptions, source }: MovieTrack): { descriptions: number; kept: number } => ({
      descriptions: addresses.get(descriptions) ?? 0,
      kept: addresses.get(source.kept) ?? 0,
    });
    const titled = options.chapters.map((chapter) => ({ chapter, title: put(wasm, chapter.title) }));
    const chapters = putRecords(
      wasm,
      CHAPTER_SIZE,
      (view, at, { chapter, title }) => writeChapter(view, at, chapter, title),
      titled,
    );
    const pointer = putRecords(
      wasm,
      MOVIE_TRACK_SIZE,
      (view, at, track) => writeMovieTrack(view, at, track, addressesOf(track)),
      tracks,
    );
    const flags = [options.fragmented ? 1 : 0, options.wide ? 1 : 0] as const;
    const status = wasm.movie(pointer, tracks.length, timescale, duration, flags[0], flags[1], chapters, titled.length);
    const result = call(wasm, status);
    return {
      bytes: bytesAt(wasm, result.pointer, result.length),
      splices: recordsAt(wasm, SPLICE_SIZE, readSplice, result.listPointer, result.listLength),
      size: result.total,
    };
  }

  /**
   * The parameter sets of the first of raw H.264 or H.265 sample entries as samples hold them; `lengthSize` 0 for any other
   * entry. `entryLength`: bytes of the entry.
   * @param least fills them up to so many bytes: 16 more than they have or more. Default 0: as they are
   * @internal
   */
  parameterSets(entries: Uint8Array, least = 0): { bytes: Uint8Array; lengthSize: number; entryLength: number } {
    const wasm = this.#open();
    const { pointer, length, count, total } = call(
      wasm,
      wasm.parameterSets(put(wasm, entries), entries.byteLength, least),
    );
    return { bytes: bytesAt(wasm, pointer, length), lengthSize: count, entryLength: total };
  }

  /** The sample entry under the name that allows parameter sets in the samples: `avc3` for `avc1`, `hev1` for `hvc1`. @internal */
  allowInband(entry: Uint8Array): Uint8Array {
    const wasm = this.#open();
    const result = call(wasm, wasm.inbandEntry(put(wasm, entry), entry.byteLength));
    return bytesAt(wasm, result.pointer, result.length);
  }

  /** Sample entries without what only tells of the file they came from, such as bit rates. @param handler of their track @internal */
  plainEntries(handler: number, entries: Uint8Array): Uint8Array {
    const wasm = this.#open();
    const result = call(wasm, wasm.plainEntries(handler, put(wasm, entries), entries.byteLength));
    return bytesAt(wasm, result.pointer, result.length);
  }

  /** Raw sample entries, those of H.265 under a name: `hvc1` only where all parameter sets stand in the entry. @internal */
  namedEntries(entries: Uint8Array, tag: "hvc1" | "hev1"): Uint8Array {
    const wasm = this.#open();
    const result = call(wasm, wasm.namedEntries(put(wasm, entries), entries.byteLength, Code[tag]));
    return bytesAt(wasm, result.pointer, result.length);
  }

  /** RFC 6381 codec strings of raw sample entries, in their order. @param handler of their track @internal */
  codecs(handler: number, entries: Uint8Array): string[] {
    const wasm = this.#open();
    const result = call(wasm, wasm.codecs(handler, put(wasm, entries), entries.byteLength));
    return recordsAt(wasm, CODEC_SIZE, readCodec, result.pointer, result.length).map(({ codec }) => codec);
  }

  /** The sample entry with the profile, tier and level raised to what `other`, of the same codec, needs. @internal */
  coveringEntry(entry: Uint8Array, other: Uint8Array): Uint8Array {
    const wasm = this.#open();
    const status = wasm.coveringEntry(put(wasm, entry), entry.byteLength, put(wasm, other), other.byteLength);
    const result = call(wasm, status);
    return bytesAt(wasm, result.pointer, result.length);
  }

  /** A silent sample for a sample entry, in ticks of `timescale`; undefined when none is known of its codec. @internal */
  silence(entry: Uint8Array, timescale: number): Silence | undefined {
    const wasm = this.#open();
    const result = call(wasm, wasm.silentSample(put(wasm, entry), entry.byteLength, timescale));
    if (result.length === 0) return undefined;
    return { sample: bytesAt(wasm, result.pointer, result.length), duration: result.count };
  }

  /** The segment index of a file of nothing but equal samples, which lie behind 16 bytes of it. @internal */
  silentIndex(
    entry: Uint8Array,
    timescale: number,
    { count, size, duration }: { count: number; size: number; duration: number },
  ): Uint8Array {
    const wasm = this.#open();
    const pointer = put(wasm, entry);
    const result = call(wasm, wasm.silentMovie(pointer, entry.byteLength, timescale, count, size, duration));
    const bytes = bytesAt(wasm, result.pointer, result.length);
    const media = { offset: 0, bytes: bytes.subarray(0, 16) };
    const moov = { offset: 16 + count * size, bytes: bytes.subarray(16) };
    return this.buildIndex([media, moov], moov.offset + moov.bytes.length).index;
  }

  /** How far a timecode with this sample entry goes on in `ticks` of `timescale`: 0 when it is none of 32 bits. @internal */
  timecodeStep(entry: Uint8Array, ticks: number, timescale: number): TimecodeStep {
    const wasm = this.#open();
    const pointer = put(wasm, entry);
    const { total, count } = call(wasm, wasm.timecodeStep(pointer, entry.byteLength, ticks, timescale));
    return { frames: total, wrapsAt: count };
  }

  /**
   * The head of a `sidx` box for `count` references.
   * @param start ticks of `timescale`
   * @param distance bytes between the box and the first fragment
   * @internal
   */
  sidxHead(trackId: number, timescale: number, start: number, distance: number, count: number): Uint8Array {
    const wasm = this.#open();
    const result = call(wasm, wasm.sidxHead(trackId, timescale, start, distance, count));
    return bytesAt(wasm, result.pointer, result.length);
  }

  /** The parts of an `mfra` box before and after its `count` entries. @internal */
  mfra(trackId: number, count: number): { head: Uint8Array; tail: Uint8Array } {
    const wasm = this.#open();
    const result = call(wasm, wasm.mfra(trackId, count));
    const bytes = bytesAt(wasm, result.pointer, result.length);
    const tail = bytes.length - result.count;
    return { head: bytes.subarray(0, tail), tail: bytes.subarray(tail) };
  }

  /** The sample entry of captions. @internal */
  captionEntry(): Uint8Array {
    const wasm = this.#open();
    const result = call(wasm, wasm.captionEntry());
    return bytesAt(wasm, result.pointer, result.length);
  }

  /** The entries of one of the captions' sample tables, their samples being one chunk at `start`. @internal */
  captionTable(blocks: readonly CaptionBlock[], table: number, start: number): Uint8Array {
    const wasm = this.#open();
    const pointer = putBlocks(wasm, blocks);
    const result = call(wasm, wasm.captionTable(pointer, blocks.length, table, start));
    return bytesAt(wasm, result.pointer, result.length);
  }

  /** The samples of a block. @param offset minutes that the clock shown is ahead of UTC @internal */
  captions(block: CaptionBlock, offset: number): Uint8Array {
    const wasm = this.#open();
    const result = call(wasm, wasm.captions(putBlocks(wasm, [block]), offset));
    return bytesAt(wasm, result.pointer, result.length);
  }

  /** `moof` and the header of `mdat` for a block. @internal */
  captionFragment(block: CaptionBlock, trackId: number, sequence: number): Uint8Array {
    const wasm = this.#open();
    const result = call(wasm, wasm.captionFragment(putBlocks(wasm, [block]), trackId, sequence));
    return bytesAt(wasm, result.pointer, result.length);
  }

  /** The boxes inside one kept box, itself first, parents before children. For listings. @internal */
  listBoxes(box: MetadataBox): ListedBox[] {
    const wasm = this.#open();
    try {
      const result = call(wasm, wasm.boxes(put(wasm, box.bytes), box.bytes.byteLength, box.offset));
      return recordsAt(wasm, BOX_RECORD_SIZE, readBox, result.pointer, result.length);
    } finally {
      this.#close(wasm);
    }
  }

  #open(): Exports {
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

function putBlocks(wasm: Exports, blocks: readonly CaptionBlock[]): number {
  return putRecords(wasm, CAPTION_BLOCK_SIZE, writeCaptionBlock, blocks);
}

/**
 * Compiles nothing and starts nothing yet: the first call makes the instance.
 * @param aside for files with more than 1 MiB of metadata and indexes of more than 300,000 samples; absent: they are worked on
 * like all others
 */
export function createCore(module: WebAssembly.Module, aside?: Aside): Core {
  return new Core(module, aside);
}
