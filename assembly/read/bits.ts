/** Bits of a NAL unit's payload (ITU-T H.264 clause 7.3.1, H.265 clause 7.3.1.1). */
import { reserve } from "../memory/status";

/** Where the reading of a payload stands. Beyond its end all bits are 0, and `overrun` is set. */
@unmanaged
export class Bits {
  from: usize;
  /** Bits that were read, and all of them. */
  at: u32;
  count: u32;
  overrun: bool;
}

/** The bits of a NAL unit behind its header, without emulation prevention bytes; null when memory is out. */
export function payloadBits(unit: usize, length: u32, header: u32): Bits | null {
  const bits = changetype<Bits>(reserve(offsetof<Bits>()));
  const to = reserve(length);
  if (to == 0) return null;
  let next = to;
  let zeros = 0;
  for (let i = header; i < length; i++) {
    const byte = load<u8>(unit + i);
    if (zeros >= 2 && byte == 3) {
      zeros = 0;
      continue;
    }
    zeros = byte == 0 ? zeros + 1 : 0;
    store<u8>(next++, byte);
  }
  bits.from = to;
  bits.at = 0;
  bits.count = (<u32>(next - to)) << 3;
  bits.overrun = false;
  return bits;
}

/** u(1). */
export function bit(bits: Bits): u32 {
  const at = bits.at++;
  if (at >= bits.count) {
    bits.overrun = true;
    return 0;
  }
  return (load<u8>(bits.from + (at >> 3)) >> (7 - (at & 7))) & 1;
}

/** u(n), up to 32. */
export function unsigned(bits: Bits, n: u32): u32 {
  let value: u32 = 0;
  for (let i: u32 = 0; i < n; i++) value = (value << 1) | bit(bits);
  return value;
}

/** Leaves out n bits. */
export function skip(bits: Bits, n: u32): void {
  bits.at += n;
}

/** ue(v) (clause 9.1). */
export function golomb(bits: Bits): u32 {
  let zeros: u32 = 0;
  while (zeros < 32 && !bits.overrun && bit(bits) == 0) zeros++;
  return zeros == 0 || zeros > 31 ? 0 : (1 << zeros) - 1 + unsigned(bits, zeros);
}

/** se(v) (clause 9.1.1). */
export function signedGolomb(bits: Bits): i32 {
  const code = golomb(bits);
  return code & 1 ? <i32>((code + 1) >> 1) : -(<i32>(code >> 1));
}
