import { createCore, type Aside, type Core } from "../../core/index.ts";
import { readBuilt } from "./built.ts";

/** Compiles the WASM core. */
export async function loadCore(aside?: Aside): Promise<Core> {
  return createCore(await WebAssembly.compile(await readBuilt("boxcar.wasm")), aside);
}
