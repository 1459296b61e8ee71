import type { InValue } from "@libsql/client";
import { Kysely, type CompiledQuery } from "kysely";
import type { CatalogDatabase, RowsOf } from "../../catalog/database.ts";
import type { Schema } from "../../catalog/schema.ts";
import { BoxcarError } from "../../base/errors.ts";
import { libsqlDialect, type Reader, type Statement } from "./libsql-dialect.ts";

/** Runs statements in one write transaction; the rows of each. */
export type RunBatch = (statements: Statement[]) => Promise<readonly (readonly unknown[])[]>;

/** Reads through a libSQL client, which stays the caller's to close. */
export function kyselyOver(client: Pick<Reader, "execute">): Kysely<Schema> {
  const execute: Reader["execute"] = (statement) =>
    client.execute(statement).catch((cause: unknown) => {
      throw refusalOf(cause);
    });
  return new Kysely<Schema>({ dialect: libsqlDialect({ execute }) });
}

/** `CatalogDatabase.batch` over what runs statements. */
export function batchOver(run: RunBatch): CatalogDatabase["batch"] {
  return async <const Queries extends readonly CompiledQuery[]>(queries: Queries) => {
    const statements = queries.map(({ sql, parameters }) => ({ sql, args: [...parameters] as InValue[] }));
    try {
      // Each query carries the type of its rows.
      return (await run(statements)) as RowsOf<Queries>;
    } catch (cause) {
      throw refusalOf(cause);
    }
  };
}

/** What a client is told of an error of libSQL; the error itself when that is for the log alone. */
function refusalOf(error: unknown): unknown {
  if (codeOf(error) === "SQLITE_FULL") {
    const message = "The disk that holds the catalog is full. Free some space and try again.";
    return new BoxcarError("store_full", message, {}, error);
  }
  // Between the first and the last migration of a catalog that was away when the server started, or is another server's to migrate.
  if (error instanceof Error && /no such (?:table|column)|has no column/.test(error.message)) {
    const message = "The schema of the catalog is older than this server. Try again when it has been migrated.";
    return new BoxcarError("catalog_unavailable", message, {}, error);
  }
  return error;
}

/** What libSQL names an error, for example `SQLITE_BUSY`. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
