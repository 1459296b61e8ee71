import { mkdir, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { errnoOf } from "./file-errors.ts";

/**
 * Makes a folder and those above it, where they are missing.
 * @returns the uppermost one that was made; undefined when all were there
 * @throws the error of the file system; `ENOTDIR` where a file is in the way
 */
export async function makePath(folder: string): Promise<string | undefined> {
  if (await isFolder(folder)) return undefined;
  const parent = dirname(folder);
  const first = parent === folder ? undefined : await makePath(parent);
  try {
    // Not with `recursive`: of a folder that takes none, such as /proc, Node tries on without end.
    await mkdir(folder);
  } catch (cause) {
    if (errnoOf(cause) !== "EEXIST") throw cause;
    await isFolder(folder); // another call was faster
  }
  return first ?? folder;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT") return false;
    throw cause;
  }
  throw Object.assign(new Error(`ENOTDIR: not a directory, '${path}'`), { code: "ENOTDIR" });
}

/** Makes a folder and those above it, durably. @throws as `makePath` does */
export async function makeFolder(folder: string): Promise<void> {
  const first = await makePath(folder);
  if (first === undefined) return;
  for (let path = folder; path !== dirname(first); path = dirname(path)) await syncFolder(dirname(path));
}

/** Makes what was added to a folder, or taken out of it, durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
