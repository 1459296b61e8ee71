import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { FilePattern, FoundFile } from "./file-pattern.ts";
import { fileIn } from "./import-folder.ts";

/** How often a folder is looked at, milliseconds. */
const LOOK_MS = 400;
/** A folder that changed less than this before it was read may have changed once more since, unseen. Milliseconds. */
const COARSE_MS = 2000;
/** How long a file must be as it is where it can be seen who writes files, and where it cannot, milliseconds. */
const QUIET_MS = 1000;
const QUIET_UNSEEN_MS = 10_000;

interface Listed {
  readonly mtimeMs: number;
  readonly readMs: number;
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

interface Candidate {
  readonly file: FoundFile;
  size: number;
  mtimeMs: number;
  /** When it was first seen as it is now. */
  sinceMs: number;
}

export interface FollowOptions {
  /** Absolute, without symbolic links. */
  readonly folder: string;
  readonly pattern: FilePattern;
  /** Milliseconds that a file must be as it is. Default: 1 s, or 10 s where it cannot be seen who writes files. */
  readonly quietMs?: number | undefined;
}

/** A folder into which others record. */
export class FollowedFolder {
  readonly #options: FollowOptions;
  readonly #listed = new Map<string, Listed>();
  readonly #seen = new Set<string>();
  readonly #waiting = new Map<string, Candidate>();

  constructor(options: FollowOptions) {
    this.#options = options;
  }

  /** Waits until the folder should be looked at again, or `signal` is given. */
  async pause(signal: AbortSignal): Promise<void> {
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }

  /**
   * The files that the pattern names, each once, when nobody writes them any longer, as far as this machine tells (`/proc`), and they
   * have been as they are for a while.
   * @throws BoxcarError `bad_stream_path` (400), of a name that is passed over from then on
   */
  async finished(): Promise<FoundFile[]> {
    const { folder, pattern, quietMs } = this.#options;
    for await (const path of pathsBelow(folder, "", this.#listed)) {
      if (this.#seen.has(path)) continue;
      this.#seen.add(path);
      const file = fileIn(pattern, path);
      if (file !== undefined) this.again(file);
    }
    const writers = this.#waiting.size > 0 ? await writtenFiles(folder) : undefined;
    const leastMs = quietMs ?? (writers?.isAll === true ? QUIET_MS : QUIET_UNSEEN_MS);
    const finished: FoundFile[] = [];
    for (const [path, candidate] of this.#waiting) {
      const isThere = await look(folder, candidate);
      if (!isThere)
        this.#seen.delete(path); // what comes there again is another file
      else if (writers?.paths.has(join(folder, path)) === true || quietSince(candidate) < leastMs) continue;
      else finished.push(candidate.file);
      this.#waiting.delete(path);
    }
    return finished.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** Waits once more until a file is finished. */
  again(file: FoundFile): void {
    this.#waiting.set(file.path, { file, size: -1, mtimeMs: 0, sinceMs: 0 });
  }
}

/** For how long a file has been as it is, milliseconds. */
function quietSince({ sinceMs, mtimeMs }: Candidate): number {
  return Date.now() - Math.min(sinceMs, mtimeMs);
}

/** Paths of files, relative to `folder`. Folders that have not changed since they were read are not read again. */
async function* pathsBelow(folder: string, at: string, known: Map<string, Listed>): AsyncGenerator<string> {
  const stats = await stat(join(folder, at)).catch(() => undefined);
  if (stats === undefined) {
    known.delete(at);
    return;
  }
  let listed = known.get(at);
  if (listed?.mtimeMs !== stats.mtimeMs || listed.readMs - stats.mtimeMs < COARSE_MS) {
    const readMs = Date.now();
    const entries = await readdir(join(folder, at), { withFileTypes: true }).catch(() => []);
    listed = {
      ...{ mtimeMs: stats.mtimeMs, readMs },
      folders: entries.filter((entry) => entry.isDirectory()).map(({ name }) => `${at}${name}/`),
      files: entries.filter((entry) => entry.isFile() || entry.isSymbolicLink()).map(({ name }) => at + name),
    };
    known.set(at, listed);
  }
  yield* listed.files;
  for (const below of listed.folders) yield* pathsBelow(folder, below, known);
}

/** Notes how a file is now. @returns whether it is there */
async function look(folder: string, candidate: Candidate): Promise<boolean> {
  const stats = await stat(join(folder, candidate.file.path)).catch(() => undefined);
  if (stats === undefined) return false;
  if (stats.size === candidate.size && stats.mtimeMs === candidate.mtimeMs) return true;
  Object.assign(candidate, { size: stats.size, mtimeMs: stats.mtimeMs, sinceMs: Date.now() });
  return true;
}

/** The files below a folder that processes of this machine have open to write, and whether all processes could be asked. */
async function writtenFiles(folder: string): Promise<{ readonly paths: Set<string>; readonly isAll: boolean }> {
  const paths = new Set<string>();
  const processes = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  let isAll = processes.length > 0;
  for (const pid of processes) {
    const handles = await readdir(`/proc/${pid}/fd`).catch((error: unknown) => {
      isAll &&= !(error instanceof Error && "code" in error && error.code === "EACCES");
      return [];
    });
    for (const handle of handles) {
      const path = await readlink(`/proc/${pid}/fd/${handle}`).catch(() => "");
      if (path.startsWith(`${folder}/`) && (await isWritten(pid, handle))) paths.add(path);
    }
  }
  return { paths, isAll };
}

async function isWritten(pid: string, handle: string): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/fdinfo/${handle}`, "utf8").catch(() => "");
  const flags = Number.parseInt(/^flags:\s*(\d+)/m.exec(text)?.[1] ?? "0", 8);
  return (flags & 3) !== 0; // O_WRONLY or O_RDWR
}
