/** How the host uses the module: `reset`, `allocate` room for the inputs, one or more calls, read the Result. */
import { ABI_VERSION } from "./abi/names";
import { allocate as allocateIn, resetArena, shrinkTo } from "./memory/arena";
import { RESULT } from "./memory/status";

/** ABI_VERSION, for the host to compare. */
export function abiVersion(): u32 {
  return ABI_VERSION;
}

/** Address of the Result record. */
export function result(): usize {
  return RESULT;
}

/** Forgets all inputs and outputs. */
export function reset(): void {
  resetArena();
}

/** Room for `size` bytes, aligned to 16; 0 when memory is out. */
export function allocate(size: u32): usize {
  // Column readers look up to 8 bytes past their end.
  return allocateIn(<u64>size + 16);
}

/** Forgets what lies at `pointer` and behind it, so that the next room is there. */
export function rewind(pointer: usize): void {
  shrinkTo(pointer);
}
