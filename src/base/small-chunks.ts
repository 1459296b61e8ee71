/**
 * Small chunks: each costs some microseconds and some hundred bytes, whatever it holds, and a chunked body (RFC 9112 section 7.1) may
 * consist of chunks of one byte.
 */

import { NO_BYTES } from "./bytes.ts";

/** Bytes that the chunks of a body have at least, on average over so many of them, where more than so many come a second. */
export const LEAST_CHUNK = 64;
const LOOKED_AT = 4096;
const MOST_A_SECOND = 1024;

/** Chunks of fewer bytes are held together with others, in blocks of so many. */
const SMALL = 256;
const BLOCK = 4096;

/** Finds a body of chunks that take more time than their bytes do. What an encoder sends in real time is no such one. */
export class ChunkSizes {
  #chunks = 0;
  #bytes = 0;
  #sinceMs = performance.now();

  /** Counts a chunk. @returns whether too many small ones come too fast */
  areTooSmall(length: number): boolean {
    this.#chunks++;
    this.#bytes += length;
    if (this.#chunks < LOOKED_AT) return false;
    const nowMs = performance.now();
    const isFast = nowMs - this.#sinceMs < (LOOKED_AT * 1000) / MOST_A_SECOND;
    const isSmall = this.#bytes < LOOKED_AT * LEAST_CHUNK;
    this.#chunks = 0;
    this.#bytes = 0;
    this.#sinceMs = nowMs;
    return isFast && isSmall;
  }
}

/** Holds chunks as they come, small ones put together. */
export class HeldChunks {
  /** One behind the other, all that was pushed. */
  readonly all: Uint8Array[];
  #block = NO_BYTES;
  #filled = 0;
  /** Where in the block the last of `all` begins; undefined: it is none of it. */
  #from: number | undefined;

  constructor(...first: readonly Uint8Array[]) {
    this.all = [...first];
  }

  /** Takes a chunk, and keeps a reference to it unless it is a small one. */
  push(chunk: Uint8Array): void {
    if (chunk.length >= SMALL) {
      this.all.push(chunk);
      this.#from = undefined;
      return;
    }
    if (this.#filled + chunk.length > this.#block.length) {
      this.#block = new Uint8Array(BLOCK);
      this.#filled = 0;
      this.#from = undefined;
    }
    if (this.#from !== undefined) this.all.pop();
    this.#from ??= this.#filled;
    this.#block.set(chunk, this.#filled);
    this.#filled += chunk.length;
    this.all.push(this.#block.subarray(this.#from, this.#filled));
  }
}
