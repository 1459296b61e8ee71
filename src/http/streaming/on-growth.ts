import type { Context } from "hono";
import { TurnQueue } from "../../base/breather.ts";
import { BoxcarError } from "../../base/errors.ts";
import { LruMap } from "../../base/lru-map.ts";
import type { AppContext, AppEnv } from "../context.ts";

/** How long the first media segment of a stream is waited for that has just begun to be recorded, milliseconds. */
const FIRST_MS = 20_000;

/** Who goes on after a stream has grown: thousands may have waited for the same, and nobody else would have a turn before all were answered. */
const goingOn = new TurnQueue();

/**
 * Tries again whenever more of a stream has been recorded.
 * @returns what the last attempt gave: undefined when the time was over, or the client had left, before one gave more
 */
export async function onGrowth<T>(
  c: Context<AppEnv>,
  { catalog }: AppContext,
  streamPath: string,
  mostMs: number,
  attempt: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const signal = AbortSignal.any([AbortSignal.timeout(mostMs), c.req.raw.signal]);
  for (;;) {
    const growth = catalog.growing.growth(streamPath, signal);
    const found = await attempt();
    if (found !== undefined || signal.aborted) return found;
    await growth;
    await goingOn.turn();
  }
}

/** Things that are waited for at once, by so many at least, and made once for all. */
const SHARED = 16;

/** What thousands wait for who ask for the same: it is made once each time that the stream has grown. */
export class MadeOnGrowth<T extends object> {
  readonly #made = new LruMap<string, { readonly growth: number; readonly making: Promise<T> }>(SHARED, () => 1);

  /**
   * What is made of a stream as it is now.
   * @param same tells what is asked for from all else
   * @param make whoever it is called for, it makes the same
   */
  async of(
    { catalog }: Pick<AppContext, "catalog">,
    streamPath: string,
    same: string,
    make: () => Promise<T>,
  ): Promise<T> {
    const growth = catalog.growing.lastGrowth(streamPath);
    const before = this.#made.get(same);
    if (before !== undefined && before.growth === growth) {
      // One that was made for a client that has left meanwhile is made again.
      const made = await before.making.catch(() => undefined);
      if (made !== undefined) return made;
    }
    const making = make();
    if (growth !== undefined) this.#made.set(same, { growth, making });
    return making;
  }
}

/** Makes a reply of a stream: of one that is being recorded once there is something to play. */
export async function oncePlayable(
  c: Context<AppEnv>,
  context: AppContext,
  streamPath: string,
  reply: () => Promise<Response>,
): Promise<Response> {
  let refusal: unknown;
  const playable = await onGrowth(c, context, streamPath, FIRST_MS, async () => {
    try {
      return await reply();
    } catch (error) {
      const isEarly = error instanceof BoxcarError && error.code === "not_recorded";
      if (!isEarly || context.recording?.recorder.running(streamPath) === undefined) throw error;
      refusal = error;
      return undefined;
    }
  });
  if (playable === undefined) throw refusal;
  return playable;
}

/** What was asked for has not come in the time that it is waited for. */
export function notYet(streamPath: string, mostMs: number): BoxcarError {
  const message = `What was asked for of ${streamPath} has not come within ${mostMs / 1000} seconds. Ask for the playlist again.`;
  return new BoxcarError("not_yet", message, { streamPath, retryAfterSeconds: 1 });
}
