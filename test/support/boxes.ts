/** MP4 boxes as bytes (ISO/IEC 14496-12 section 4.2), for files no encoder would write. */

/** Joins pieces of bytes; a string counts as its ASCII bytes. */
export function bytes(...parts: readonly (Uint8Array | string)[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(
    Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : part))),
  );
}

function integers(width: number, values: readonly (number | bigint)[]): Uint8Array {
  const out = Buffer.alloc(values.length * width);
  for (const [i, value] of values.entries()) {
    // two's complement, so that negative numbers can be given too
    const hex = BigInt.asUintN(width * 8, BigInt(value))
      .toString(16)
      .padStart(width * 2, "0");
    out.write(hex, i * width, "hex");
  }
  return new Uint8Array(out);
}

/** Big-endian integers of 8, 16, 24, 32 and 64 bits; negative values as two's complement, larger ones are cut off. */
export const u8 = (...values: readonly number[]): Uint8Array => integers(1, values);
export const u16 = (...values: readonly number[]): Uint8Array => integers(2, values);
export const u24 = (...values: readonly number[]): Uint8Array => integers(3, values);
export const u32 = (...values: readonly number[]): Uint8Array => integers(4, values);
export const u64 = (...values: readonly (number | bigint)[]): Uint8Array => integers(8, values);
export const zeros = (length: number): Uint8Array => new Uint8Array(length);

/** A box with a 32-bit size. */
export function box(fourcc: string, ...parts: readonly (Uint8Array | string)[]): Uint8Array<ArrayBuffer> {
  const payload = bytes(...parts);
  return bytes(u32(8 + payload.length), fourcc, payload);
}

/** A box with version and flags. */
export function fullBox(
  fourcc: string,
  version: number,
  flags: number,
  ...parts: readonly (Uint8Array | string)[]
): Uint8Array<ArrayBuffer> {
  return box(fourcc, u8(version), u24(flags), ...parts);
}

/** A box with a 64-bit size: size field 1, then `largesize`. */
export function largeBox(fourcc: string, ...parts: readonly (Uint8Array | string)[]): Uint8Array<ArrayBuffer> {
  const payload = bytes(...parts);
  return bytes(u32(1), fourcc, u64(16 + payload.length), payload);
}

/** A box whose header claims a size of its own, whatever the payload is: for truncated, oversized and endless boxes. */
export function claimedBox(
  size: number,
  fourcc: string,
  ...parts: readonly (Uint8Array | string)[]
): Uint8Array<ArrayBuffer> {
  return bytes(u32(size), fourcc, ...parts);
}

/** Where a box starts, found by walking `path` from the top: `find(file, "moov", "trak", "mdia")`. The first of each name. */
export function find(file: Uint8Array, ...path: readonly string[]): { offset: number; size: number } {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let at = 0;
  let end = file.length;
  let found = { offset: 0, size: file.length };
  for (const name of path) {
    for (;;) {
      if (at + 8 > end) throw new Error(`no ${path.join("/")} in the file`);
      const size = view.getUint32(at) === 1 ? Number(view.getBigUint64(at + 8)) : view.getUint32(at) || end - at;
      if (Buffer.from(file.subarray(at + 4, at + 8)).toString("latin1") === name) {
        found = { offset: at, size };
        end = at + size;
        at += view.getUint32(at) === 1 ? 16 : 8;
        break;
      }
      at += size;
    }
  }
  return found;
}

/** A copy of `file` with `patch` written at `offset`. */
export function patched(file: Uint8Array, offset: number, patch: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(file);
  copy.set(patch, offset);
  return copy;
}
