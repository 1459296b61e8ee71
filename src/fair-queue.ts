import { BoxcarError } from "./errors.ts";

/** Who wants a turn. */
export interface Turn {
  readonly client: string;
  /** Aborted when the client has gone. */
  readonly signal?: AbortSignal | undefined;
}

/** What may run at once, and what may wait. */
export interface QueueLimits {
  readonly atOnce: number;
  /** Of these, those of one client. */
  readonly perClient: number;
  readonly waiting: number;
  readonly waitingPerClient: number;
}

interface Client {
  running: number;
  /** What begins each of its works that wait, in order. */
  readonly waiting: (() => void)[];
}

/**
 * Few works at a time; the others wait, and the clients take turns: one with much to do delays another by no more than
 * one work.
 */
export class FairQueue {
  readonly #limits: QueueLimits;
  /** In the order in which it is their turn. */
  readonly #clients = new Map<string, Client>();
  #running = 0;
  #waiting = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** Works that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Does a work when it is its client's turn.
   * @returns undefined at once when as many wait as may; else what the work gives
   * @throws BoxcarError `client_gone` (499) when the client has gone before; and as `work` does
   */
  run<Result>({ client: name, signal }: Turn, work: () => Promise<Result>): Promise<Result> | undefined {
    const { atOnce, perClient, waiting, waitingPerClient } = this.#limits;
    const client = this.#clients.get(name) ?? { running: 0, waiting: [] };
    if (this.#running < atOnce && client.running < perClient) return this.#do(name, client, work);
    if (this.#waiting >= waiting || client.waiting.length >= waitingPerClient) return undefined;
    this.#clients.set(name, client);
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        signal?.removeEventListener("abort", leave);
        this.#waiting--;
        resolve(this.#do(name, client, work));
      };
      const leave = (): void => {
        client.waiting.splice(client.waiting.indexOf(begin), 1);
        this.#waiting--;
        this.#forget(name, client);
        reject(new BoxcarError("client_gone", 499, "The client closed the connection before it was its turn."));
      };
      client.waiting.push(begin);
      this.#waiting++;
      if (signal?.aborted === true) leave();
      else signal?.addEventListener("abort", leave, { once: true });
    });
  }

  async #do<Result>(name: string, client: Client, work: () => Promise<Result>): Promise<Result> {
    this.#running++;
    client.running++;
    // Its next turn comes after those of the others.
    this.#clients.delete(name);
    this.#clients.set(name, client);
    try {
      return await work();
    } finally {
      this.#running--;
      client.running--;
      this.#forget(name, client);
      this.#beginNext();
    }
  }

  #beginNext(): void {
    for (const client of this.#clients.values()) {
      const begin = client.running < this.#limits.perClient ? client.waiting.shift() : undefined;
      if (begin === undefined) continue;
      begin();
      return;
    }
  }

  #forget(name: string, client: Client): void {
    if (client.running === 0 && client.waiting.length === 0) this.#clients.delete(name);
  }
}
