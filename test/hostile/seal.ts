/** The checksum of a segment index, so that a damaged one can be given one that fits. */

const CHECKSUM = 72;
const HEADER = 80;
const MASK = 2n ** 64n - 1n;

function over(hash: bigint, bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    hash = ((hash ^ view.getBigUint64(at, true)) * 0x100000001b3n) & MASK;
    hash ^= hash >> 32n;
  }
  for (; at < bytes.length; at++) hash = ((hash ^ BigInt(view.getUint8(at))) * 0x100000001b3n) & MASK;
  return hash;
}

/** A copy of `index` with its length and checksum set right. */
export function sealed(index: Uint8Array): Uint8Array {
  const copy = new Uint8Array(index);
  if (copy.length < HEADER) return copy;
  const view = new DataView(copy.buffer);
  view.setUint32(8, copy.length, true);
  const sum = over(over(0xcbf29ce484222325n, copy.subarray(0, CHECKSUM)), copy.subarray(HEADER));
  view.setBigUint64(CHECKSUM, sum, true);
  return copy;
}
