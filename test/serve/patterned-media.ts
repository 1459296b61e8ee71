import type { Media } from "../../src/core/reading/media.ts";

/** The byte that stands at a position of patterned media. */
export function byteAt(position: number): number {
  return (position * 2654435761) >>> 24;
}

/** Bytes `from` (inclusive) to `to` (exclusive) of patterned media. */
export function patternBytes(from: number, to: number): Uint8Array {
  return Uint8Array.from({ length: to - from }, (_, i) => byteAt(from + i));
}

/** Media of computed bytes that reuses one buffer for all chunks of a read, as stores do. */
export class PatternedMedia implements Media {
  readonly etag = "pattern-1";
  readonly size: number;
  /** Reads that were started and not ended. */
  open = 0;
  /** Bytes handed out by all reads. */
  handedOut = 0;
  readonly #chunk: number;
  readonly #fault: { readonly at: number; readonly kind: "throw" | "end" } | undefined;

  /** @param fault where a read fails: by an error, or by ending early */
  constructor(size: number, chunk: number, fault?: { readonly at: number; readonly kind: "throw" | "end" }) {
    this.size = size;
    this.#chunk = chunk;
    this.#fault = fault;
  }

  async *read({ offset, length }: { readonly offset: number; readonly length: number }): AsyncGenerator<Uint8Array> {
    const buffer = new Uint8Array(this.#chunk);
    this.open++;
    try {
      for (let at = offset; at < offset + length;) {
        if (this.#fault !== undefined && at >= this.#fault.at) {
          if (this.#fault.kind === "end") return;
          throw new Error("the disk is gone");
        }
        const n = Math.min(this.#chunk, offset + length - at);
        for (let i = 0; i < n; i++) buffer[i] = byteAt(at + i);
        this.handedOut += n;
        yield buffer.subarray(0, n);
        // Whoever still looks at the chunk sees rubbish from here on.
        buffer.fill(0xee);
        at += n;
        await Promise.resolve();
      }
    } finally {
      this.open--;
    }
  }
}
