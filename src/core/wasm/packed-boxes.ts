import type { MetadataBox } from "./built-index.ts";

/**
 * Kept top-level boxes of a file, in file order, end to end: a file may have a million of some bytes each, and an object for each
 * takes a hundred times as much, and as long to hand to a thread. @internal
 */
export interface PackedBoxes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each starts in the file. */
  readonly offsets: Float64Array<ArrayBuffer>;
  readonly lengths: Uint32Array<ArrayBuffer>;
}

/** Packs boxes as they come. @internal */
export class BoxPacker {
  #bytes: Uint8Array<ArrayBuffer>;
  #used = 0;
  readonly #offsets: number[] = [];
  readonly #lengths: number[] = [];

  /** @param room bytes of the boxes, where that is known */
  constructor(room = 0) {
    this.#bytes = new Uint8Array(room);
  }

  /** Adds a box that starts at `offset` in the file. @param bytes copied: what is there of it so far */
  add(offset: number, bytes: Uint8Array): void {
    this.#offsets.push(offset);
    this.#lengths.push(0);
    this.extend(bytes);
  }

  /** Goes on with the box that was added last. */
  extend(bytes: Uint8Array): void {
    const end = this.#used + bytes.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#used));
      grown.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#used);
    this.#used = end;
    const last = this.#lengths.length - 1;
    this.#lengths[last] = (this.#lengths[last] ?? 0) + bytes.length;
  }

  /** How many boxes there are so far. */
  get count(): number {
    return this.#lengths.length;
  }

  /** The boxes so far. What is added later may overwrite none of it. @param count only so many, the first ones */
  packed(count = this.count): PackedBoxes {
    const lengths = Uint32Array.from(this.#lengths.slice(0, count));
    const used = lengths.reduce((sum, length) => sum + length, 0);
    return { bytes: this.#bytes.subarray(0, used), offsets: Float64Array.from(this.#offsets.slice(0, count)), lengths };
  }
}

/** Boxes in file order, packed. @internal */
export function packedBoxes(boxes: readonly MetadataBox[]): PackedBoxes {
  const packer = new BoxPacker(boxes.reduce((sum, { bytes }) => sum + bytes.length, 0));
  for (const { offset, bytes } of boxes) packer.add(offset, bytes);
  return packer.packed();
}

/** Boxes that were packed, one by one, as views. @internal */
export function* unpackedBoxes({ bytes, offsets, lengths }: PackedBoxes): Generator<MetadataBox, void, undefined> {
  let at = 0;
  for (const [i, length] of lengths.entries()) {
    yield { offset: offsets[i] ?? 0, bytes: bytes.subarray(at, at + length) };
    at += length;
  }
}
