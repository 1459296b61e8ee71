/** One bump arena over the module's memory, reset by the host before each use. Nothing is ever freed alone. */

let top: usize = 0;

/** Forgets everything allocated. */
export function resetArena(): void {
  top = (__heap_base + 15) & ~15;
}

/** `size` bytes, aligned to 16 and not cleared; 0 when memory cannot grow that far. */
export function allocate(size: u64): usize {
  if (top == 0) resetArena();
  const end = (<u64>top + size + 15) & ~15;
  if (end > 0xffff_0000) return 0;
  const have = (<u64>memory.size()) << 16;
  if (end > have) {
    // Growing by at least a quarter keeps the number of growths low.
    const want = max((end - have + 0xffff) >> 16, (<u64>memory.size()) >> 2);
    const least = (end - have + 0xffff) >> 16;
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
