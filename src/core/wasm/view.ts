/** Little-endian fields of records. 64-bit values become numbers: the module refuses what passes 53 bits. */

const QUESTION_MARK = 63;
const TWO_32 = 4_294_967_296;
const TWO_63 = 2 ** 63;

/** An unsigned 32-bit field. */
export function u32(view: DataView, at: number): number {
  return view.getUint32(at, true);
}

/** An unsigned 64-bit field. */
export function u64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * TWO_32;
}

/** A signed 64-bit field. */
export function i64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getInt32(at + 4, true) * TWO_32;
}

/** Like `i64`, the extremes standing for "no bound". */
export function bound(view: DataView, at: number): number {
  const value = i64(view, at);
  // The extremes round to powers of two that no time reaches.
  if (value <= -TWO_63) return Number.NEGATIVE_INFINITY;
  return value >= TWO_63 ? Number.POSITIVE_INFINITY : value;
}

/** 64 bits as hexadecimal text. */
export function hexadecimal(view: DataView, at: number): string {
  // Without a BigInt: this is called for every track of every summary that is read.
  const [low, high] = [view.getUint32(at, true).toString(16), view.getUint32(at + 4, true)];
  return high === 0 ? low : high.toString(16) + low.padStart(8, "0");
}

/** ASCII text of at most `size` characters, padded with zeros. */
export function text(view: DataView, at: number, size: number): string {
  // Without an array: this is called for every track of every summary that is read.
  let read = "";
  for (let i = at; i < at + size; i++) {
    const code = view.getUint8(i);
    if (code === 0) break;
    read += String.fromCharCode(code);
  }
  return read;
}

/** Writes a 64-bit field: `value` rounded, or the extreme that stands for its infinity. */
export function setI64(view: DataView, at: number, value: number): void {
  // Without a BigInt: this is called for every track of every piece that is read.
  if (Number.isFinite(value)) {
    const whole = Math.round(value);
    const high = Math.floor(whole / TWO_32);
    view.setUint32(at, whole - high * TWO_32, true);
    view.setInt32(at + 4, high, true);
  } else {
    view.setUint32(at, value > 0 ? 0xffff_ffff : 0, true);
    view.setInt32(at + 4, value > 0 ? 0x7fff_ffff : -0x8000_0000, true);
  }
}

/** A four-character code as text; bytes outside ASCII become `?`. */
export function fourccText(code: number): string {
  const shown = (byte: number): number => (byte >= 32 && byte < 127 ? byte : QUESTION_MARK);
  const [a, b, c, d] = [code >>> 24, (code >>> 16) & 255, (code >>> 8) & 255, code & 255];
  return String.fromCharCode(shown(a), shown(b), shown(c), shown(d));
}
