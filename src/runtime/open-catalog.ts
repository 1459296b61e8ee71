import { createClient, type Client, type Transaction } from "@libsql/client";
import { LibsqlDialect } from "@libsql/kysely-libsql";
import { Kysely } from "kysely";
import { Catalog } from "../catalog/catalog.ts";
import { migrate } from "../catalog/migrate.ts";
import type { Schema } from "../catalog/schema.ts";

/** An open catalog and what must be closed with it. */
export interface OpenCatalog {
  readonly catalog: Catalog;
  readonly db: Kysely<Schema>;
  /** Names of the migrations that opening it ran. */
  readonly migrated: readonly string[];
  /** Closes the database. Calls after it fail. */
  close(): Promise<void>;
}

/**
 * Opens a catalog in a libSQL database file, made when there is none, and brings it to the newest schema. The folder
 * must exist. Commits are durable when they return: write-ahead log with `synchronous=FULL`, libSQL's default.
 */
export async function openCatalogFile(path: string): Promise<OpenCatalog> {
  // The timeout blocks the thread while it waits for other processes; the catalog itself waits longer without blocking.
  const client = createClient({ url: `file:${encodeURI(path).replace(/[?#]/g, encodeURIComponent)}`, timeout: 250 });
  try {
    await client.executeMultiple("pragma journal_mode = wal");
    return await openCatalog(begunByScript(client));
  } catch (cause) {
    client.close();
    throw cause;
  }
}

/** Opens a catalog over a libSQL client, which is closed with it, and brings it to the newest schema. */
export async function openCatalog(client: Client): Promise<OpenCatalog> {
  const db = new Kysely<Schema>({ dialect: new LibsqlDialect({ client }) });
  const migrated = await migrate(db);
  const close = async (): Promise<void> => {
    await db.destroy();
    client.close();
  };
  return { catalog: new Catalog(db), db, migrated, close };
}

/**
 * A client whose transactions take the write lock by a script. A prepared `begin immediate` that finds the database
 * locked stays in progress until it is garbage collected, and no transaction of its connection can commit until then
 * (https://github.com/tursodatabase/libsql-client-ts/issues/352); scripts leave nothing behind.
 */
function begunByScript(client: Client): Client {
  const transaction = async (): Promise<Transaction> => {
    const begun = await client.transaction("deferred");
    try {
      await begun.executeMultiple("commit; begin immediate");
      return begun;
    } catch (cause) {
      begun.close();
      throw cause;
    }
  };
  return new Proxy(client, {
    get(target, name) {
      if (name === "transaction") return transaction;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
