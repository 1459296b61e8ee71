import { BoxcarError } from "../../base/errors.ts";
import { codeOf, type RunBatch } from "./libsql-database.ts";
import type { Statement } from "./libsql-dialect.ts";

/** How a database takes the writes of one process. */
export interface WriteQueueLimits {
  /** Batches that run at a time, while further ones wait in line; Infinity: there is no line. */
  readonly atOnce: number;
  /** Milliseconds from the moment a batch is asked for to its refusal, waiting included. */
  readonly limitMs: number;
}

/** Runs one batch. @param leftMs of its limit */
export type TimedBatch = (statements: Statement[], leftMs: number) => ReturnType<RunBatch>;

/** The first and the longest pause before a batch is repeated. */
const [FIRST_MS, LONGEST_MS] = [5, 200];

/**
 * Lets batches wait for their turn, in order, and repeats what the database refused because of other writers: SQLite has
 * one writer at a time. A libSQL server that many writers crowd stalls for seconds, so nodes do not crowd it.
 * @returns rejects with BoxcarError `catalog_busy` (503) when a batch's time is over; nothing of it was kept then
 */
export function queueWrites(run: TimedBatch, { atOnce, limitMs }: WriteQueueLimits): RunBatch {
  const line = new Set<() => void>();
  let running = 0;

  const turn = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const begin = (): void => {
        line.delete(begin);
        clearTimeout(timer);
        running++;
        resolve();
      };
      const timer = setTimeout(() => {
        line.delete(begin);
        reject(busy(limitMs));
      }, limitMs);
      if (running < atOnce) begin();
      else line.add(begin);
    });

  return async (statements) => {
    const endMs = performance.now() + limitMs;
    await turn();
    try {
      return await repeated((leftMs) => run(statements, leftMs), endMs, limitMs);
    } finally {
      running--;
      for (const begin of line) {
        begin();
        break;
      }
    }
  };
}

/**
 * Repeats what the database refuses while others keep it locked, without blocking the thread.
 * @throws BoxcarError `catalog_busy` (503) after `limitMs`
 */
export function whenFree<T>(limitMs: number, work: () => Promise<T>): Promise<T> {
  return repeated(work, performance.now() + limitMs, limitMs);
}

async function repeated<T>(work: (leftMs: number) => Promise<T>, endMs: number, limitMs: number): Promise<T> {
  for (let pauseMs = FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_MS)) {
    try {
      return await work(endMs - performance.now());
    } catch (cause) {
      if (!String(codeOf(cause)).startsWith("SQLITE_BUSY")) throw cause;
      if (performance.now() + pauseMs >= endMs) throw busy(limitMs, cause);
    }
    // Chance keeps several nodes from meeting again.
    await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.5 + Math.random() / 2)));
  }
}

function busy(limitMs: number, cause?: unknown): BoxcarError {
  const message = `Other writes kept the catalog busy for ${limitMs / 1000} s. Try again.`;
  return new BoxcarError("catalog_busy", message, {}, cause);
}
