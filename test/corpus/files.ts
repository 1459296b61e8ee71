import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

/** One thing to index: a file as it is, or the pieces of a stream behind their init segment. */
export interface CorpusFile {
  /** For messages, relative to the corpus. */
  readonly name: string;
  readonly file: string;
}

/** Pieces (`.m4s`) and the init segment they belong to, by the beginning of their names. */
const INITS: Readonly<Record<string, string>> = {
  "androidx/dash/webvtt-in-mp4-multiple-segments/text": "text_init.mp4",
  "androidx/dash/webvtt-in-mp4-multiple-segments/video": "video_init.mp4",
  "androidx/dash/multi-track/chunk-stream0": "init-stream0.m4s",
  "androidx/dash/multi-segment-with-emsg0/segment_": "segment_init.mp4",
  "mp4-rust/tests/samples/minimal_fragment": "minimal_init.mp4",
};

/** Every media file of the corpus, and each run of pieces once more behind its init segment. */
export async function corpusFiles(root: string): Promise<CorpusFile[]> {
  const names = (await readdir(root, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !/\.(dump|md)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length).replace(/^\/+/, ""))
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const files = names.map((name) => ({ name, file: join(root, name) }));
  for (const [prefix, init] of Object.entries(INITS)) {
    const start = join(root, dirname(prefix), init);
    const pieces = names.filter((name) => name.startsWith(prefix) && name.endsWith(".m4s") && basename(name) !== init);
    if (!existsSync(start) || pieces.length === 0) continue;
    const parts = [start, ...pieces.map((name) => join(root, name))];
    files.push({
      name: `${prefix}*.m4s behind ${init}`,
      file: await joined(await Promise.all(parts.map((part) => readFile(part)))),
    });
  }
  return files;
}

async function joined(parts: readonly Uint8Array[]): Promise<string> {
  const bytes = Buffer.concat(parts);
  const folder = join(tmpdir(), "boxcar-fixtures");
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${createHash("sha256").update(bytes).digest("hex").slice(0, 24)}.mp4`);
  if (existsSync(file)) return file;
  await writeFile(`${file}.${process.pid}`, bytes);
  await rename(`${file}.${process.pid}`, file);
  return file;
}
