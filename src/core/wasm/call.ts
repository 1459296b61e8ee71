/** How the exports of the WASM module are called: arguments go into its memory, results come from there. */
import { BoxcarError } from "../../base/errors.ts";
import type { Exports } from "./abi/exports.ts";
import { readResult, RESULT_SIZE, type Result } from "./abi/records.ts";
import { refusal } from "./status.ts";
import { fourccText } from "./view.ts";

/** What a call reported. @throws BoxcarError of its `status`, when that is not 0 */
export function call(wasm: Exports, status: number): Result {
  const result = readResult(new DataView(wasm.memory.buffer, wasm.result(), RESULT_SIZE), 0);
  if (status !== 0) throw refusal(status, result.box === 0 ? "" : fourccText(result.box), result.offset);
  return result;
}

/** Address of `size` free bytes, good until the next `reset`. @throws BoxcarError out_of_memory */
export function room(wasm: Exports, size: number): number {
  const pointer = wasm.allocate(size);
  if (pointer === 0) throw new BoxcarError("out_of_memory", `${size} bytes of metadata do not fit the memory limit.`);
  return pointer;
}

/** Address of a copy of `bytes`. */
export function put(wasm: Exports, bytes: Uint8Array): number {
  const pointer = room(wasm, bytes.byteLength);
  new Uint8Array(wasm.memory.buffer).set(bytes, pointer);
  return pointer;
}

/** A copy of `length` bytes at `pointer`. */
export function bytesAt(wasm: Exports, pointer: number, length: number): Uint8Array {
  return new Uint8Array(wasm.memory.buffer, pointer, length).slice();
}

/** Address of records in a row, each written by `write`. */
export function putRecords<T>(
  wasm: Exports,
  size: number,
  write: (view: DataView, at: number, record: T) => void,
  records: readonly T[],
): number {
  const pointer = room(wasm, records.length * size);
  const view = new DataView(wasm.memory.buffer);
  records.forEach((record, i) => {
    write(view, pointer + i * size, record);
  });
  return pointer;
}

/** `count` records in a row, each read by `read`. */
export function recordsAt<T>(
  wasm: Exports,
  size: number,
  read: (view: DataView, at: number) => T,
  pointer: number,
  count: number,
): T[] {
  const view = new DataView(wasm.memory.buffer);
  return Array.from({ length: count }, (_, i) => read(view, pointer + i * size));
}
