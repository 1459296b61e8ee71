import { sql, type CompiledQuery, type Kysely } from "kysely";
import type { CatalogDatabase } from "./database.ts";
import { CLOCK_SKEW_MS } from "./clock-skew.ts";
import type { Schema } from "./schema.ts";
import { DAY_MS } from "../base/units.ts";

/** How long it is remembered when a token was given out, milliseconds: what was recorded under an older one comes no more. */
const REMEMBERED_MS = 90 * DAY_MS;

/** The lease that something was done under. */
export interface Fence {
  /** Name of the lease. */
  readonly lease: string;
  /** Token that its holder had. */
  readonly token: number;
}

/** Has no holder: it ends with its time, and nobody renews it. */
const NOBODY = "";

/** Work that one node at a time does for all: it holds it for as long as it says that it does, or takes a turn that ends by itself. */
export class Leases {
  readonly #db: CatalogDatabase;

  constructor(db: CatalogDatabase) {
    this.#db = db;
  }

  /**
   * Takes or renews a lease. One that lies further ahead than a right clock writes is void.
   * @returns its token, which grows whenever another node takes it over; undefined while another node holds it
   */
  async take(name: string, holder: string, nowMs: number, untilMs: number): Promise<number | undefined> {
    const { primary } = this.#db;
    const take = sql<{ token: number }>`insert into leases (name, holder, token, until_ms)
      values (${name}, ${holder}, 1, ${untilMs})
      on conflict (name) do update set holder = excluded.holder, until_ms = excluded.until_ms,
        token = token + (leases.holder <> excluded.holder)
      where (leases.holder = excluded.holder and leases.holder <> ${NOBODY}) or leases.until_ms <= ${nowMs}
        or leases.until_ms > ${untilMs + CLOCK_SKEW_MS}
      returning token`;
    const note = sql`insert into lease_takes (name, token, taken_ms)
      select name, token, ${nowMs} from leases where name = ${name} and holder = ${holder}
      on conflict do nothing`;
    const forget = sql`delete from lease_takes where name = ${name} and taken_ms < ${nowMs - REMEMBERED_MS}`;
    const [rows] = await this.#db.batch([take.compile(primary), note.compile(primary), forget.compile(primary)]);
    return rows[0]?.token;
  }

  /**
   * Takes a turn at work: until `untilMs` no node takes another.
   * @returns false while the last turn has not ended; then ask again later
   */
  async takeTurn(name: string, nowMs: number, untilMs: number): Promise<boolean> {
    return (await this.take(name, NOBODY, nowMs, untilMs)) !== undefined;
  }

  /** Until when the last turn at work goes, or went; undefined when none was taken. */
  async lastTurn(name: string): Promise<number | undefined> {
    const turn = this.#db.primary.selectFrom("leases").select("until_ms").where("name", "=", name);
    return (await turn.executeTakeFirst())?.until_ms;
  }

  /** Renews leases that are held, with one statement for all of them. @returns the token of each that still is, by name */
  async renew(names: readonly string[], holder: string, untilMs: number): Promise<ReadonlyMap<string, number>> {
    if (names.length === 0) return new Map();
    const renew = this.#db.primary
      .updateTable("leases")
      .set({ until_ms: untilMs })
      .where("holder", "=", holder)
      .where("name", "in", names)
      .returning(["name", "token"]);
    const [rows] = await this.#db.batch([renew.compile()]);
    return new Map(rows.map(({ name, token }) => [name, token]));
  }

  /** Frees a lease whose holder is gone, unless another node has taken it over since. */
  async free({ lease, token }: Fence): Promise<void> {
    const free = sql`update leases set until_ms = 0 where name = ${lease} and token = ${token}`;
    await this.#db.batch([free.compile(this.#db.primary)]);
  }

  /** Whether another node holds a lease. One that ends after `latestMs` a clock has written that was ahead: it is void. */
  async isHeldByOther(name: string, holder: string, nowMs: number, latestMs: number): Promise<boolean> {
    const row = await this.#db.primary
      .selectFrom("leases")
      .select("name")
      .where("name", "=", name)
      .where("holder", "!=", holder)
      .where("until_ms", ">", nowMs)
      .where("until_ms", "<=", latestMs + CLOCK_SKEW_MS)
      .executeTakeFirst();
    return row !== undefined;
  }

  /** Gives a lease back. */
  async release(name: string, holder: string): Promise<void> {
    const release = sql`update leases set until_ms = 0 where name = ${name} and holder = ${holder}`;
    await this.#db.batch([release.compile(this.#db.primary)]);
  }
}

/**
 * Gives up a pending segment that reaches beyond the moment at which another node took over its lease. To stand first in the batch that
 * makes it ready: the statements behind it then find it pending no longer. Answers with that moment.
 * @param endMs its end
 */
export function giveUpFenced(
  db: Kysely<Schema>,
  id: number,
  { lease, token }: Fence,
  endMs: number,
): CompiledQuery<{ taken_ms: number }> {
  const later = sql`from lease_takes where name = ${lease} and token > ${token}`;
  return sql<{ taken_ms: number }>`update segments set state = 'tombstone', idempotency_key = null
    where id = ${id} and state = 'pending' and exists (select 1 ${later} and taken_ms < ${endMs})
    returning (select min(taken_ms) ${later}) as taken_ms`.compile(db);
}
