import { reconcile } from "../../intake/reconcile/reconcile.ts";
import type { Finding, ReconcileParts } from "../../intake/reconcile/types.ts";
import type { Clock, Log } from "../../base/ports.ts";

const everyMs = 60_000;
/** The first time, clients that waited for the server go before. */
const firstMs = 1000;

/**
 * Reconciles once a minute, the first time in a second, unless another node of the same catalog is doing so.
 * @returns stops it, once the step under way is done
 */
export function startReconciler(parts: ReconcileParts, clock: Clock, log: Log): () => Promise<void> {
  const stopping = new AbortController();
  const run = async (): Promise<void> => {
    try {
      await reconcileOnce(parts, clock(), log, stopping.signal);
    } catch (error) {
      log("error", "reconciling failed", { error: error instanceof Error ? error.stack : String(error) });
    }
    if (!stopping.signal.aborted) timer = setTimeout(next, everyMs);
  };
  let timer = setTimeout(next, firstMs);
  let running = Promise.resolve();
  function next(): void {
    running = run();
  }
  return async () => {
    stopping.abort();
    clearTimeout(timer);
    await running;
  };
}

/** Reconciles once, unless another node of the same catalog has done so within the last minute. */
export async function reconcileOnce(
  parts: ReconcileParts,
  nowMs: number,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  // A little less than the distance of two runs: the same node may go on.
  if (!(await parts.catalog.takeLease("reconcile", nowMs, nowMs + everyMs - 1000))) return;
  for await (const finding of reconcile(parts, { nowMs, signal })) logFinding(log, finding);
}

const attention: readonly Finding["kind"][] = ["orphan", "object_missing", "object_changed", "store_failed"];

function logFinding(log: Log, { kind, ...fields }: Finding): void {
  log(attention.includes(kind) ? "warn" : "info", `reconciled: ${kind}`, fields);
}
