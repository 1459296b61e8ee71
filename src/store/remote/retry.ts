import { BoxcarError } from "../../base/errors.ts";
import { RemoteError } from "./remote-objects.ts";

/** How patient a store's client is. */
export interface RetryPolicy {
  /** How often a request is sent at most. Default: 4. */
  readonly attempts: number;
  /** The longest first pause between two attempts; it doubles with each, and chance takes a part of it. Default: 200. */
  readonly pauseMs: number;
  /** No pause is longer, whatever the store asks for. Default: 5,000. */
  readonly longestPauseMs: number;
  /** A request without an answer for so long has failed. Default: 20,000. */
  readonly answerMs: number;
  /** A request that writes a part, without an answer for so long, has failed. Default: 120,000. */
  readonly writeMs: number;
  /** A body without a byte for so long is broken. Default: 20,000. */
  readonly idleMs: number;
  /** How often a read is resumed after its body broke. Default: 3. */
  readonly resumes: number;
  /** From 0, below 1. */
  readonly random: () => number;
}

/** What every driver does unless told otherwise. */
export const defaultRetryPolicy: RetryPolicy = {
  attempts: 4,
  pauseMs: 200,
  longestPauseMs: 5000,
  answerMs: 20_000,
  writeMs: 120_000,
  idleMs: 20_000,
  resumes: 3,
  random: Math.random,
};

/**
 * Sends a request until it is answered, refused for good, or has been sent often enough. Only what may pass is
 * repeated: `again`, and failures of the network.
 * @param send one attempt, counted from 1; the signal is aborted when it takes longer than `limitMs`
 */
export async function withRetries<T>(
  policy: RetryPolicy,
  limitMs: number,
  send: (signal: AbortSignal, attempt: number) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await withTimeout(limitMs, (signal) => send(signal, attempt));
    } catch (cause) {
      if (attempt >= policy.attempts || !isTransient(cause)) throw cause;
      await sleep(pauseOf(policy, attempt, cause));
    }
  }
}

/** Whether a failed request may succeed when it is repeated. What is no error of boxcar's own came from the network. */
export function isTransient(cause: unknown): boolean {
  if (cause instanceof BoxcarError) return false;
  return !(cause instanceof RemoteError) || cause.kind === "again";
}

function pauseOf(policy: RetryPolicy, attempt: number, cause: unknown): number {
  const jittered = policy.pauseMs * 2 ** (attempt - 1) * policy.random();
  const asked = cause instanceof RemoteError ? cause.retryAfterMs : 0;
  return Math.min(Math.max(jittered, asked), policy.longestPauseMs);
}

/** Gives an attempt a limit. One that does not heed its signal is left alone when the limit is reached. */
async function withTimeout<T>(limitMs: number, send: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const late = new RemoteError("again", `it gave no answer within ${limitMs / 1000} seconds`);
      reject(late);
      controller.abort(late);
    }, limitMs);
  });
  try {
    return await Promise.race([send(controller.signal), limit]);
  } finally {
    clearTimeout(timer);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
