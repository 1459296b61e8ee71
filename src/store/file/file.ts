import { randomUUID } from "node:crypto";
import { closeSync, constants, fstatSync, open as openFile, type BigIntStats } from "node:fs";
import { link, lstat, open, opendir, realpath, stat, unlink, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ByteSpan, ObjectInfo, Store } from "../../base/ports.ts";
import { errnoOf, isAbsent, storeError } from "./file-errors.ts";
import { makeFolder, syncFolder } from "./folders.ts";
import { MARK, type FolderMark } from "./folder-mark.ts";
import { badKey, checkKey, isKey } from "../key.ts";
import {
  objectChanged,
  objectExists,
  objectMisplaced,
  objectMissing,
  objectShort,
  storeFailed,
} from "../object-errors.ts";
import { ofSize } from "../of-size.ts";
import { FileReader, readSpan, type OpenObject } from "./read-file.ts";
import { RealPaths } from "./real-paths.ts";

/** Folder under the root for objects that are being written. No key reaches it. */
const TEMPORARY = ".boxcar-tmp";
/** By how much the clocks of two machines may differ, in milliseconds. */
const AHEAD_MS = 60_000;

/**
 * Objects as files below one folder. A put writes under a temporary name, syncs, and hard-links the file into place,
 * which never overwrites. Symbolic links are followed only where they stay below the folder.
 *
 * An ETag is made of size and modification time in milliseconds, all that every runtime tells of it; a copy of the
 * folder must keep modification times.
 */
export class FileStore implements Store {
  readonly #root: string;
  readonly #mark: FolderMark | undefined;
  readonly #reader = new FileReader();
  readonly #real: RealPaths;
  #lastMs = 0;

  /**
   * @param root absolute path of the folder; it is made when the first object is put
   * @param mark by which the folder is known again; absent: it is believed to be the same
   */
  constructor(root: string, mark?: FolderMark) {
    this.#root = root;
    this.#real = new RealPaths(root);
    this.#mark = mark;
  }

  async put(key: string, body: AsyncIterable<Uint8Array>, size?: number): Promise<ObjectInfo> {
    const path = this.#pathOf(key);
    const temporary = join(this.#root, TEMPORARY, randomUUID());
    const folder = dirname(path);
    await this.#mark?.check(key);
    await this.#makeTemporaryFolder(key);
    await files(key, this.#checkFolder(key, folder));
    // `link` decides; asking first spares the writing of a body that has no chance.
    if ((await files(key, ifAny(lstat(path)))) !== undefined) throw objectExists(key);
    try {
      const info = await write(key, temporary, ofSize(key, body, size), () => this.#modified());
      await files(key, makeFolder(folder));
      await files(key, link(temporary, path));
      await files(key, syncFolder(folder));
      await this.#mark?.check(key);
      return info;
    } finally {
      await unlink(temporary).catch(() => undefined);
    }
  }

  async *get(key: string, span: ByteSpan, ifMatch?: string): AsyncGenerator<Uint8Array, void, undefined> {
    const { file, stats } = await this.#open(key);
    try {
      const etag = etagOf(stats);
      if (ifMatch !== undefined && ifMatch !== etag) throw objectChanged(key, ifMatch, etag);
      if (stats.size < BigInt(span.offset + span.length)) throw objectShort(key, span);
      yield* this.#reader.read(file, span, () => objectShort(key, span));
    } catch (cause) {
      throw storeError(key, cause);
    } finally {
      closeSync(file);
    }
  }

  /**
   * Reads parts of an object, which is opened once.
   * @param use gets what is known of it; `read` gives exactly a span inside of it, in memory of its own
   * @throws BoxcarError `object_missing` (404) and as `get` does, and whatever `use` throws
   */
  async reading<T>(key: string, use: (object: OpenObject) => Promise<T>): Promise<T> {
    const { file, stats } = await this.#open(key);
    const read = (span: ByteSpan): Promise<Uint8Array> =>
      files(
        key,
        readSpan(file, span, () => objectShort(key, span)),
      );
    try {
      return await use({ info: infoOf(key, stats), stats, read });
    } finally {
      closeSync(file);
    }
  }

  /** Its descriptor is to be closed by `closeSync`: what was only read has nothing to wait for, and a thread would have to be woken. */
  async #open(key: string): Promise<{ file: number; stats: BigIntStats }> {
    let file: number | undefined;
    try {
      file = await this.#openPlain(key);
      if (file === undefined) {
        const path = await this.#realPath(key);
        if (path === undefined) throw await this.#missing(key);
        file = await openReal(path);
      }
      // Not in a thread: opening has just fetched what it tells.
      const stats = fstatSync(file, { bigint: true });
      if (!stats.isFile()) throw objectMissing(key);
      return { file, stats };
    } catch (cause) {
      if (file !== undefined) closeSync(file);
      throw isAbsent(cause) ? await this.#missing(key) : storeError(key, cause);
    }
  }

  /** Opens a file that is no link, in a folder that is where it was a moment ago; undefined when there is none. */
  async #openPlain(key: string): Promise<number | undefined> {
    const path = this.#pathOf(key);
    try {
      const folder = await this.#real.folder(dirname(path));
      return folder === undefined ? undefined : await openReal(join(folder, basename(path)));
    } catch {
      return undefined; // what is wrong is found out step by step
    }
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    const path = await this.#realPath(key);
    const stats = path === undefined ? undefined : await files(key, ifAny(stat(path, { bigint: true })));
    if (stats?.isFile() === true) return infoOf(key, stats);
    await this.#mark?.check(key);
    return undefined;
  }

  async delete(key: string): Promise<void> {
    const path = this.#pathOf(key);
    try {
      await this.#checkFolder(key, dirname(path));
      if (!(await lstat(path)).isFile()) return;
      await unlink(path);
      await syncFolder(dirname(path));
    } catch (cause) {
      if (!isAbsent(cause)) throw storeError(key, cause);
      await this.#mark?.check(key);
    }
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo, void, undefined> {
    await this.#mark?.check(prefix);
    const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    try {
      if (folder !== "") await this.#checkFolder(folder, this.#pathOf(folder.slice(0, -1)));
      yield* this.#walk(folder, prefix);
    } catch (cause) {
      if (!isAbsent(cause)) throw storeError(prefix, cause);
    }
  }

  /**
   * Removes what writes that crashed left under temporary names.
   * @param beforeMs only files last written before this moment, in milliseconds since 1970; Infinity when no other
   * process can be writing
   * @returns how many files were removed
   * @throws BoxcarError `store_failed` (503)
   */
  async sweep(beforeMs: number): Promise<number> {
    const folder = join(this.#root, TEMPORARY);
    const nowMs = Date.now();
    let removed = 0;
    try {
      for await (const { name } of await opendir(folder)) {
        const path = join(folder, name);
        const { mtimeMs } = await lstat(path);
        // From a clock that was ahead: it would stay for as long.
        if (mtimeMs > nowMs + AHEAD_MS && beforeMs < nowMs) await utimes(path, nowMs / 1000, nowMs / 1000);
        if (mtimeMs >= beforeMs) continue;
        await unlink(path);
        removed++;
      }
    } catch (cause) {
      if (!isAbsent(cause)) throw storeError(TEMPORARY, cause);
    }
    return removed;
  }

  async *#walk(folder: string, prefix: string): AsyncGenerator<ObjectInfo, void, undefined> {
    const folders: string[] = [];
    let names: string[] = [];
    try {
      for await (const entry of await opendir(join(this.#root, folder), { bufferSize: 256 })) {
        const key = folder + entry.name;
        if (key === TEMPORARY || key === MARK || !key.startsWith(prefix) || !isKey(key)) continue;
        if (entry.isDirectory()) folders.push(key);
        else if (entry.isFile()) names.push(key);
        if (names.length < 64) continue;
        yield* await this.#infos(names);
        names = [];
      }
    } catch (cause) {
      if (!isAbsent(cause)) throw cause;
    }
    yield* await this.#infos(names);
    for (const key of folders) yield* this.#walk(`${key}/`, prefix);
  }

  async #infos(keys: readonly string[]): Promise<ObjectInfo[]> {
    const stats = await Promise.all(keys.map((key) => ifAny(lstat(join(this.#root, key), { bigint: true }))));
    return keys.flatMap((key, i) => {
      const found = stats[i];
      return found === undefined ? [] : [infoOf(key, found)];
    });
  }

  /**
   * Seconds since 1970 that no other file of this store has: two files of one size must not share an ETag. The middle
   * of a millisecond, since runtimes round in different ways.
   */
  #modified(): number {
    this.#lastMs = Math.max(Date.now(), this.#lastMs + 1);
    return (this.#lastMs + 0.5) / 1000;
  }

  async #makeTemporaryFolder(key: string): Promise<void> {
    await makeFolder(join(this.#root, TEMPORARY)).catch((cause: unknown) => {
      // It holds no objects that could be in the way.
      if (errnoOf(cause) !== "ENOTDIR") throw storeError(key, cause);
      throw storeFailed(key, `${this.#root} is no folder, or lies below a file`, cause);
    });
  }

  /** What it means that there is no file: nothing, while the folder is not there. */
  async #missing(key: string): Promise<Error> {
    await this.#mark?.check(key);
    return objectMissing(key);
  }

  #pathOf(key: string): string {
    checkKey(key);
    const [first] = key.split("/", 1);
    if (first === TEMPORARY || first === MARK) throw badKey(key, "names a file of the store's own");
    return join(this.#root, key);
  }

  /** The path without symbolic links; undefined when there is nothing. */
  async #realPath(key: string): Promise<string | undefined> {
    const path = this.#pathOf(key);
    try {
      const real = await realpath(path);
      if (!(await this.#real.isBelowRoot(real)))
        throw objectMisplaced(key, "leads out of the store by a symbolic link");
      return real;
    } catch (cause) {
      if (isAbsent(cause)) return undefined;
      throw storeError(key, cause);
    }
  }

  /** Refuses a folder that, as far as it exists, lies outside of the root. */
  async #checkFolder(key: string, folder: string): Promise<void> {
    for (let path = folder; ; path = dirname(path)) {
      const real = await ifAny(realpath(path));
      if (real === undefined) continue;
      if (await this.#real.isBelowRoot(real)) return;
      throw objectMisplaced(key, "leads out of the store by a symbolic link");
    }
  }
}

/** Opens a path whose last part is no link. */
function openReal(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    openFile(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK, (error, file) => {
      if (error) reject(error);
      else resolve(file);
    });
  });
}

/** Waits for file operations on an object and says what their failure means; failures of a body are left as they are. */
function files<T>(key: string, operation: Promise<T>): Promise<T> {
  return operation.catch((cause: unknown) => {
    throw storeError(key, cause);
  });
}

/** Waits for a file operation; undefined when there is nothing under its path. */
function ifAny<T>(operation: Promise<T>): Promise<T | undefined> {
  return operation.catch((cause: unknown) => {
    if (isAbsent(cause)) return undefined;
    throw cause;
  });
}

/** @param modified gives the modification time once the body has ended, in seconds since 1970 */
async function write(
  key: string,
  path: string,
  body: AsyncIterable<Uint8Array>,
  modified: () => number,
): Promise<ObjectInfo> {
  const handle = await files(key, open(path, "wx"));
  try {
    for await (const chunk of body) {
      for (let done = 0; done < chunk.byteLength;) {
        done += (await files(key, handle.write(chunk, done))).bytesWritten;
      }
    }
    const seconds = modified();
    await files(key, handle.utimes(seconds, seconds));
    await files(key, handle.sync());
    return infoOf(key, await files(key, handle.stat({ bigint: true })));
  } finally {
    await handle.close();
  }
}

function infoOf(key: string, stats: BigIntStats): ObjectInfo {
  return { key, size: Number(stats.size), etag: etagOf(stats) };
}

function etagOf(stats: BigIntStats): string {
  return `${stats.size.toString(36)}-${stats.mtimeMs.toString(36)}`;
}
