import type { Kysely } from "kysely";
import type { CatalogDatabase } from "./database.ts";
import type { Schema } from "./schema.ts";

/** How long a replica that failed is only asked when the primary fails. */
const REST_MS = 5000;

/**
 * Reads that a replica may answer. It lags behind the primary, so what it does not find is looked for at the primary:
 * a recording is never reported missing because it is new. After it failed, the primary is asked first for a while.
 */
export class WideReads {
  readonly #db: CatalogDatabase;
  #restsUntilMs = Number.NEGATIVE_INFINITY;

  constructor(db: CatalogDatabase) {
    this.#db = db;
  }

  /** Wide reads at the primary database; undefined when there is no replica. */
  get atPrimary(): WideReads | undefined {
    const { primary, replica, batch } = this.#db;
    return replica === undefined ? undefined : new WideReads({ primary, batch });
  }

  /** @param isFound whether the replica's answer will do */
  async read<T>(work: (db: Kysely<Schema>) => Promise<T>, isFound: (answer: T) => boolean): Promise<T> {
    const { primary, replica } = this.#db;
    if (replica === undefined) return work(primary);
    const isResting = performance.now() < this.#restsUntilMs;
    const [first, second] = isResting ? [primary, replica] : [replica, primary];
    let answer: T;
    try {
      answer = await work(first);
    } catch (error) {
      if (first === replica) {
        // Whatever is wrong: if it is not the replica alone, the primary will say it.
        this.#restsUntilMs = performance.now() + REST_MS;
        return work(second);
      }
      const last = await work(second).catch(() => undefined);
      if (last !== undefined && isFound(last)) return last;
      throw error;
    }
    return first === primary || isFound(answer) ? answer : work(primary);
  }
}
