/** One bump arena over the module's memory, reset by the host before each use. Nothing is ever freed alone. */

let top: usize = 0;
/** Bytes of memory that may be in use; set anew after each reset. */
let limit: u64 = u64.MAX_VALUE;

/** Forgets everything allocated, and the limit. */
export function resetArena(): void {
  limit = u64.MAX_VALUE;
  top = (__heap_base + 15) & ~15;
}

/** Lets memory in use grow to `bytes` at most: what an input may cost is bounded by its own size. */
export function limitArena(bytes: u64): void {
  limit = bytes;
}

/** `size` bytes, aligned to 16 and not cleared; 0 when memory cannot grow that far, or may not. */
export function allocate(size: u64): usize {
  if (top == 0) resetArena();
  const end = (<u64>top + size + 15) & ~15;
  if (size > 0xffff_0000 || end > min<u64>(limit, 0xffff_0000)) return 0;
  const have = (<u64>memory.size()) << 16;
  if (end > have) {
    // Growing by at least a quarter keeps the number of growths low.
    const least = (end - have + 0xffff) >> 16;
    const allowed = limit > have ? (limit - have) >> 16 : 0;
    const want = max(least, min((<u64>memory.size()) >> 2, allowed));
    if (memory.grow(<i32>want) < 0 && memory.grow(<i32>least) < 0) return 0;
  }
  const pointer = top;
  top = <usize>end;
  return pointer;
}

/** Gives back everything from `pointer` on: for output whose length was an upper bound. */
export function shrinkTo(pointer: usize): void {
  top = (pointer + 15) & ~15;
}
