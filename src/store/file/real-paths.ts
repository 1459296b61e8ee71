import { realpath } from "node:fs/promises";
import { sep } from "node:path";
import { LruMap } from "../../base/lru-map.ts";

/** How long a folder is taken for what it was, milliseconds. */
const KEPT_MS = 1000;
/** Bytes of the paths of folders that are kept: some hundred of them. */
const KEPT_BYTES = 64 << 10;
/** What one takes besides its texts, bytes. */
const ENTRY_BYTES = 200;

/** Where paths below one folder, the root, really lead. */
export class RealPaths {
  readonly #root: string;
  readonly #now: () => number;
  /** The root without symbolic links, as it was when last asked for. */
  #realRoot: string | undefined;
  readonly #folders = new LruMap<string, { readonly real: string; readonly untilMs: number }>(
    KEPT_BYTES,
    ({ real }, folder) => ENTRY_BYTES + 2 * (real.length + folder.length),
  );

  /** @param now milliseconds on a clock that never goes back */
  constructor(root: string, now: () => number = () => performance.now()) {
    this.#root = root;
    this.#now = now;
  }

  /** Whether a path without symbolic links is the root or lies below it. */
  async isBelowRoot(real: string): Promise<boolean> {
    const isBelow = (root: string): boolean => real === root || real.startsWith(root + sep);
    if (this.#realRoot !== undefined && isBelow(this.#realRoot)) return true;
    // Asked for again before anything is refused: an operator may have moved the folder and left a link.
    return isBelow((this.#realRoot = await realpath(this.#root)));
  }

  /**
   * The path of a folder without symbolic links; undefined when it does not lie below the root. It is kept for a moment, since
   * asking takes as long as opening a file: a link that takes the folder's place meanwhile is noticed after that.
   * @throws what `realpath` throws
   */
  async folder(path: string): Promise<string | undefined> {
    const kept = this.#folders.get(path);
    if (kept !== undefined && this.#now() < kept.untilMs) return kept.real;
    const real = await realpath(path);
    if (!(await this.isBelowRoot(real))) return undefined;
    this.#folders.set(path, { real, untilMs: this.#now() + KEPT_MS });
    return real;
  }
}
