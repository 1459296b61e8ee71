import { sql } from "kysely";
import { CLOCK_SKEW_MS } from "./clock-skew.ts";
import type { CatalogDatabase } from "./database.ts";

/** What is to be told to one consumer. */
export interface Delivery {
  readonly id: number;
  /** URL of the consumer. */
  readonly consumer: string;
  /** Names what happened: told once to each consumer. */
  readonly message: string;
  readonly body: string;
  /** Attempts before this one. */
  readonly attempts: number;
}

/** How deliveries are claimed. Milliseconds. */
export interface DeliveryClaim {
  /** For how long no other node attempts them. */
  readonly forMs: number;
  /** What is due later than in this time was dated by a clock that was ahead, and is due. */
  readonly longestWaitMs: number;
  readonly limit: number;
}

/** What is to be told to consumers, until they have taken it. Moments are milliseconds since 1970. */
export class WebhookRows {
  readonly #db: CatalogDatabase;

  constructor(db: CatalogDatabase) {
    this.#db = db;
  }

  /** Notes what is to be told to each of the consumers; what is noted already stays as it is. */
  async add(consumers: readonly string[], message: string, body: string, nowMs: number): Promise<void> {
    const { primary } = this.#db;
    await this.#db.batch(
      consumers.map((consumer) =>
        sql`insert into webhook_deliveries (consumer, message, body, created_ms, next_ms, attempts)
          values (${consumer}, ${message}, ${body}, ${nowMs}, ${nowMs}, 0)
          on conflict (consumer, message) do nothing`.compile(primary),
      ),
    );
  }

  /** Claims what is due to a consumer, so that no other node attempts it for a while. */
  async claim(consumer: string, nowMs: number, { forMs, longestWaitMs, limit }: DeliveryClaim): Promise<Delivery[]> {
    const latestMs = nowMs + longestWaitMs + CLOCK_SKEW_MS;
    const claim = sql<Delivery>`update webhook_deliveries set next_ms = ${nowMs + forMs}, attempts = attempts + 1
      where id in (select id from webhook_deliveries
        where done_ms is null and (next_ms <= ${nowMs} or next_ms > ${latestMs}) and consumer = ${consumer}
        order by next_ms, id limit ${limit})
      returning id, consumer, message, body, attempts - 1 as attempts`;
    const [rows] = await this.#db.batch([claim.compile(this.#db.primary)]);
    return rows.toSorted((a, b) => a.id - b.id);
  }

  /** A consumer has taken it, or it is given up: it is kept as a note that it was told. */
  async done(id: number, nowMs: number): Promise<void> {
    const done = sql`update webhook_deliveries set done_ms = ${nowMs}, body = '' where id = ${id}`;
    await this.#db.batch([done.compile(this.#db.primary)]);
  }

  /** The delivery is attempted again at a moment. */
  async later(id: number, nextMs: number): Promise<void> {
    const later = sql`update webhook_deliveries set next_ms = ${nextMs} where id = ${id} and done_ms is null`;
    await this.#db.batch([later.compile(this.#db.primary)]);
  }

  /** Forgets what was noted before a moment. */
  async forget(beforeMs: number): Promise<void> {
    const forget = sql`delete from webhook_deliveries where created_ms < ${beforeMs}`;
    await this.#db.batch([forget.compile(this.#db.primary)]);
  }
}
