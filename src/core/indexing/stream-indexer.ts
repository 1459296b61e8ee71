import type { Core } from "../wasm/module.ts";
import { describeIndex } from "./describe.ts";
import { MetadataScan, type IndexLimits } from "./metadata-scan.ts";
import type { IndexedSegment } from "./segment-index.ts";

/** Indexes a file from its bytes as they pass by, in chunks of any size. Keeps its metadata, of its media the first bytes at most. */
export class StreamIndexer {
  readonly #core: Core;
  readonly #scan: MetadataScan;
  readonly #client: string | undefined;
  #position = 0;
  /** The wanted bytes as far as they came, when they span chunks. */
  #partial: Uint8Array | undefined;
  #filled = 0;

  constructor(core: Core, limits: IndexLimits = {}) {
    this.#core = core;
    this.#scan = new MetadataScan(core, limits);
    this.#client = limits.hold?.client;
  }

  /**
   * Takes the next bytes of the file. Keeps no reference to `chunk`.
   * @throws BoxcarError as MetadataScan does
   */
  push(chunk: Uint8Array): void {
    const start = this.#position;
    this.#position += chunk.length;
    for (;;) {
      const wanted = this.#scan.wanted;
      if (wanted === undefined) return;
      const from = wanted.offset + this.#filled - start;
      if (from >= chunk.length) return;
      const available = chunk.subarray(from, from + wanted.length - this.#filled);
      if (this.#filled === 0 && available.length === wanted.length) {
        this.#scan.accept(available);
        continue;
      }
      this.#collect(available, wanted.length);
      if (this.#filled < wanted.length) return;
      const whole = this.#partial ?? available;
      this.#partial = undefined;
      this.#filled = 0;
      this.#scan.accept(whole.subarray(0, wanted.length));
    }
  }

  /**
   * Builds the index once the whole file has passed.
   * @throws BoxcarError of status.ts: `not_mp4`, `truncated`, `no_samples`, … with the box and its offset
   */
  end(): IndexedSegment {
    return describeIndex(this.#core.buildIndex(this.#scan.finish(this.#position), this.#position));
  }

  /** As `end`; the index of a file with much metadata is built in a thread, where the runtime has one. */
  async endAside(): Promise<IndexedSegment> {
    return describeIndex(await this.#core.index(this.#scan.finish(this.#position), this.#position, this.#client));
  }

  // Grows with what has really come, not with what a header announces.
  #collect(bytes: Uint8Array, length: number): void {
    const needed = this.#filled + bytes.length;
    if (this.#partial === undefined || this.#partial.length < needed) {
      const grown = new Uint8Array(Math.min(length, Math.max(needed * 2, 4096)));
      if (this.#partial !== undefined) grown.set(this.#partial.subarray(0, this.#filled));
      this.#partial = grown;
    }
    this.#partial.set(bytes, this.#filled);
    this.#filled = needed;
  }
}
