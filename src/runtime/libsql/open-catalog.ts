import { createClient, type Client } from "@libsql/client/sqlite3";
import { Breather } from "../../base/breather.ts";
import { Catalog } from "../../catalog/catalog.ts";
import type { CatalogDatabase } from "../../catalog/database.ts";
import { migrate } from "../../catalog/migrate.ts";
import { BoxcarError } from "../../base/errors.ts";
import { CatalogDisk } from "./catalog-disk.ts";
import { keptStatements } from "./kept-statements.ts";
import { batchOver, kyselyOver, type RunBatch } from "./libsql-database.ts";
import type { Reader } from "./libsql-dialect.ts";
import { queueWrites, whenFree, type TimedBatch } from "./write-queue.ts";

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
 * @throws BoxcarError `catalog_unusable` (500) when the file cannot be opened, or is no database
 */
export async function openCatalogFile(path: string): Promise<LocalCatalog> {
  const disk = new CatalogDisk(path);
  try {
    return await disk.withReserve(() => openOnDisk(path, disk));
  } catch (cause) {
    if (cause instanceof BoxcarError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `The catalog ${path} cannot be used: ${why}. Give this user the right to write it, restore it from a backup, or name another one with BOXCAR_CATALOG.`;
    throw new BoxcarError("catalog_unusable", message, {}, cause);
  }
}

async function openOnDisk(path: string, disk: CatalogDisk): Promise<LocalCatalog> {
  // SQLite's own way of waiting for other processes blocks the thread; the catalog waits without.
  const client = createClient({ url: fileUrl(path), timeout: 0 });
  const reader = keptStatements(path);
  try {
    await whenFree(BUSY_LIMIT_MS, () => client.executeMultiple("pragma journal_mode = wal"));
    disk.opened();
    return await openCatalog(client, disk, reader);
  } catch (cause) {
    reader.close();
    client.close();
    throw cause;
  }
}

/**
 * Opens a catalog over a client of a local database, which is closed with it, and brings it to the newest schema.
 * @param disk of its file; a database in memory has none
 * @param reader reads it, and is closed with it, too; a database in memory has none but the client
 */
export async function openCatalog(client: Client, disk?: CatalogDisk, reader: Reader = client): Promise<LocalCatalog> {
  const breather = new Breather();
  // One at a time: a second transaction of this process would only find the first one in its way.
  const run: TimedBatch = async (statements) => {
    await breather.breathe();
    if (disk === undefined) return runBatch(client, statements);
    const results = await disk.withReserve(() => runBatch(client, statements));
    disk.checkFile();
    return results;
  };
  const execute: Reader["execute"] = (statement) => whenFree(BUSY_LIMIT_MS, () => reader.execute(statement));
  const db: CatalogDatabase = {
    primary: kyselyOver({ execute }),
    batch: batchOver(queueWrites(run, { atOnce: 1, limitMs: BUSY_LIMIT_MS })),
    checkRoom: disk && (() => disk.checkRoom()),
    checkFile: disk && (() => disk.checkFile()),
  };
  const close = (): Promise<void> => {
    reader.close();
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
