import { lengthOf } from "../../base/bytes.ts";
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, readFile, rename, unlink, writeFile, type FileHandle } from "node:fs/promises";
import { basename, join } from "node:path";
import type { ByteSpan } from "../../base/ports.ts";
import type { SpoolEntry, SpoolFile } from "../../record/spool.ts";
import { storeError } from "../../store/file/file-errors.ts";
import { FileReader } from "../../store/file/read-file.ts";
import { objectShort } from "../../store/remote/object-errors.ts";

/** For new files, each of whose writes returns once its bytes are safe: one call instead of two. */
const SYNCED = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_DSYNC;

/** A line of a journal: the file is safe up to `size`, and what came last in it has that checksum. */
interface Noted {
  readonly size: number;
  readonly sum: string;
  readonly startMs: number;
}

/** Hundreds may follow what is recorded, each as slowly as it likes. */
const reader = new FileReader();

/** Where files are kept that were refused, beside the folders of processes. */
export const ASIDE = "refused";

/** A file of a recording with its journal: written part by part, each safe before the next one, or left by a process that is gone. */
export class WrittenFile implements SpoolFile {
  readonly entry: SpoolEntry;
  size: number;
  startMs: number;
  readonly #path: string;
  readonly #handles: { readonly media: FileHandle; readonly journal: FileHandle } | undefined;
  #journalSize: number;

  constructor(path: string, entry: SpoolEntry, noted: Pick<Noted, "size" | "startMs">, opened?: OpenedFile) {
    this.#path = path;
    this.entry = entry;
    this.size = noted.size;
    this.startMs = noted.startMs;
    this.#handles = opened;
    this.#journalSize = opened?.journalSize ?? 0;
  }

  static async create(path: string, entry: SpoolEntry): Promise<WrittenFile> {
    const journal = await open(journalOf(path), SYNCED);
    try {
      const line = Buffer.from(`${JSON.stringify(entry)}\n`);
      await writeAll(journal, [line], 0);
      const media = await open(path, SYNCED);
      return new WrittenFile(path, entry, { size: 0, startMs: 0 }, { media, journal, journalSize: line.length });
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  async append(chunks: readonly Uint8Array[], startMs: number): Promise<void> {
    const handles = this.#handles;
    if (handles === undefined) throw new Error("a file that was left is only read");
    const { media, journal } = handles;
    const length = lengthOf(chunks);
    const noted = { size: this.size + length, sum: checksum(chunks), startMs };
    const line = Buffer.from(`${JSON.stringify(noted)}\n`);
    try {
      // In any order: a line whose part did not become safe does not agree with the file.
      await everyOne([writeAll(media, chunks, this.size), writeAll(journal, [line], this.#journalSize)]);
    } catch (cause) {
      await Promise.allSettled([media.truncate(this.size), journal.truncate(this.#journalSize)]);
      throw storeError(this.entry.key, cause);
    }
    this.size = noted.size;
    this.startMs = startMs;
    this.#journalSize += line.length;
  }

  async *read(span: ByteSpan): AsyncGenerator<Uint8Array, void, undefined> {
    const { key } = this.entry;
    let file: FileHandle | undefined;
    try {
      file = await open(this.#path);
      yield* reader.read(file, span, () => objectShort(key, span));
    } catch (cause) {
      throw storeError(key, cause);
    } finally {
      await file?.close();
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#handles?.media.close(), this.#handles?.journal.close()]);
  }

  async remove(): Promise<void> {
    await unlink(this.#path).catch(() => undefined);
    // Last: without its journal a file is nothing.
    await unlink(journalOf(this.#path)).catch(() => undefined);
  }

  async setAside(why: string): Promise<void> {
    const { entry, size, startMs } = this;
    const folder = join(this.#path, "..", "..", ASIDE);
    const path = join(folder, basename(this.#path));
    try {
      await mkdir(folder, { recursive: true });
      const about = { ...entry, start: new Date(startMs).toISOString(), size, why };
      await writeFile(`${path}.json`, `${JSON.stringify(about, undefined, 2)}\n`);
      await rename(this.#path, path);
      await unlink(journalOf(this.#path));
    } catch (cause) {
      throw storeError(entry.key, cause);
    }
  }
}

interface OpenedFile {
  readonly media: FileHandle;
  readonly journal: FileHandle;
  /** Bytes of the journal. */
  readonly journalSize: number;
}

/** The journal of a file. */
export function journalOf(path: string): string {
  return `${path}.journal`;
}

/** Chunks that Linux takes with one call (`IOV_MAX`). */
const CHUNKS_AT_ONCE = 1024;

/** Writes chunks one behind the other, with a single call unless the system takes less of them. */
async function writeAll(file: FileHandle, chunks: readonly Uint8Array[], at: number): Promise<void> {
  let [left, position] = [chunks, at];
  while (left.length > 0) {
    const [only, second] = left;
    const { bytesWritten } =
      only !== undefined && second === undefined
        ? await file.write(only, 0, only.length, position)
        : await file.writev(left.slice(0, CHUNKS_AT_ONCE), position);
    position += bytesWritten;
    left = without(left, bytesWritten);
  }
}

/** What is left of chunks behind their first bytes. */
function without(chunks: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let skipped = bytes;
  return chunks.flatMap((chunk) => {
    const rest = chunk.subarray(Math.min(skipped, chunk.length));
    skipped -= chunk.length - rest.length;
    return rest.length > 0 ? [rest] : [];
  });
}

/** Waits for all, also when one fails. */
async function everyOne(works: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(works);
  await Promise.all(works);
}

function checksum(chunks: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex").slice(0, 16);
}

/** A file that was left, cut to the parts that agree with their lines; undefined, and removed, when there are none. */
export async function recovered(path: string): Promise<SpoolFile | undefined> {
  const [first = "", ...lines] = (await readFile(journalOf(path), "utf8").catch(() => "")).split("\n");
  const entry = parsed(first) as SpoolEntry | undefined;
  let safe: Noted | undefined;
  if (entry !== undefined) {
    const media = await open(path, "r+");
    try {
      for (const line of lines) {
        const noted = parsed(line) as Noted | undefined;
        const from = safe?.size ?? 0;
        if (noted === undefined || !(await agrees(media, from, noted))) break;
        safe = noted;
      }
      if (safe !== undefined) await media.truncate(safe.size);
    } finally {
      await media.close();
    }
  }
  if (entry !== undefined && safe !== undefined) return new WrittenFile(path, entry, safe);
  await Promise.allSettled([unlink(path), unlink(journalOf(path))]);
  return undefined;
}

async function agrees(media: FileHandle, from: number, { size, sum }: Noted): Promise<boolean> {
  if (!(size > from)) return false;
  const bytes = Buffer.alloc(size - from);
  const { bytesRead } = await media.read(bytes, 0, bytes.length, from);
  return bytesRead === bytes.length && checksum([bytes]) === sum;
}

/** A line of a journal; undefined for what a crash left of one. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}
