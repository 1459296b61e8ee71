import { Status } from "../abi/names";
import { Result } from "../abi/records";
import { allocate } from "./arena";

/** The record every call reports through. */
export const RESULT: usize = memory.data(64, 16);

let current: Status = Status.Ok;

// Where the metadata buffer that is being read lies in the file: file offset = pointer - origin + fileOffset.
let origin: usize = 0;
let fileOffset: u64 = 0;

/** Clears the outcome of the call before. */
export function begin(): void {
  current = Status.Ok;
  origin = 0;
  fileOffset = 0;
  memory.fill(RESULT, 0, Result.SIZE);
}

/** The outcome so far. */
export function outcome(): Status {
  return current;
}

/** Whether something went wrong in this call. */
export function failed(): bool {
  return current != Status.Ok;
}

/** Says that the bytes at `pointer` lie at `offset` in the file, so that errors can name the place. */
export function locate(pointer: usize, offset: u64): void {
  origin = pointer;
  fileOffset = offset;
}

/** The file offset of a byte of the metadata buffer. */
export function fileOffsetOf(pointer: usize): u64 {
  return fileOffset + (pointer - origin);
}

/** Notes a failure; the first one stays. `pointer` is the place in the metadata buffer, or 0. */
export function fail(status: Status, box: u32 = 0, pointer: usize = 0): void {
  if (current != Status.Ok) return;
  current = status;
  store<u32>(RESULT, box, Result.BOX);
  store<u64>(RESULT, pointer >= origin && pointer != 0 ? fileOffsetOf(pointer) : 0, Result.OFFSET);
}

/** Allocates, or notes `OutOfMemory` and returns 0. */
export function reserve(size: u64): usize {
  const pointer = allocate(size);
  if (pointer == 0) fail(Status.OutOfMemory);
  return pointer;
}

/** Cleared memory of `size` bytes, for a class or a table; 0 like `reserve`. */
export function cleared(size: usize): usize {
  const pointer = reserve(size);
  if (pointer != 0) memory.fill(pointer, 0, size);
  return pointer;
}

/** A cleared object of a class; not to be used when memory is out. */
export function make<T>(): T {
  return changetype<T>(cleared(offsetof<T>()));
}

/** Hands out `length` bytes (or records) at `pointer`. */
export function output(pointer: usize, length: usize): void {
  store<u32>(RESULT, <u32>pointer, Result.POINTER);
  store<u32>(RESULT, <u32>length, Result.LENGTH);
}

/** Hands out `length` records at `pointer` beside the output. */
export function listed(pointer: usize, length: usize): void {
  store<u32>(RESULT, <u32>pointer, Result.LIST_POINTER);
  store<u32>(RESULT, <u32>length, Result.LIST_LENGTH);
}

/**
 * Hands out what the next call goes on with: everything from `pointer` up to `end`, or nothing when the work is done. It
 * belongs to the same addresses again.
 */
export function suspended(pointer: usize, end: usize, done: bool): void {
  store<u32>(RESULT, <u32>pointer, Result.STATE_POINTER);
  store<u32>(RESULT, done ? 0 : <u32>(end - pointer), Result.STATE_LENGTH);
}
