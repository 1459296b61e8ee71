import type { ByteSpan } from "../../src/base/ports.ts";

/** An object of any size of which only a few pieces hold bytes; all else reads as zeros. For files above 4 GiB. */
export interface SparseObject {
  readonly size: number;
  /** Every span asked for so far, in order. */
  readonly reads: readonly ByteSpan[];
  read(span: ByteSpan): Promise<Uint8Array>;
}

/** @param pieces where bytes lie, as [offset, bytes] */
export function sparse(size: number, pieces: readonly (readonly [offset: number, bytes: Uint8Array])[]): SparseObject {
  const reads: ByteSpan[] = [];
  return {
    size,
    reads,
    read: (span) => {
      reads.push(span);
      if (span.offset < 0 || span.length < 1 || span.offset + span.length > size) {
        return Promise.reject(new RangeError(`read of ${span.length} bytes at ${span.offset} of an object of ${size}`));
      }
      const out = new Uint8Array(span.length);
      for (const [offset, bytes] of pieces) {
        const from = Math.max(offset, span.offset);
        const to = Math.min(offset + bytes.length, span.offset + span.length);
        if (from < to) out.set(bytes.subarray(from - offset, to - offset), from - span.offset);
      }
      return Promise.resolve(out);
    },
  };
}
