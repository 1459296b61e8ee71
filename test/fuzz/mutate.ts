/** Damages bytes as bit rot, broken writers and attackers do. */
import type { Random } from "../support/random.ts";

const EDGES = [0, 1, 2, 7, 8, 9, 15, 16, 17, 255, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];
const ALPHA = /[a-zA-Z0-9 ]{4}/;

/** A damaged copy of `good`: one to six changes, mostly near other structure. `other` is what bytes are spliced in from. */
export function mutate(good: Uint8Array, other: Uint8Array, numbers: Random, littleEndian = false): Uint8Array {
  let bytes = new Uint8Array(good);
  const boxes = littleEndian ? [] : boxesOf(good);
  for (let left = 1 + numbers.below(numbers.below(3) === 0 ? 6 : 2); left > 0; left--) {
    const near = boxes.length > 0 && numbers.below(2) === 0 ? numbers.pick(boxes) : 0;
    const at = near === 0 ? numbers.below(bytes.length) : Math.min(near + numbers.below(40), bytes.length - 1);
    bytes = change(bytes, other, at, numbers, littleEndian);
    if (bytes.length === 0) return new Uint8Array(1);
  }
  return bytes;
}

function change(
  bytes: Uint8Array<ArrayBuffer>,
  other: Uint8Array,
  at: number,
  numbers: Random,
  littleEndian: boolean,
): Uint8Array<ArrayBuffer> {
  const kind = numbers.below(16);
  if (kind < 3) bytes[at] = numbers.below(256);
  else if (kind < 5) bytes[at] = (bytes[at] ?? 0) ^ (1 << numbers.below(8));
  else if (kind < 11) number(bytes, at, numbers, littleEndian);
  else if (kind === 11) bytes.copyWithin(at, numbers.below(bytes.length), numbers.below(bytes.length));
  else if (kind === 12) bytes.fill(numbers.pick([0, 255]), at, at + 1 + numbers.below(24));
  else if (kind === 13) return without(bytes, at, 1 + numbers.below(numbers.pick([4, 64])));
  else if (kind === 14) return spliced(bytes, at, other, numbers);
  else if (numbers.below(4) === 0) return bytes.slice(0, at);
  return bytes;
}

function number(bytes: Uint8Array, at: number, numbers: Random, littleEndian: boolean): void {
  if (at + 8 > bytes.length) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const own = view.getUint32(at, littleEndian);
  const value = numbers.below(3) === 0 ? own + numbers.below(17) - 8 : numbers.pick(EDGES);
  view.setUint32(at, value >>> 0, littleEndian);
  if (numbers.below(6) === 0) view.setUint32(at + 4, numbers.pick(EDGES), littleEndian);
}

function without(bytes: Uint8Array, at: number, length: number): Uint8Array<ArrayBuffer> {
  const shorter = new Uint8Array(Math.max(at, bytes.length - length));
  shorter.set(bytes.subarray(0, at));
  shorter.set(bytes.subarray(at + length), at);
  return shorter;
}

function spliced(bytes: Uint8Array, at: number, other: Uint8Array, numbers: Random): Uint8Array<ArrayBuffer> {
  const from = numbers.below(other.length);
  const piece = other.subarray(from, from + 1 + numbers.below(200));
  const longer = new Uint8Array(bytes.length + piece.length);
  longer.set(bytes.subarray(0, at));
  longer.set(piece, at);
  longer.set(bytes.subarray(at), at + piece.length);
  return longer;
}

const known = new WeakMap<Uint8Array, number[]>();

/** Where something that looks like a box starts. */
function boxesOf(file: Uint8Array): number[] {
  const found = known.get(file);
  if (found !== undefined) return found;
  const boxes: number[] = [];
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let at = 1; at + 8 <= file.length; at++) {
    const size = view.getUint32(at);
    const type = String.fromCharCode(...file.subarray(at + 4, at + 8));
    if (size >= 8 && size <= file.length - at && ALPHA.test(type)) boxes.push(at);
  }
  known.set(file, boxes);
  return boxes;
}
