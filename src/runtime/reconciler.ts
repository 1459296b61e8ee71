import { reconcile, type Finding, type ReconcileParts } from "../ingest/reconcile.ts";
import type { Clock, Log } from "../platform.ts";

const everyMs = 60_000;
const longestGraceMs = 3_600_000;

/**
 * Reconciles now and once a minute. Unfinished uploads from before the start are given up after a minute, in which
 * another command may still be writing to the same folder; those begun since get an hour.
 * @returns stops it, once the step under way is done
 */
export function startReconciler(parts: ReconcileParts, clock: Clock, log: Log): () => Promise<void> {
  const startedMs = clock();
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const run = async (): Promise<void> => {
    const nowMs = clock();
    const pendingGraceMs = Math.min(Math.max(nowMs - startedMs, everyMs), longestGraceMs);
    try {
      for await (const finding of reconcile(parts, { nowMs, pendingGraceMs, signal: stopping.signal }))
        logFinding(log, finding);
    } catch (error) {
      log("error", "reconciling failed", { error: error instanceof Error ? error.stack : String(error) });
    }
    if (!stopping.signal.aborted) timer = setTimeout(next, everyMs).unref();
  };
  let running = run();
  function next(): void {
    running = run();
  }
  return async () => {
    stopping.abort();
    clearTimeout(timer);
    await running;
  };
}

const attention: readonly Finding["kind"][] = ["orphan", "object_missing", "object_changed", "store_failed"];

function logFinding(log: Log, { kind, ...fields }: Finding): void {
  log(attention.includes(kind) ? "warn" : "info", `reconciled: ${kind}`, fields);
}
