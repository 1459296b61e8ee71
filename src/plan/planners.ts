import { Breather, clientGone } from "../breather.ts";
import { BoxcarError } from "../errors.ts";
import type { Pace } from "../platform.ts";

/** Segments that a plan may work on without a place among the planners: almost three days of one-minute segments. */
export const SHORT_PLAN = 4000;
/** Plans of one client that may wait for a place. */
const WAITING = 16;
const RETRY_SECONDS = 5;

/** Gives a place back. Calling it again does nothing. */
type Leave = () => void;

interface Client {
  running: number;
  /** What starts each of its plans that wait, in order. */
  readonly waiting: (() => void)[];
}

/**
 * Few long plans are made at a time, and fewer of one client; the others wait, and the clients take turns. Short plans,
 * which most are, never wait.
 */
export class Planners {
  readonly #limit: number;
  readonly #perClient: number;
  /** In the order in which it is their turn. */
  readonly #clients = new Map<string, Client>();
  #running = 0;

  /**
   * @param limit long plans that may be made at once
   * @param perClient of these, those of one client
   */
  constructor(limit: number, perClient: number) {
    this.#limit = limit;
    this.#perClient = perClient;
  }

  /** Long plans that are being made. */
  get running(): number {
    return this.#running;
  }

  /** Paces one plan. @param signal aborted when the client has gone */
  pace(client: string, signal?: AbortSignal): PlanPace {
    return new PlanPace(() => this.#enter(client, signal), signal);
  }

  async #enter(name: string, signal: AbortSignal | undefined): Promise<Leave> {
    const client = this.#clients.get(name) ?? { running: 0, waiting: [] };
    this.#clients.set(name, client);
    if (this.#running < this.#limit && client.running < this.#perClient) return this.#start(name, client);
    if (client.waiting.length >= WAITING) throw tooMany(this.#limit, this.#perClient);
    return new Promise((resolve, reject) => {
      const start = (): void => {
        signal?.removeEventListener("abort", leave);
        resolve(this.#start(name, client));
      };
      const leave = (): void => {
        client.waiting.splice(client.waiting.indexOf(start), 1);
        this.#forget(name, client);
        reject(clientGone());
      };
      client.waiting.push(start);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  #start(name: string, client: Client): Leave {
    this.#running++;
    client.running++;
    // Its next turn comes after those of the others.
    this.#clients.delete(name);
    this.#clients.set(name, client);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#running--;
      client.running--;
      this.#forget(name, client);
      this.#startNext();
    };
  }

  #startNext(): void {
    let next: Client | undefined;
    for (const client of this.#clients.values()) {
      const mayStart = client.waiting.length > 0 && client.running < this.#perClient;
      if (mayStart && client.running < (next?.running ?? this.#limit)) next = client;
    }
    next?.waiting.shift()?.();
  }

  #forget(name: string, client: Client): void {
    if (client.running === 0 && client.waiting.length === 0) this.#clients.delete(name);
  }
}

/** The pace of one plan: it takes a place among the planners once it has become a long one. */
export class PlanPace implements Pace {
  readonly #breather: Breather;
  readonly #enter: () => Promise<Leave>;
  #segments = 0;
  #leave: Leave | undefined;

  constructor(enter: () => Promise<Leave>, signal: AbortSignal | undefined) {
    this.#enter = enter;
    this.#breather = new Breather(signal);
  }

  /** @throws BoxcarError `client_gone` (499), `too_many_plans` (429) */
  breathe(segments = 0): Promise<void> | undefined {
    this.#segments += segments;
    if (this.#leave === undefined && this.#segments > SHORT_PLAN) return this.#enterThenBreathe();
    return this.#breather.breathe();
  }

  /** Gives the place back. To be called however the plan ends. */
  end(): void {
    this.#leave?.();
  }

  async #enterThenBreathe(): Promise<void> {
    await this.#breather.breathe();
    this.#leave = await this.#enter();
    await this.#breather.breathe();
  }
}

function tooMany(limit: number, perClient: number): BoxcarError {
  const message = `At most ${String(limit)} long ranges are planned at once, ${String(perClient)} of one client, and ${String(WAITING)} of its wait. Try again in a moment, or ask for shorter ranges.`;
  return new BoxcarError("too_many_plans", 429, message, { retryAfterSeconds: RETRY_SECONDS });
}
