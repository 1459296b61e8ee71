/** One piece of a body. */
export interface BodyPart {
  /** The part's own memory: nothing writes to it any more. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether the body ends with it. */
  readonly last: boolean;
}

/** Smallest memory that is taken for a part whose size is not known. */
const FIRST = 64 * 1024;

/**
 * Cuts a body into parts of `partBytes`; only the last one may be shorter, and only a body without bytes gives an empty
 * one. A part is handed out when it is known whether another follows.
 * @param size bytes of the body, where known: then a short body takes no more memory than it has
 */
export async function* partsOf(
  body: AsyncIterable<Uint8Array>,
  partBytes: number,
  size: number | undefined,
): AsyncGenerator<BodyPart, void, undefined> {
  let left = size;
  const room = (): Uint8Array<ArrayBuffer> =>
    new Uint8Array(left === undefined ? Math.min(FIRST, partBytes) : Math.min(left, partBytes));
  let part = room();
  let filled = 0;
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length;) {
      if (filled === partBytes) {
        yield { bytes: part, last: false };
        if (left !== undefined) left = Math.max(left - partBytes, 0);
        part = room();
        filled = 0;
      }
      const taken = Math.min(chunk.length - at, partBytes - filled);
      if (filled + taken > part.length) part = grown(part, filled, Math.min(partBytes, (filled + taken) * 2));
      part.set(chunk.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
    }
  }
  yield { bytes: part.subarray(0, filled), last: true };
}

function grown(bytes: Uint8Array, used: number, size: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(size);
  larger.set(bytes.subarray(0, used));
  return larger;
}
