import type { Kysely, Transaction } from "kysely";
import { BoxcarError } from "../errors.ts";
import { Breather } from "./breather.ts";
import type { Schema } from "./schema.ts";

/** How long a write waits for other processes that write the same database file. */
const BUSY_LIMIT_MS = 15_000;

/**
 * Runs write transactions one after another. SQLite has one writer at a time, and its own way of waiting blocks the
 * whole thread, so that a second transaction of this process would keep the first from ever finishing.
 */
export class Writer {
  readonly #db: Kysely<Schema>;
  readonly #breather = new Breather();
  #last: Promise<unknown> = Promise.resolve();

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /**
   * Runs `work` in a transaction: all of it is kept, or nothing.
   * @throws BoxcarError `catalog_busy` (503) when another process holds the database for 15 s, `store_full` (507)
   */
  run<T>(work: (transaction: Transaction<Schema>) => Promise<T>): Promise<T> {
    const result = this.#last.then(() => this.#breather.breathe()).then(() => this.#attempt(work));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #attempt<T>(work: (transaction: Transaction<Schema>) => Promise<T>): Promise<T> {
    let waitMs = 5;
    for (let waitedMs = 0; ; waitedMs += waitMs) {
      try {
        return await this.#db.transaction().execute(work);
      } catch (cause) {
        const code = codeOf(cause);
        if (code === "SQLITE_FULL") {
          throw new BoxcarError(
            "store_full",
            507,
            "The disk that holds the catalog is full. Free some space and try again.",
            {},
            cause,
          );
        }
        if (code !== "SQLITE_BUSY") throw cause;
        if (waitedMs >= BUSY_LIMIT_MS) {
          throw new BoxcarError(
            "catalog_busy",
            503,
            `Another process kept the catalog locked for ${BUSY_LIMIT_MS / 1000} s. Try again.`,
            {},
            cause,
          );
        }
      }
      waitMs = Math.min(waitMs * 2, 200);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
