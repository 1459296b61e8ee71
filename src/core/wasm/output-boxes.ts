import type { Exports } from "./abi/exports.ts";
import {
  CAPTION_BLOCK_SIZE,
  CHAPTER_SIZE,
  MOVIE_TRACK_SIZE,
  readSplice,
  SPLICE_SIZE,
  writeCaptionBlock,
  type CaptionBlock,
} from "./abi/records.ts";
import { bytesAt, call, put, putRecords, recordsAt } from "./call.ts";
import {
  writeChapter,
  writeMovieTrack,
  type Chapter,
  type MovieHeaders,
  type MovieTime,
  type MovieTrack,
} from "./records/output.ts";

/** The calls that write the boxes of an output. */
export class OutputBoxes {
  readonly #enter: () => Exports;

  /** @param enter begins a call of the module, as `Core` does */
  constructor(enter: () => Exports) {
    this.#enter = enter;
  }

  /**
   * Writes the headers of an output.
   * @param options.fragmented an init segment instead
   * @param options.wide chunk offsets of 64 bits
   * @param options.chapters at most 255 are written
   */
  movie(
    tracks: readonly MovieTrack[],
    { timescale, duration }: MovieTime,
    options: { fragmented: boolean; wide: boolean; chapters: readonly Chapter[] },
  ): MovieHeaders {
    const wasm = this.#enter();
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
   * The head of a `sidx` box for `count` references.
   * @param start ticks of `timescale`
   * @param distance bytes between the box and the first fragment
   */
  sidxHead(trackId: number, timescale: number, start: number, distance: number, count: number): Uint8Array {
    const wasm = this.#enter();
    const result = call(wasm, wasm.sidxHead(trackId, timescale, start, distance, count));
    return bytesAt(wasm, result.pointer, result.length);
  }

  /** The parts of an `mfra` box before and after its `count` entries. */
  mfra(trackId: number, count: number): { head: Uint8Array; tail: Uint8Array } {
    const wasm = this.#enter();
    const result = call(wasm, wasm.mfra(trackId, count));
    const bytes = bytesAt(wasm, result.pointer, result.length);
    const tail = bytes.length - result.count;
    return { head: bytes.subarray(0, tail), tail: bytes.subarray(tail) };
  }

  /** The sample entry of captions. */
  captionEntry(): Uint8Array {
    const wasm = this.#enter();
    const result = call(wasm, wasm.captionEntry());
    return bytesAt(wasm, result.pointer, result.length);
  }

  /** The entries of one of the captions' sample tables, their samples being one chunk at `start`. */
  captionTable(blocks: readonly CaptionBlock[], table: number, start: number): Uint8Array {
    const wasm = this.#enter();
    const pointer = putBlocks(wasm, blocks);
    const result = call(wasm, wasm.captionTable(pointer, blocks.length, table, start));
    return bytesAt(wasm, result.pointer, result.length);
  }

  /** The samples of a block. @param offset minutes that the clock shown is ahead of UTC */
  captions(block: CaptionBlock, offset: number): Uint8Array {
    const wasm = this.#enter();
    const result = call(wasm, wasm.captions(putBlocks(wasm, [block]), offset));
    return bytesAt(wasm, result.pointer, result.length);
  }

  /** `moof` and the header of `mdat` for a block. */
  captionFragment(block: CaptionBlock, trackId: number, sequence: number): Uint8Array {
    const wasm = this.#enter();
    const result = call(wasm, wasm.captionFragment(putBlocks(wasm, [block]), trackId, sequence));
    return bytesAt(wasm, result.pointer, result.length);
  }
}

function putBlocks(wasm: Exports, blocks: readonly CaptionBlock[]): number {
  return putRecords(wasm, CAPTION_BLOCK_SIZE, writeCaptionBlock, blocks);
}
