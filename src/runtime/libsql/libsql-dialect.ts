import type { Client, InValue } from "@libsql/client";
import { SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from "kysely";
import type { CompiledQuery, DatabaseConnection, Dialect, QueryResult } from "kysely";

/** What of a libSQL client reading needs. */
export type Reader = Pick<Client, "execute" | "close">;

/** Kysely's queries over a libSQL client, which stays the caller's to close. Transactions are `CatalogDatabase.batch`. */
export function libsqlDialect(client: Pick<Reader, "execute">): Dialect {
  const connection: DatabaseConnection = {
    async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
      const { rows, rowsAffected } = await client.execute({ sql, args: [...parameters] as InValue[] });
      return { rows: rows as unknown as Row[], numAffectedRows: BigInt(rowsAffected) };
    },
    streamQuery: refuse,
  };
  const done = (): Promise<void> => Promise.resolve();
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => ({
      ...{ init: done, destroy: done, releaseConnection: done, acquireConnection: () => Promise.resolve(connection) },
      ...{ beginTransaction: refuse, commitTransaction: refuse, rollbackTransaction: refuse },
    }),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

function refuse(): never {
  throw new Error("This database has no streams and no transactions of its own: use CatalogDatabase.batch.");
}
