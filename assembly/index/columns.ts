/** The segment index's number encodings: LEB128 varints, zigzag, and codes of a few bits. */
import { Status } from "../abi/names";
import { shrinkTo } from "../memory/arena";
import { fail, make } from "../memory/status";

/** Writes `value` and returns the address after it. At most 10 bytes. */
export function putVarint(pointer: usize, value: u64): usize {
  while (value >= 0x80) {
    store<u8>(pointer++, <u8>(value | 0x80));
    value >>= 7;
  }
  store<u8>(pointer, <u8>value);
  return pointer + 1;
}

/** Bytes `putVarint` takes. */
export function varintLength(value: u64): u32 {
  return value < 0x80 ? 1 : <u32>(63 - clz<u64>(value)) / 7 + 1;
}

/** Maps 0, -1, 1, -2 … to 0, 1, 2, 3 …, so that small numbers of either sign make short varints. */
export function zigzag(value: i64): u64 {
  return <u64>((value << 1) ^ (value >> 63));
}

/** What `zigzag` was given. */
export function unzigzag(value: u64): i64 {
  return (<i64>(value >> 1)) ^ -(<i64>(value & 1));
}

/** Bits that tell `tracks` tracks apart in the file order. */
export function trackBits(tracks: u32): u32 {
  return tracks <= 1 ? 0 : 32 - clz<u32>(tracks - 1);
}

/** A column of varints that is read once, front to back. Reading past the end notes `BadIndex` and gives 0. */
@unmanaged
export class VarintReader {
  pointer: usize = 0;
  end: usize = 0;

  open(pointer: usize, length: usize): void {
    this.pointer = pointer;
    this.end = pointer + length;
  }

  get more(): bool {
    return this.pointer < this.end;
  }

  next(): u64 {
    let pointer = this.pointer;
    const end = this.end;
    if (pointer >= end) {
      fail(Status.BadIndex);
      return 0;
    }
    let byte: u64 = load<u8>(pointer++);
    let value = byte & 0x7f;
    let shift: u64 = 7;
    while (byte >= 0x80) {
      if (pointer >= end || shift > 63) {
        fail(Status.BadIndex);
        this.pointer = end;
        return 0;
      }
      byte = load<u8>(pointer++);
      value |= (byte & 0x7f) << shift;
      shift += 7;
    }
    this.pointer = pointer;
    return value;
  }
}

/** A reader of varints that is still to be opened. */
export function newVarints(): VarintReader {
  return make<VarintReader>();
}

/** Bytes that packCodes needs behind the codes. */
export const CODES_ROOM: u64 = 32;

/**
 * Packs codes of a byte each, up to the one at `end`, into `bits` (1 or 4) bits each, low bits first, and gives back their
 * room. Up to 8 bytes behind what they become are written, too.
 */
export function packCodes(to: usize, codes: usize, end: usize, bits: u32): void {
  v128.store(end, i8x16.splat(0));
  for (let from = codes; from < end; from += 16, to += bits << 1) {
    const sixteen = v128.load(from);
    if (bits == 1) store<u16>(to, i8x16.bitmask(i8x16.neg(sixteen)));
    else {
      const pairs = v128.or(sixteen, i16x8.shr_u(sixteen, 4));
      v128.store64_lane(to, i8x16.narrow_i16x8_u(v128.and(pairs, i16x8.splat(0xff)), pairs), 0);
    }
  }
  shrinkTo(codes);
}
