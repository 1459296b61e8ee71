import { base64, bytesOfBase64 } from "../base/base64.ts";
import { elapsedMs } from "../base/elapsed.ts";
import type { Clock, Log } from "../base/ports.ts";
import { formatTime } from "../base/time.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { Delivery, DeliveryClaim } from "../catalog/webhook-rows.ts";
import { backoffMs } from "./backoff.ts";

/** What consumers are told of. */
export type WebhookType = "record_start" | "record_end" | "segment" | "event";

/**
 * Tells consumers what has happened, soon.
 * @param key names what has happened among those of its type: it is told once
 */
export type Tell = (type: WebhookType, key: string, data: Readonly<Record<string, unknown>>) => Promise<void>;

/** Sends a request to a consumer. @returns the status of its answer; throws when there is none */
export type Post = (url: string, headers: Readonly<Record<string, string>>, body: string) => Promise<number>;

/** What webhooks work with. */
export interface WebhookParts {
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly log: Log;
  readonly post: Post;
  /** URLs. */
  readonly consumers: readonly string[];
  /** As it is, or `whsec_` and base64. */
  readonly secret: string;
}

/** How often it is looked for what is due, milliseconds. */
const LOOK_MS = 1000;
/** What is attempted at once with one consumer. */
const AT_ONCE = 16;
/** Attempts are twice as far apart each time, up to an hour, and end after so many: about a day. */
const LONGEST_WAIT_MS = 3_600_000;
const MOST_ATTEMPTS = 36;
/** Others leave alone for a minute what this node attempts. */
const CLAIM: DeliveryClaim = { forMs: 60_000, longestWaitMs: LONGEST_WAIT_MS, limit: AT_ONCE };
/** For how long it is remembered what was told, milliseconds. */
const REMEMBERED_MS = 7 * 86_400_000;
/** What waits in memory while the catalog does not answer. */
const MOST_UNWRITTEN = 1000;

/**
 * Webhooks as "Standard Webhooks" has them: what is to be told lies in a table of the catalog until a consumer has answered
 * with 2xx, whichever node attempts it.
 */
export class Webhooks {
  readonly #parts: WebhookParts;
  #key: Promise<CryptoKey> | undefined;
  #unwritten: { readonly message: string; readonly body: string }[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looking: Promise<void> = Promise.resolve();
  /** Consumers that are being told something: one that does not answer holds up itself alone. */
  readonly #told = new Map<string, Promise<void>>();
  #closed = false;
  #forgottenMs = 0;

  constructor(parts: WebhookParts) {
    this.#parts = parts;
  }

  /** See `Tell`. */
  readonly tell: Tell = async (type, key, data) => {
    const { consumers, clock, log } = this.#parts;
    if (consumers.length === 0) return;
    const body = JSON.stringify({ type, timestamp: formatTime(clock()), data });
    this.#unwritten.push({ message: `${type}.${key}`, body });
    if (this.#unwritten.length > MOST_UNWRITTEN) {
      const lost = this.#unwritten.shift();
      log("error", "a webhook is lost: the catalog does not answer", { delivery: lost?.message });
    }
    await this.#write().catch(() => undefined); // tried again with the next look
  };

  /** Delivers from now on. */
  start(): void {
    if (this.#parts.consumers.length > 0) this.#next();
  }

  /** Delivers no more; what is under way comes to its end. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#looking;
    await Promise.all(this.#told.values());
    await this.#write().catch(() => undefined);
  }

  #next(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look()
        .catch(this.#complain)
        .finally(() => {
          this.#next();
        });
    }, LOOK_MS);
  }

  readonly #complain = (error: unknown): void => {
    this.#parts.log("warn", "webhooks cannot be looked after", { error: String(error) });
  };

  async #write(): Promise<void> {
    const { catalog, consumers, clock } = this.#parts;
    for (let [first] = this.#unwritten; first !== undefined; [first] = this.#unwritten) {
      await catalog.webhooks.add(consumers, first.message, first.body, clock());
      const written = first;
      this.#unwritten = this.#unwritten.filter((waiting) => waiting !== written);
    }
  }

  async #look(): Promise<void> {
    const { catalog, consumers, clock } = this.#parts;
    await this.#write();
    const nowMs = clock();
    if (elapsedMs(nowMs, this.#forgottenMs) > LONGEST_WAIT_MS) {
      await catalog.webhooks.forget(nowMs - REMEMBERED_MS);
      this.#forgottenMs = nowMs;
    }
    for (const consumer of consumers) {
      if (this.#told.has(consumer)) continue;
      const told = this.#deliverTo(consumer)
        .catch(this.#complain)
        .finally(() => this.#told.delete(consumer));
      this.#told.set(consumer, told);
    }
  }

  /** Delivers what is due to a consumer, for as long as it takes all of it. */
  async #deliverTo(consumer: string): Promise<void> {
    const { catalog, clock } = this.#parts;
    for (let taken = true; taken && !this.#closed;) {
      const nowMs = clock();
      const due = await catalog.webhooks.claim(consumer, nowMs, CLAIM);
      const answers = await Promise.all(due.map((delivery) => this.#deliver(delivery)));
      taken = due.length === AT_ONCE && answers.every(Boolean);
    }
  }

  /** @returns whether it was taken */
  async #deliver({ id, consumer, message, body, attempts }: Delivery): Promise<boolean> {
    const { catalog, clock, log, post, secret } = this.#parts;
    const seconds = String(Math.floor(clock() / 1000));
    const signed = await crypto.subtle.sign(
      "HMAC",
      await (this.#key ??= keyOf(secret)),
      new TextEncoder().encode(`${message}.${seconds}.${body}`),
    );
    const headers = {
      "content-type": "application/json",
      "webhook-id": message,
      "webhook-timestamp": seconds,
      "webhook-signature": `v1,${base64(new Uint8Array(signed))}`,
    };
    const answer = await post(consumer, headers, body).catch((error: unknown) =>
      error instanceof Error ? error.message : String(error),
    );
    if (typeof answer === "number" && answer >= 200 && answer < 300) {
      await catalog.webhooks.done(id, clock());
      return true;
    }
    const { origin } = new URL(consumer);
    const fields = { consumer: origin, delivery: message, answer, attempts: attempts + 1 };
    if (attempts + 1 >= MOST_ATTEMPTS || answer === 410) {
      log("error", "a webhook is given up", fields);
      await catalog.webhooks.done(id, clock());
      return false;
    }
    log("warn", "a webhook was not taken", fields);
    await catalog.webhooks.later(id, clock() + backoffMs(attempts, Math.random(), LONGEST_WAIT_MS));
    return false;
  }
}

function keyOf(secret: string): Promise<CryptoKey> {
  const encoded = /^whsec_(.+)$/.exec(secret)?.[1];
  const bytes = (encoded === undefined ? undefined : bytesOfBase64(encoded)) ?? new TextEncoder().encode(secret);
  return crypto.subtle.importKey("raw", new Uint8Array(bytes), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}
