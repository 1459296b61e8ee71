import { clientGone } from "./errors.ts";

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

/** Gives a place back. Calling it again does nothing. */
export type Leave = () => void;

interface Client {
  running: number;
  /** What begins each of its works that wait, in order. */
  readonly waiting: (() => void)[];
}

/**
 * Few works at a time; the others wait, and the clients take turns, those with the fewest running works first: one with
 * much to do delays another by no more than one work.
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

  /** Works that run. */
  get running(): number {
    return this.#running;
  }

  /**
   * Does a work when it is its client's turn.
   * @returns undefined at once when as many wait as may; else what the work gives
   * @throws BoxcarError `client_gone` (499) when the client has gone before; and as `work` does
   */
  run<Result>(turn: Turn, work: () => Promise<Result>): Promise<Result> | undefined {
    const entered = this.enter(turn);
    if (entered === undefined) return undefined;
    const finish = async (leave: Leave): Promise<Result> => {
      try {
        return await work();
      } finally {
        leave();
      }
    };
    return entered instanceof Promise ? entered.then(finish) : finish(entered);
  }

  /**
   * Takes a place when it is its client's turn: at once where one is free.
   * @returns undefined when as many wait as may
   * @throws BoxcarError `client_gone` (499) when the client has gone before
   */
  enter({ client: name, signal }: Turn): Leave | Promise<Leave> | undefined {
    const { atOnce, perClient, waiting, waitingPerClient } = this.#limits;
    const client = this.#clients.get(name) ?? { running: 0, waiting: [] };
    if (this.#running < atOnce && client.running < perClient) return this.#begin(name, client);
    if (this.#waiting >= waiting || client.waiting.length >= waitingPerClient) return undefined;
    this.#clients.set(name, client);
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        signal?.removeEventListener("abort", giveUp);
        this.#waiting--;
        resolve(this.#begin(name, client));
      };
      const giveUp = (): void => {
        client.waiting.splice(client.waiting.indexOf(begin), 1);
        this.#waiting--;
        this.#forget(name, client);
        reject(clientGone());
      };
      client.waiting.push(begin);
      this.#waiting++;
      if (signal?.aborted === true) giveUp();
      else signal?.addEventListener("abort", giveUp, { once: true });
    });
  }

  #begin(name: string, client: Client): Leave {
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
      this.#beginNext();
    };
  }

  #beginNext(): void {
    let next: Client | undefined;
    for (const client of this.#clients.values()) {
      const mayBegin = client.waiting.length > 0 && client.running < this.#limits.perClient;
      if (mayBegin && client.running < (next?.running ?? Number.POSITIVE_INFINITY)) next = client;
    }
    next?.waiting.shift()?.();
  }

  #forget(name: string, client: Client): void {
    if (client.running === 0 && client.waiting.length === 0) this.#clients.delete(name);
  }
}
