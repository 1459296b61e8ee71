import { createClient, type Client } from "@libsql/client/sqlite3";
import { Breather } from "../catalog/breather.ts";
import { Catalog } from "../catalog/catalog.ts";
import type { CatalogDatabase } from "../catalog/database.ts";
import { migrate } from "../catalog/migrate.ts";
import { batchOver, kyselyOver, type RunBatch } from "./libsql-database.ts";
import { inLine, type TimedBatch } from "./write-line.ts";

/** An open catalog and what must be closed with it. */
export interface OpenCatalog {
  readonly catalog: Catalog;
  readonly db: CatalogDatabase;
  /** Closes the database. Calls after it fail. */
  close(): Promise<void>;
}

/** A catalog in a database of this process's own machine. */
export interface LocalCatalog extends OpenCatalog {
  /** Names of the migrations that opening it ran. */
  readonly migrated: readonly string[];
}

/** How long a write waits for others, of this process and of those that write the same database file. */
const BUSY_LIMIT_MS = 15_000;

/**
 * Opens a catalog in a libSQL database file, made when there is none, and brings it to the newest schema. The folder
 * must exist. Commits are durable when they return: write-ahead log with `synchronous=FULL`, libSQL's default.
 */
export async function openCatalogFile(path: string): Promise<LocalCatalog> {
  // The timeout blocks the thread while it waits for other processes; the catalog itself waits longer without blocking.
  const client = createClient({ url: fileUrl(path), timeout: 250 });
  try {
    await client.executeMultiple("pragma journal_mode = wal");
    return await openCatalog(client);
  } catch (cause) {
    client.close();
    throw cause;
  }
}

/** Opens a catalog over a client of a local database, which is closed with it, and brings it to the newest schema. */
export async function openCatalog(client: Client): Promise<LocalCatalog> {
  const breather = new Breather();
  // One at a time: SQLite's own way of waiting blocks the whole thread, so that a second transaction of this process
  // would keep the first from ever finishing.
  const run: TimedBatch = async (statements) => {
    await breather.breathe();
    return runBatch(client, statements);
  };
  const db = {
    primary: kyselyOver(client),
    batch: batchOver(inLine(run, { atOnce: 1, limitMs: BUSY_LIMIT_MS })),
  };
  const close = (): Promise<void> => {
    client.close();
    return Promise.resolve();
  };
  return { catalog: new Catalog(db), db, migrated: await migrate(db), close };
}

/** The URL of a database file, whatever characters its path has. */
export function fileUrl(path: string): string {
  return `file:${encodeURI(path).replace(/[?#]/g, encodeURIComponent)}`;
}

/**
 * Runs statements in a transaction that takes the write lock by a script. A prepared `begin immediate` that finds the
 * database locked stays in progress until it is garbage collected, and no transaction of its connection can commit
 * until then (https://github.com/tursodatabase/libsql-client-ts/issues/352); scripts leave nothing behind.
 */
const runBatch = async (client: Client, statements: Parameters<RunBatch>[0]): ReturnType<RunBatch> => {
  const transaction = await client.transaction("deferred");
  try {
    await transaction.executeMultiple("commit; begin immediate");
    const results: (readonly unknown[])[] = [];
    for (const statement of statements) results.push((await transaction.execute(statement)).rows);
    await transaction.commit();
    return results;
  } finally {
    transaction.close();
  }
};
