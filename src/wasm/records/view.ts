/** Little-endian fields of records. 64-bit values become numbers: the module refuses what passes 53 bits. */

const QUESTION_MARK = 63;
const TWO_32 = 4_294_967_296;
const TWO_63 = 2 ** 63;
const UNBOUNDED_LOW = -9_223_372_036_854_775_808n;
const UNBOUNDED_HIGH = 9_223_372_036_854_775_807n;

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

/** Writes a 64-bit field: `value` rounded, or the extreme that stands for its infinity. */
export function setI64(view: DataView, at: number, value: number): void {
  const whole = Number.isFinite(value) ? BigInt(Math.round(value)) : value > 0 ? UNBOUNDED_HIGH : UNBOUNDED_LOW;
  view.setBigInt64(at, whole, true);
}

/** A four-character code as text; bytes outside ASCII become `?`. */
export function fourccText(code: number): string {
  const shown = (byte: number): number => (byte >= 32 && byte < 127 ? byte : QUESTION_MARK);
  const [a, b, c, d] = [code >>> 24, (code >>> 16) & 255, (code >>> 8) & 255, code & 255];
  return String.fromCharCode(shown(a), shown(b), shown(c), shown(d));
}
