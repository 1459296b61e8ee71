import { sql } from "kysely";
import type { CatalogDatabase } from "./database.ts";

/** Work that one node at a time holds, for as long as it says that it does. */
export class Leases {
  readonly #db: CatalogDatabase;

  constructor(db: CatalogDatabase) {
    this.#db = db;
  }

  /**
   * Takes or renews a lease.
   * @returns its token, which grows whenever another node takes it over; undefined while another node holds it
   */
  async take(name: string, holder: string, nowMs: number, untilMs: number): Promise<number | undefined> {
    const take = sql<{ token: number }>`insert into leases (name, holder, token, until_ms)
      values (${name}, ${holder}, 1, ${untilMs})
      on conflict (name) do update set holder = excluded.holder, until_ms = excluded.until_ms,
        token = token + (leases.holder <> excluded.holder)
      where leases.holder = excluded.holder or leases.until_ms <= ${nowMs}
      returning token`;
    const [rows] = await this.#db.batch([take.compile(this.#db.primary)]);
    return rows[0]?.token;
  }

  /** Gives a lease back. */
  async release(name: string, holder: string): Promise<void> {
    const release = sql`update leases set until_ms = 0 where name = ${name} and holder = ${holder}`;
    await this.#db.batch([release.compile(this.#db.primary)]);
  }
}
