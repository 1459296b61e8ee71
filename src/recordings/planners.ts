import { Breather } from "../base/breather.ts";
import { BoxcarError } from "../base/errors.ts";
import { FairQueue, type Leave } from "../base/fair-queue.ts";
import type { Pace } from "../base/ports.ts";

/** Segments that a plan may work on without a place among the planners: almost three days of one-minute segments. */
export const SHORT_PLAN = 4000;
/** Plans of one client that may wait for a place: those of a page of sixteen cameras. */
const WAITING = 64;
const RETRY_SECONDS = 5;

/** Few long plans are made at a time, and fewer of one client; the others wait. Short plans, which most are, never do. */
export class Planners {
  readonly #queue: FairQueue;
  readonly #refusal: () => BoxcarError;

  /**
   * @param limit long plans that may be made at once
   * @param perClient of these, those of one client
   * @param mayWait whether others may wait for their end
   */
  constructor(limit: number, perClient: number, mayWait = true) {
    const waiting = mayWait ? Number.POSITIVE_INFINITY : 0;
    this.#queue = new FairQueue({ atOnce: limit, perClient, waiting, waitingPerClient: WAITING });
    this.#refusal = () => tooMany(limit, perClient);
  }

  /** Long plans that are being made. */
  get running(): number {
    return this.#queue.running;
  }

  /** Paces one plan. @param signal aborted when the client has gone */
  pace(client: string, signal?: AbortSignal): PlanPace {
    return new PlanPace(async () => {
      const turn = await this.#queue.enter({ client, signal });
      if (turn === undefined) throw this.#refusal();
      return turn;
    }, signal);
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
  return new BoxcarError("too_many_plans", message, { retryAfterSeconds: RETRY_SECONDS });
}
