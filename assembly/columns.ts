/** The segment index's number encodings: LEB128 varints and zigzag. */
import { Status } from "./abi";
import { cleared, fail } from "./status";

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

export function zigzag(value: i64): u64 {
  return <u64>((value << 1) ^ (value >> 63));
}

export function unzigzag(value: u64): i64 {
  return (<i64>(value >> 1)) ^ -(<i64>(value & 1));
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

export function newVarints(): VarintReader {
  return changetype<VarintReader>(cleared(offsetof<VarintReader>()));
}
