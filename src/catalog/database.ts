import type { CompiledQuery, Kysely } from "kysely";
import type { Schema } from "./schema.ts";

/** The rows each of some queries answers with, in their order. */
export type RowsOf<Queries extends readonly CompiledQuery[]> = {
  [I in keyof Queries]: Queries[I] extends CompiledQuery<infer Row> ? Row[] : never;
};

/**
 * The database a catalog works on. All writes go through `batch`: each change is one list of statements whose
 * conditions stand in the statements themselves, so that it takes one round trip and needs no transaction that waits
 * for its client.
 */
export interface CatalogDatabase {
  /** Reads that see every write that was answered. */
  readonly primary: Kysely<Schema>;
  /** Where wide reads go: it may lag behind, and may fail while the primary answers. Absent: the primary. */
  readonly replica?: Kysely<Schema> | undefined;
  /** Says whether there is room for the rows of an upload. @throws BoxcarError `store_full` (507) */
  readonly checkRoom?: (() => Promise<void>) | undefined;
  /** Says whether what is written is kept. @throws BoxcarError `catalog_unavailable` (503) */
  readonly checkFile?: (() => void) | undefined;
  /**
   * Runs statements in one transaction that holds the write lock from its start: all of them are kept, or nothing.
   * @throws BoxcarError `catalog_busy` (503), `catalog_unavailable` (503: whether they were kept is then unknown),
   *   `store_full` (507)
   */
  readonly batch: <const Queries extends readonly CompiledQuery[]>(queries: Queries) => Promise<RowsOf<Queries>>;
}

/** What the last query of a batch answered with. */
export function lastOf<Rows>(results: readonly [...unknown[], Rows]): Rows {
  return results.at(-1) as Rows;
}
