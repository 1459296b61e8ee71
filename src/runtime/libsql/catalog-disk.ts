import { randomBytes } from "node:crypto";
import { statfsSync, statSync } from "node:fs";
import { truncate, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { BoxcarError } from "../../base/errors.ts";
import { codeOf } from "./libsql-database.ts";

/** Room that deletions are left on a full disk, and that uploads leave free beside it. */
const RESERVE_BYTES = 4 << 20;
/** What of it is given up at a time: others may be filling the disk all the while. */
const STEP_BYTES = 512 << 10;

/**
 * The disk of a catalog's file. Deleting needs room as well: SQLite writes to its log before it frees anything. A file of
 * random bytes beside the catalog keeps some; it is given up piece by piece when the disk is full, and uploads are refused
 * until there is room for it again. The disk is looked at in passing, as SQLite does: a thread of its own would take longer.
 */
export class CatalogDisk {
  readonly #path: string;
  readonly #reserve: string;
  /** Device and number of the catalog's file as it was opened. */
  #identity: string | undefined;
  /** The reserve is being made, for all uploads that wait for it. */
  #keeping: Promise<boolean> | undefined;

  /** @param path of the catalog's file */
  constructor(path: string) {
    this.#path = path;
    this.#reserve = `${path}-reserve`;
  }

  /** Remembers the file that is there now as the catalog's. */
  opened(): void {
    this.#identity = identityOf(this.#path);
  }

  /**
   * Says whether the open catalog still is what lies under its path: a file that was removed or replaced takes what is
   * written, and has lost it with the next start.
   * @throws BoxcarError `catalog_unavailable` (503)
   */
  checkFile(): void {
    if (identityOf(this.#path) === this.#identity) return;
    const message = "The catalog's file was removed or replaced while it was open. Put it back, or restart the server.";
    throw new BoxcarError("catalog_unavailable", message, {}, new Error(this.#path));
  }

  /** Says whether there is room for an upload's rows. @throws BoxcarError `store_full` (507), and as `checkFile` does */
  async checkRoom(): Promise<void> {
    this.checkFile();
    const { bavail, bsize } = statfsSync(dirname(this.#path));
    const free = bavail * bsize;
    const kept = statSync(this.#reserve, { throwIfNoEntry: false })?.size === RESERVE_BYTES;
    if (free >= RESERVE_BYTES && (kept || (free >= 2 * RESERVE_BYTES && (await (this.#keeping ??= this.#keep())))))
      return;
    const message = "The disk that holds the catalog is full. Delete recordings, or free some space, and try again.";
    throw new BoxcarError("store_full", message);
  }

  /** Does work, and again with more of the reserve given up while there is no room for it. */
  async withReserve<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!isWithoutRoom(error) || !(await this.#giveUp())) throw error;
      }
    }
  }

  async #keep(): Promise<boolean> {
    try {
      await writeFile(this.#reserve, randomBytes(RESERVE_BYTES));
      return true;
    } catch {
      return false;
    } finally {
      this.#keeping = undefined;
    }
  }

  /** @returns whether there was anything left of it */
  async #giveUp(): Promise<boolean> {
    try {
      const { size } = statSync(this.#reserve);
      if (size === 0) return false;
      await truncate(this.#reserve, Math.max(0, size - STEP_BYTES));
      return true;
    } catch {
      return false;
    }
  }
}

/** `SQLITE_FULL`, or what becomes of it where files cannot be made or grow. */
function isWithoutRoom(error: unknown): boolean {
  return /^SQLITE_(?:FULL|IOERR|CANTOPEN)/.test(String(codeOf(error)));
}

function identityOf(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev} ${stats.ino}`;
}
