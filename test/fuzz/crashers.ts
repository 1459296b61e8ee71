/** Inputs that once did harm, kept as `{seed}-{case}.mp4` or `.index`. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Case } from "./case.ts";

/** Keeps a case. Returns the name of its file. */
export async function keepCrasher(folder: string, name: string, { kind, bytes }: Case): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.${kind}`), bytes);
  return `${name}.${kind}`;
}

/** All cases kept in a folder. */
export async function keptCrashers(folder: string): Promise<(Case & { readonly name: string })[]> {
  const names = (await readdir(folder)).filter((name) => /\.(mp4|index)$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const kind = name.endsWith(".mp4") ? "mp4" : "index";
      return { name, kind, bytes: new Uint8Array(await readFile(join(folder, name))) } as const;
    }),
  );
}
