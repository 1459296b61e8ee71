import { randomUUID } from "node:crypto";
import { open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, isAbsent, storeError } from "./file-errors.ts";
import { makePath, syncFolder } from "./folders.ts";
import { storeFailed } from "../object-errors.ts";

/** Name of the file in the root of a marked folder. No key reaches it. */
export const MARK = ".boxcar";

/** Where the identity of a folder is kept beside the folder itself, so that it outlives restarts. */
export interface RememberedIdentity {
  get(): Promise<string | undefined>;
  /** Remembers an identity unless there is one. @returns the one that is remembered then */
  set(identity: string): Promise<string>;
}

/**
 * Tells a folder from another one in its place. A disk that is not mounted, or a folder that was removed, would be made
 * anew by the next write, below the mount point, and what is written there would be lost when the disk comes back. So
 * the root holds a file with an identity, and nothing is written or believed absent while it is not there.
 */
export class FolderMark {
  readonly #root: string;
  readonly #remembered: RememberedIdentity | undefined;
  #expected: Promise<string> | undefined;
  /** Device and number of the mark when its content was last read. */
  #seen: string | undefined;

  /** @param remembered absent: the identity is that of the folder as it is when it is first used */
  constructor(root: string, remembered?: RememberedIdentity) {
    this.#root = root;
    this.#remembered = remembered;
  }

  /**
   * Says whether the folder is the one that it was; a folder that is used for the first time is made and marked.
   * @throws BoxcarError `store_failed` (503)
   */
  async check(key: string): Promise<void> {
    const expected = await (this.#expected ??= this.#identity().catch((error: unknown) => {
      this.#expected = undefined;
      throw storeError(key, error);
    }));
    const path = join(this.#root, MARK);
    try {
      const { dev, ino } = await stat(path);
      const seen = `${String(dev)} ${String(ino)}`;
      if (seen === this.#seen) return;
      if ((await readFile(path, "utf8")).trim() === expected) {
        this.#seen = seen;
        return;
      }
    } catch (cause) {
      if (!isAbsent(cause)) throw storeError(key, cause);
    }
    this.#seen = undefined;
    throw storeFailed(
      key,
      `${this.#root} is not the folder that was used before, or its disk is not mounted. Mount it; or, if it is meant ` +
        `to take that folder's place, write ${expected} into ${path}`,
    );
  }

  async #identity(): Promise<string> {
    const known = await this.#remembered?.get();
    if (known !== undefined) return known;
    const made = await this.#read();
    return this.#remembered === undefined ? made : this.#remembered.set(made);
  }

  /** The identity in the folder; it is given one, durably, when it has none. */
  async #read(): Promise<string> {
    await makePath(this.#root);
    const path = join(this.#root, MARK);
    try {
      const file = await open(path, "wx");
      try {
        await file.writeFile(`${randomUUID()}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await syncFolder(this.#root);
    } catch (cause) {
      if (errnoOf(cause) !== "EEXIST") throw cause;
    }
    return (await readFile(path, "utf8")).trim();
  }
}
