import { sql } from "kysely";
import { BoxcarError } from "../base/errors.ts";
import type { CatalogDatabase } from "./database.ts";
import { migrations } from "./migrations.ts";

/**
 * Brings the database to the newest schema. Safe to repeat, and from several nodes at once: each migration and the note
 * that it ran are one transaction.
 * @returns the names of the migrations that ran now, in order
 * @throws BoxcarError `catalog_newer` (500) when a later version of boxcar has migrated the database
 */
export async function migrate({ primary, batch }: CatalogDatabase): Promise<string[]> {
  const ran: string[] = [];
  let known = await noted();
  checkNotNewer(known);
  for (const [name, statements] of Object.entries(migrations)) {
    if (known.includes(name)) continue;
    try {
      await batch([note(name), ...statements.map((statement) => statement.compile(primary))]);
      ran.push(name);
    } catch (cause) {
      // Another node may have run it meanwhile.
      known = await noted();
      if (!known.includes(name)) throw cause;
    }
  }
  return ran;

  async function noted(): Promise<string[]> {
    const create = sql`create table if not exists kysely_migration (
      name varchar(255) not null primary key, timestamp varchar(255) not null)`;
    const select = sql<{ name: string }>`select name from kysely_migration order by name`;
    const [, rows] = await batch([create.compile(primary), select.compile(primary)]);
    return rows.map((row) => row.name);
  }

  function note(name: string) {
    const values = sql`(${name}, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))`;
    return sql`insert into kysely_migration (name, timestamp) values ${values}`.compile(primary);
  }
}

/**
 * The names of the migrations that have not run yet, in order. Changes nothing.
 * @throws BoxcarError `catalog_newer` (500) as `migrate` does
 */
export async function missingMigrations({ primary }: Pick<CatalogDatabase, "primary">): Promise<string[]> {
  const notes = sql`select 1 from sqlite_master where type = 'table' and name = 'kysely_migration'`;
  const hasNotes = (await notes.execute(primary)).rows.length > 0;
  const noted = hasNotes ? (await sql<{ name: string }>`select name from kysely_migration`.execute(primary)).rows : [];
  const known = noted.map(({ name }) => name);
  checkNotNewer(known);
  return Object.keys(migrations).filter((name) => !known.includes(name));
}

/** Whether the last migration has run. Fails where none has. */
export async function hasNewestSchema(db: CatalogDatabase["primary"]): Promise<boolean> {
  const last = Object.keys(migrations).at(-1);
  return (await sql`select 1 from kysely_migration where name = ${last}`.execute(db)).rows.length > 0;
}

function checkNotNewer(known: readonly string[]): void {
  const newer = known.filter((name) => !Object.hasOwn(migrations, name));
  if (newer.length === 0) return;
  const message = `The catalog was made by a later version of boxcar (${newer.join(", ")}). Run that version.`;
  throw new BoxcarError("catalog_newer", message, { migrations: newer });
}
