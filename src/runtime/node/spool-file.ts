import { lengthOf } from "../../base/bytes.ts";
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, unlink, writeFile, type FileHandle } from "node:fs/promises";
import { basename, join } from "node:path";
import type { ByteSpan } from "../../base/ports.ts";
import type { SpoolEntry, SpoolFile } from "../../record/spool.ts";
import { storeError } from "../../store/file/file-errors.ts";
import { FileReader } from "../../store/file/read-file.ts";
import { objectShort } from "../../store/object-errors.ts";

/** For new files, each of whose writes returns once its bytes are safe: one call instead of two. */
const SYNCED = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_DSYNC;

/** A line before each part: its length and checksum, and when the segment starts, as far as that was known. */
interface Noted {
  readonly length: number;
  readonly sum: string;
  readonly startMs: number;
}

/** A part that is safe. */
interface SafePart {
  /** Where it begins in the segment, and in the file. */
  readonly offset: number;
  readonly at: number;
  readonly length: number;
}

/** Hundreds may follow what is recorded, each as slowly as it likes. */
const reader = new FileReader();

/** Where files are kept that were refused, beside the folders of processes. */
export const ASIDE = "refused";

/** How names of files end that are recorded into. */
export const EXTENSION = ".recording";

/**
 * A file of a recording: a line that says what it is to become, then parts, each behind a line of its own, which becomes safe with it in
 * one write. It is written part by part, or was left by a process that is gone.
 */
export class WrittenFile implements SpoolFile {
  readonly entry: SpoolEntry;
  size = 0;
  startMs = 0;
  readonly #path: string;
  readonly #handle: FileHandle | undefined;
  readonly #parts: SafePart[] = [];
  /** Bytes of the file that are safe. */
  #end = 0;

  constructor(path: string, entry: SpoolEntry, handle?: FileHandle) {
    this.#path = path;
    this.entry = entry;
    this.#handle = handle;
  }

  static async create(path: string, entry: SpoolEntry): Promise<WrittenFile> {
    return new WrittenFile(path, entry, await open(path, SYNCED));
  }

  async append(chunks: readonly Uint8Array[], startMs: number): Promise<void> {
    const handle = this.#handle;
    if (handle === undefined) throw new Error("a file that was left is only read");
    const length = lengthOf(chunks);
    const noted = { length, sum: checksum(chunks), startMs };
    const line = (this.#end === 0 ? lineOf(this.entry) : "") + lineOf(noted);
    const lines = Buffer.from(line);
    try {
      await writeAll(handle, [lines, ...chunks], this.#end);
    } catch (cause) {
      await handle.truncate(this.#end).catch(() => undefined);
      throw storeError(this.entry.key, cause);
    }
    this.#add(this.#end + lines.length, noted);
  }

  #add(at: number, { length, startMs }: Noted): void {
    this.#parts.push({ offset: this.size, at, length });
    this.#end = at + length;
    this.size += length;
    this.startMs = startMs;
  }

  async *read(span: ByteSpan): AsyncGenerator<Uint8Array, void, undefined> {
    const { key } = this.entry;
    let file: FileHandle | undefined;
    try {
      file = await open(this.#path);
      yield* this.#read(file, span);
    } catch (cause) {
      throw storeError(key, cause);
    } finally {
      await file?.close();
    }
  }

  /** Reads parts and the lines between them in large pieces, and moves what is of parts together. */
  async *#read(file: FileHandle, { offset, length }: ByteSpan): AsyncGenerator<Uint8Array, void, undefined> {
    const short = (): Error => objectShort(this.entry.key, { offset, length });
    if (offset + length > this.size) throw short();
    let next = this.#partAt(offset);
    let at = this.#placeOf(offset);
    const whole = { offset: at, length: this.#placeOf(offset + length - 1) + 1 - at };
    for await (const chunk of reader.read(file.fd, whole, short)) {
      let kept = 0;
      for (let part = this.#parts[next]; part !== undefined; part = this.#parts[++next]) {
        const [from, to] = [Math.max(0, part.at - at), part.at + part.length - at];
        if (from < chunk.length) chunk.copyWithin(kept, from, to);
        kept += Math.max(0, Math.min(to, chunk.length) - from);
        if (to > chunk.length) break;
      }
      at += chunk.length;
      if (kept > 0) yield chunk.subarray(0, kept);
    }
  }

  /** Index of the part that a byte of the segment belongs to. */
  #partAt(position: number): number {
    return this.#parts.findLastIndex(({ offset }) => offset <= position);
  }

  /** Where a byte of the segment lies in the file. */
  #placeOf(position: number): number {
    const { offset, at } = this.#parts[this.#partAt(position)] ?? { offset: 0, at: 0 };
    return at + position - offset;
  }

  /** What agrees with its lines of a file that was left; undefined, and the file removed, when that is nothing. */
  static async recovered(path: string): Promise<SpoolFile | undefined> {
    const file = await open(path);
    try {
      const first = await readLine(file, 0);
      if (first !== undefined) {
        const left = new WrittenFile(path, first.value as SpoolEntry);
        for (let line = await readLine(file, first.end); line !== undefined; line = await readLine(file, left.#end)) {
          const noted = line.value as Noted;
          if (!(await agrees(file, line.end, noted))) break;
          left.#add(line.end, noted);
        }
        if (left.size > 0) return left;
      }
    } finally {
      await file.close();
    }
    await unlink(path);
    return undefined;
  }

  async close(): Promise<void> {
    await this.#handle?.close().catch(() => undefined);
  }

  async remove(): Promise<void> {
    await unlink(this.#path).catch(() => undefined);
  }

  async setAside(why: string): Promise<void> {
    const { entry, size, startMs } = this;
    const folder = join(this.#path, "..", "..", ASIDE);
    const path = join(folder, `${basename(this.#path, EXTENSION)}.mp4`);
    try {
      await mkdir(folder, { recursive: true });
      const about = { ...entry, start: new Date(startMs).toISOString(), size, why };
      await writeFile(`${path}.json`, `${JSON.stringify(about, undefined, 2)}\n`);
      await writeFile(path, this.read({ offset: 0, length: size }));
    } catch (cause) {
      throw storeError(entry.key, cause);
    }
    await this.remove();
  }
}

function lineOf(value: SpoolEntry | Noted): string {
  return `${JSON.stringify(value)}\n`;
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

function checksum(chunks: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex").slice(0, 16);
}

/** Bytes in which a line is looked for. */
const LINE = 16 << 10;

/** The line that begins at a position, and where it ends; undefined for what a crash left of one. */
async function readLine(file: FileHandle, at: number): Promise<{ value: unknown; end: number } | undefined> {
  const bytes = Buffer.alloc(LINE);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, at);
  const length = bytes.subarray(0, bytesRead).indexOf("\n");
  if (length < 0) return undefined;
  try {
    return { value: JSON.parse(bytes.toString("utf8", 0, length)) as unknown, end: at + length + 1 };
  } catch {
    return undefined;
  }
}

async function agrees(file: FileHandle, from: number, { length, sum }: Noted): Promise<boolean> {
  const { size } = await file.stat();
  if (!(length > 0 && from + length <= size)) return false;
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, from);
  return bytesRead === length && checksum([bytes]) === sum;
}
