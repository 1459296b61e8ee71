import type { Kysely } from "kysely";
import type { CatalogDatabase } from "./database.ts";
import type { Schema } from "./schema.ts";

/** How long a replica that failed is left alone. */
const REST_MS = 5000;

/**
 * Reads that a replica may answer. It lags behind the primary, so what it does not find is looked for at the primary:
 * a recording is never reported missing because it is new. While it fails, the primary answers alone.
 */
export class WideReads {
  readonly #db: CatalogDatabase;
  #restsUntilMs = Number.NEGATIVE_INFINITY;

  constructor(db: CatalogDatabase) {
    this.#db = db;
  }

  /** The same reads without the replica; undefined when there is none. */
  get atPrimary(): WideReads | undefined {
    const { primary, replica, batch } = this.#db;
    return replica === undefined ? undefined : new WideReads({ primary, batch });
  }

  /** @param isFound whether the replica's answer will do */
  async read<T>(work: (db: Kysely<Schema>) => Promise<T>, isFound: (answer: T) => boolean): Promise<T> {
    const { primary, replica } = this.#db;
    if (replica === undefined || performance.now() < this.#restsUntilMs) return work(primary);
    let answer: T;
    try {
      answer = await work(replica);
    } catch {
      // Whatever is wrong: if it is not the replica alone, the primary will say it.
      this.#restsUntilMs = performance.now() + REST_MS;
      return work(primary);
    }
    return isFound(answer) ? answer : work(primary);
  }
}
