import type { IncomingMessage } from "node:http";
import { nextTick } from "node:process";

/** What the steps lead to, elsewhere, and too much of which would only wait there. */
export interface Elsewhere {
  readonly areEnough: boolean;
  whenFewer(call: () => void): void;
}

/**
 * Shares the event loop between work of one kind and everything else. A turn of the loop does all work that is ready: unless
 * bodies pause, and a crowd of requests begins one after another, whoever comes waits for all who came before.
 */
export class TimeSlice {
  readonly #sliceMs: number;
  readonly #steps: number;
  readonly #elsewhere: Elsewhere | undefined;
  readonly #now: () => number;
  /** What goes on, by client, in the order in which it is their turn. */
  readonly #waiting = new Map<string, (() => void)[]>();
  /** When this turn's slice ends; undefined in a turn that has done nothing yet. */
  #end: number | undefined;

  /**
   * @param sliceMs how long one turn of the event loop may spend, milliseconds: one step goes on in any case
   * @param steps how many go on in one turn at most, of those who wait; 1 and more
   * @param elsewhere nobody who waits goes on while there is enough of it; default: nothing of the kind
   * @param now milliseconds on a clock that never goes back
   */
  constructor(sliceMs: number, steps: number, elsewhere?: Elsewhere, now: () => number = () => performance.now()) {
    this.#sliceMs = sliceMs;
    this.#steps = steps;
    this.#elsewhere = elsewhere;
    this.#now = now;
  }

  /**
   * Asks for the next step. Undefined when nobody waits and there is time left in this turn; else resolves in a later
   * one: the clients take turns, the steps of each in the order of the calls.
   * @param clientOf asked only where it has to wait; default: all are one client
   */
  take(clientOf = (): string => ""): Promise<void> | undefined {
    const end = this.#end ?? this.#begin();
    if (this.#waiting.size === 0 && this.#now() < end) return undefined;
    const client = clientOf();
    const line = this.#waiting.get(client);
    return new Promise((resolve) => {
      if (line === undefined) this.#waiting.set(client, [resolve]);
      else line.push(resolve);
    });
  }

  #begin(): number {
    this.#goOnInNextTurn();
    return (this.#end = this.#now() + this.#sliceMs);
  }

  #goOnInNextTurn(): void {
    setImmediate(() => {
      this.#goOn();
    });
  }

  /** The turn after: some of those who wait go on. */
  #goOn(): void {
    if (this.#waiting.size > 0 && this.#elsewhere?.areEnough === true) {
      this.#elsewhere.whenFewer(() => {
        this.#goOnInNextTurn();
      });
      return;
    }
    this.#end = undefined;
    if (this.#waiting.size > 0) this.#goOnUntil(this.#begin(), this.#steps);
  }

  /** Client by client one after another goes on, as long as there is time left in this turn. */
  #goOnUntil(end: number, steps: number): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    const [client, line] = first;
    const next = line.shift();
    this.#waiting.delete(client);
    if (line.length > 0) this.#waiting.set(client, line);
    next?.();
    if (steps === 1 || this.#waiting.size === 0) return;
    // A tick that a promise asks for comes when all promises are settled: by then all that the step does at once is done.
    queueMicrotask(() => {
      nextTick(() => {
        if (this.#now() < end && this.#elsewhere?.areEnough !== true) this.#goOnUntil(end, steps - 1);
      });
    });
  }
}

/** Who takes turns with others: by what a client states, true or not. One that states much waits longer for itself. */
export function clientOf({ headers, socket }: IncomingMessage): string {
  return `${String(socket.remoteAddress)} ${String(headers["x-forwarded-for"])} ${headers.authorization ?? ""}`;
}
