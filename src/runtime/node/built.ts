import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";

/** Where a file of `build` lies: beside the bundle, above it, or there when the sources run as they are. */
export function builtUrl(name: string): URL {
  const url = (folder: string): URL => new URL(folder + name, import.meta.url);
  return ["./", "../"].map(url).find((near) => existsSync(near)) ?? url("../../../build/");
}

/** A file of `build`. @throws as `readFile` does */
export function readBuilt(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return readFile(builtUrl(name));
}
