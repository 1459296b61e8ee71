/** What every call takes and gives back: `Extent` and `Result` of assembly/abi.ts. */
import { setI64, u32, u64 } from "./view.ts";

const TWO_32 = 4_294_967_296;

/** Version of the record layouts and exports, the one of assembly/abi.ts. */
export const ABI_VERSION = 8;
/** Bytes of the record every call reports through. */
export const RESULT_SIZE = 40;
/** Bytes of an extent. */
export const EXTENT_SIZE = 16;

/** What a call reports. */
export interface Result {
  /** Address of the output. */
  readonly pointer: number;
  /** Bytes or records of the output. */
  readonly length: number;
  /** Four-character code of the box an error was seen in, 0 when none. */
  readonly box: number;
  /** File offset of an error. */
  readonly offset: number;
  /** Further results, by export. */
  readonly a: number;
  readonly b: number;
}

/** Reads the record at `result()`. */
export function readResult(view: DataView): Result {
  return {
    pointer: u32(view, 0),
    length: u32(view, 4),
    box: u32(view, 8),
    offset: u64(view, 16),
    a: u64(view, 24),
    b: u64(view, 32),
  };
}

/** Low and high half of a result that carries an address and a count. */
export function readAddress(view: DataView, field: "a" | "b"): { count: number; pointer: number } {
  const at = field === "a" ? 24 : 32;
  return { count: u32(view, at), pointer: u32(view, at + 4) };
}

/** Writes where one kept box is in the file and in the metadata buffer, and its bytes, header included. */
export function writeExtent(
  view: DataView,
  at: number,
  fileOffset: number,
  bufferOffset: number,
  length: number,
): void {
  setI64(view, at, fileOffset);
  view.setUint32(at + 8, bufferOffset, true);
  view.setUint32(at + 12, length, true);
}

/** Writes a 64-bit argument, which calls take by its address. */
export function writeU64(view: DataView, at: number, value: number): void {
  // Without a BigInt: this is called for every top-level box.
  view.setUint32(at, value % TWO_32, true);
  view.setUint32(at + 4, Math.floor(value / TWO_32), true);
}
