import { createHash, randomUUID } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import {
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  unlink,
  utimes,
  writeFile,
  type FileHandle,
} from "node:fs/promises";
import { basename, join } from "node:path";
import type { ByteSpan } from "../../base/ports.ts";
import type { Spool, SpoolEntry, SpoolFile } from "../../record/spool.ts";
import { storeError } from "../../store/file/file-errors.ts";
import { objectShort } from "../../store/remote/object-errors.ts";

/** How often a process says that its folder is in use, and silence after which that is no longer believed. */
const ALIVE_MS = 10_000;
const SILENT_MS = 60_000;

/** For new files, each of whose writes returns once its bytes are safe: one call instead of two. */
const SYNCED = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_DSYNC;

/** A line of a journal: the file is safe up to `size`, and what came last in it has that checksum. */
interface Noted {
  readonly size: number;
  readonly sum: string;
  readonly startMs: number;
}

/**
 * The spool as files below one folder, in which each process has a folder of its own. Beside each file stands its journal: a
 * line that says what it is to become, and a line with length and checksum a part, written and synced with the part. What a
 * crash or a loss of power leaves behind the last part that agrees with its line is cut off.
 */
export class SpoolFolder implements Spool {
  readonly #root: string;
  readonly #own: string;
  #alive: ReturnType<typeof setInterval> | undefined;

  /** @param root absolute path; it is made when the first file is created */
  constructor(root: string) {
    this.#root = root;
    this.#own = join(root, randomUUID());
  }

  async create(entry: SpoolEntry): Promise<SpoolFile> {
    try {
      await this.#makeOwn();
      return await WrittenFile.create(join(this.#own, `${randomUUID()}.mp4`), entry);
    } catch (cause) {
      throw storeError(entry.key, cause);
    }
  }

  async *leftovers(): AsyncGenerator<SpoolFile, void, undefined> {
    const folders = await readdir(this.#root).catch(() => []);
    for (const name of folders) {
      const folder = join(this.#root, name);
      if (name === ASIDE || folder === this.#own || !(await isLeft(folder))) continue;
      // Only one process can rename it.
      const taken = join(this.#root, `.${randomUUID()}`);
      await this.#makeOwn();
      if (
        !(await rename(folder, taken).then(
          () => true,
          () => false,
        ))
      )
        continue;
      for (const file of await readdir(taken)) {
        if (!file.endsWith(".mp4")) continue;
        const path = join(this.#own, file);
        await rename(journalOf(join(taken, file)), journalOf(path)).catch(() => undefined);
        await rename(join(taken, file), path);
        const left = await recovered(path);
        if (left !== undefined) yield left;
      }
      await rm(taken, { recursive: true, force: true });
    }
  }

  async room(): Promise<number | undefined> {
    const stats = await statfs(this.#own).catch(() => undefined);
    return stats && stats.bavail * stats.bsize;
  }

  async sweep(): Promise<void> {
    const folder = join(this.#root, ASIDE);
    for (const name of await readdir(folder).catch(() => [])) {
      const path = join(folder, name);
      const stats = await stat(path).catch(() => undefined);
      if (stats !== undefined && Date.now() - stats.ctimeMs > ASIDE_MS) await unlink(path).catch(() => undefined);
    }
  }

  /** Says no longer that the folder is in use. */
  async close(): Promise<void> {
    clearInterval(this.#alive);
    this.#alive = undefined;
    const left = await readdir(this.#own).catch(() => []);
    if (left.every((name) => name === OWNER)) await rm(this.#own, { recursive: true, force: true });
    else await unlink(join(this.#own, OWNER)).catch(() => undefined);
  }

  async #makeOwn(): Promise<void> {
    if (this.#alive !== undefined) return;
    await mkdir(this.#own, { recursive: true });
    const owner = join(this.#own, OWNER);
    await writeFile(owner, String(process.pid));
    this.#alive = setInterval(() => {
      utimes(owner, new Date(), new Date()).catch(() => undefined);
    }, ALIVE_MS);
    this.#alive.unref();
  }
}

const OWNER = "owner";

/** Where files are kept that were refused, and for how long, milliseconds. */
const ASIDE = "refused";
const ASIDE_MS = 7 * 86_400_000;

/** Whether the process that a folder belongs to is gone. */
async function isLeft(folder: string): Promise<boolean> {
  const owner = join(folder, OWNER);
  const [text, stats] = await Promise.all([readFile(owner, "utf8"), stat(owner)]).catch(() => ["", undefined] as const);
  const pid = Number(text);
  if (stats === undefined || pid === process.pid || !Number.isInteger(pid) || pid <= 0) return true;
  if (Date.now() - stats.mtimeMs > SILENT_MS) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}

class WrittenFile implements SpoolFile {
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
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
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
    let left = span.length;
    try {
      const end = span.offset + span.length - 1;
      for await (const chunk of createReadStream(this.#path, { start: span.offset, end, highWaterMark: 1 << 20 })) {
        left -= (chunk as Uint8Array).length;
        yield chunk as Uint8Array;
      }
    } catch (cause) {
      throw storeError(key, cause);
    }
    if (left > 0) throw objectShort(key, span);
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

function journalOf(path: string): string {
  return `${path}.journal`;
}

/** Chunks that Linux takes with one call (`IOV_MAX`). */
const CHUNKS_AT_ONCE = 1024;

/** Writes chunks one behind the other, with a single call unless the system takes less of them. */
async function writeAll(file: FileHandle, chunks: readonly Uint8Array[], at: number): Promise<void> {
  let [left, position] = [chunks, at];
  while (left.length > 0) {
    const { bytesWritten } = await file.writev(left.slice(0, CHUNKS_AT_ONCE), position);
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
async function recovered(path: string): Promise<SpoolFile | undefined> {
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
