/** The exports of the WASM module and how they are called: arguments go into its memory, results come from there. */
import { BoxcarError } from "../errors.ts";
import { readAddress, readResult, RESULT_SIZE, writeU64, type Result } from "./records/call.ts";
import { fourccText } from "./records/view.ts";
import { refusal } from "./status.ts";

/** What `build/boxcar.wasm` exports; see assembly/index.ts. All arguments and results are u32. */
export interface Exports {
  memory: WebAssembly.Memory;
  abiVersion(): number;
  result(): number;
  reset(): void;
  allocate(size: number): number;
  scan(pointer: number, length: number, offset: number, complete: number): number;
  index(extents: number, count: number, buffer: number, size: number): number;
  check(index: number, length: number): number;
  select(index: number, slot: number, selection: number): number;
  measure(index: number, tracks: number): number;
  table(index: number, tracks: number, slot: number, kind: number, before: number): number;
  spans(index: number, tracks: number): number;
  movie(
    tracks: number,
    count: number,
    duration: number,
    fragmented: number,
    wide: number,
    chapters: number,
    chapterCount: number,
  ): number;
  fragments(index: number, tracks: number, sequence: number): number;
  accessEntries(index: number, tracks: number, kind: number, timescale: number, numbers: number): number;
  parameterSets(entry: number, length: number): number;
  inbandEntry(entry: number, length: number): number;
  codecs(handler: number, entries: number, length: number): number;
  coveringEntry(entry: number, length: number, other: number, otherLength: number): number;
  sidxHead(trackId: number, timescale: number, numbers: number, count: number): number;
  mfra(trackId: number, count: number): number;
  captionEntry(): number;
  captionTable(blocks: number, count: number, kind: number, start: number): number;
  captions(block: number, offset: number): number;
  captionFragment(block: number, trackId: number, sequence: number): number;
  silentSample(entry: number, length: number, timescale: number): number;
  silentMovie(entry: number, length: number, timescale: number, count: number, size: number, duration: number): number;
  timecodeStep(entry: number, length: number, ticks: number, timescale: number): number;
  samples(index: number): number;
  boxes(pointer: number, length: number, offset: number): number;
}

/** What a call reported. @throws BoxcarError of its `status`, when that is not 0 */
export function call(wasm: Exports, status: number): Result {
  const result = readResult(resultView(wasm));
  if (status !== 0) throw refusal(status, result.box === 0 ? "" : fourccText(result.box), result.offset);
  return result;
}

/** Address and count of the records that the last call left in a field of its result. */
export function listed(wasm: Exports, field: "a" | "b"): { count: number; pointer: number } {
  return readAddress(resultView(wasm), field);
}

function resultView(wasm: Exports): DataView {
  return new DataView(wasm.memory.buffer, wasm.result(), RESULT_SIZE);
}

/** Address of `size` free bytes, good until the next `reset`. @throws BoxcarError out_of_memory */
export function room(wasm: Exports, size: number): number {
  const pointer = wasm.allocate(size);
  if (pointer === 0)
    throw new BoxcarError("out_of_memory", 422, `${size} bytes of metadata do not fit the memory limit.`);
  return pointer;
}

/** Address of a copy of `bytes`. */
export function put(wasm: Exports, bytes: Uint8Array): number {
  const pointer = room(wasm, bytes.byteLength);
  new Uint8Array(wasm.memory.buffer).set(bytes, pointer);
  return pointer;
}

/** Address of a 64-bit argument. */
export function number(wasm: Exports, value: number): number {
  const pointer = room(wasm, 8);
  writeU64(new DataView(wasm.memory.buffer), pointer, value);
  return pointer;
}

/** Address of several 64-bit arguments in a row. */
export function numberList(wasm: Exports, values: readonly number[]): number {
  const pointer = room(wasm, values.length * 8);
  const view = new DataView(wasm.memory.buffer);
  values.forEach((value, i) => {
    writeU64(view, pointer + i * 8, value);
  });
  return pointer;
}

/** A copy of `length` bytes at `pointer`. */
export function bytesAt(wasm: Exports, pointer: number, length: number): Uint8Array {
  return new Uint8Array(wasm.memory.buffer, pointer, length).slice();
}
