import type { InValue } from "@libsql/client";
import {
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type QueryResult,
} from "kysely";

/** One statement as libSQL's clients take it. */
export interface Statement {
  readonly sql: string;
  readonly args: InValue[];
}

/** What of a libSQL client reading needs. */
export interface Reader {
  execute(statement: Statement): Promise<{ readonly rows: readonly unknown[] }>;
  close(): void;
}

/** Kysely's queries over a libSQL client, which stays the caller's to close. Transactions are `CatalogDatabase.batch`. */
export function libsqlDialect(client: Pick<Reader, "execute">): Dialect {
  const connection: DatabaseConnection = {
    async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
      const { rows } = await client.execute({ sql, args: [...parameters] as InValue[] });
      return { rows: rows as Row[] };
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
