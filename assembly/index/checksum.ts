/** Tells a damaged segment index: a 64-bit sum over all of it. */
import { IndexHeader } from "../abi/records";

const START: u64 = 0xcbf29ce484222325;
const PRIME: u64 = 0x100000001b3;

/** The sum over `length` bytes at `index` but for the header's own field. */
export function checksum(index: usize, length: usize): u64 {
  return over(over(START, index, IndexHeader.CHECKSUM), index + IndexHeader.SIZE, length - IndexHeader.SIZE);
}

// FNV-1a by words of 8 bytes, the high half folded into the low one: every single change shows.
function over(hash: u64, from: usize, length: usize): u64 {
  const end = from + length;
  for (; from + 8 <= end; from += 8) {
    hash = (hash ^ load<u64>(from)) * PRIME;
    hash ^= hash >> 32;
  }
  for (; from < end; from++) hash = (hash ^ load<u8>(from)) * PRIME;
  return hash;
}
