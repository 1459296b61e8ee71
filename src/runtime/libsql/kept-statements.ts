import type { InValue } from "@libsql/client";
import Database from "libsql";
import { LruMap } from "../../base/lru-map.ts";
import type { Reader } from "./libsql-dialect.ts";

/** Statements that are kept: those with lists of values differ by how long these are. */
const MOST_STATEMENTS = 256;

/**
 * Reads a database file by a connection of its own, whose statements are kept. libSQL's client prepares each anew and defines each value
 * of a row twice, which takes several times as long as running it.
 */
export function keptStatements(path: string): Reader {
  // Whoever finds the file busy tries again without blocking the thread.
  const database = new Database(path, { timeout: 0 });
  const kept = new LruMap<string, Database.Statement>(MOST_STATEMENTS, () => 1);
  return {
    execute: ({ sql, args }) =>
      new Promise((resolve) => {
        const statement = kept.get(sql) ?? database.prepare(sql);
        kept.set(sql, statement);
        resolve({ rows: statement.all(args.map(bound)) });
      }),
    close: () => {
      database.close();
    },
  };
}

/** A value as it can be bound: the process ends with a boolean. */
function bound(value: InValue): InValue {
  return typeof value === "boolean" ? Number(value) : (value ?? null);
}
