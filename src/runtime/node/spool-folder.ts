import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, statfs, unlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Scratch, Spool, SpoolEntry, SpoolFile } from "../../record/spool.ts";
import { storeError } from "../../store/file/file-errors.ts";
import { ASIDE, EXTENSION, WrittenFile } from "./spool-file.ts";

/** How often a process says that its folder is in use, and silence after which that is no longer believed. */
const ALIVE_MS = 10_000;
const SILENT_MS = 60_000;

/**
 * The spool as files below one folder, in which each process has a folder of its own. Of what a crash or a loss of power leaves in one,
 * what lies behind the last part that agrees with its length and checksum counts for nothing.
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
      return await WrittenFile.create(join(this.#own, `${randomUUID()}${EXTENSION}`), entry);
    } catch (cause) {
      throw storeError(entry.key, cause);
    }
  }

  async scratch(chunks: readonly Uint8Array[]): Promise<Scratch> {
    const path = join(this.#own, `${randomUUID()}${SCRATCH}`);
    const remove = (): Promise<void> => unlink(path).catch(() => undefined);
    try {
      await this.#makeOwn();
      await writeFile(path, chunks);
    } catch (cause) {
      await remove();
      throw storeError(path, cause);
    }
    return { read: () => readFile(path), remove };
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
        if (!file.endsWith(EXTENSION)) continue;
        const path = join(this.#own, file);
        await rename(join(taken, file), path);
        const left = await WrittenFile.recovered(path);
        if (left !== undefined) yield left;
      }
      await rm(taken, { recursive: true, force: true });
    }
  }

  async room(): Promise<number | undefined> {
    const stats = await statfs(this.#own).catch(() => undefined);
    return stats && stats.bavail * stats.bsize;
  }

  async sweep(nowMs: number): Promise<void> {
    const folder = join(this.#root, ASIDE);
    for (const name of await readdir(folder).catch(() => [])) {
      const path = join(folder, name);
      const stats = await stat(path).catch(() => undefined);
      if (stats !== undefined && nowMs - stats.ctimeMs > ASIDE_MS) await unlink(path).catch(() => undefined);
    }
  }

  /** Says no longer that the folder is in use. */
  async close(): Promise<void> {
    clearInterval(this.#alive);
    this.#alive = undefined;
    const left = await readdir(this.#own).catch(() => []);
    if (left.every((name) => name === OWNER || name.endsWith(SCRATCH)))
      await rm(this.#own, { recursive: true, force: true });
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
/** How names of files end that nobody misses. */
const SCRATCH = ".scratch";

/** How long files are kept that were refused, milliseconds. */
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
