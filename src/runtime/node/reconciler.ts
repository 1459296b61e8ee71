import { reconcile } from "../../intake/reconcile/reconcile.ts";
import type { Core } from "../../core/index.ts";
import { sharingParts } from "../../recordings/plan-range.ts";
import { makeHours } from "../../recordings/hours/ready-hours.ts";
import type { Finding, ReconcileParts } from "../../intake/reconcile/types.ts";
import type { Clock, Log } from "../../base/ports.ts";
import { eachMinute, TURN_MS } from "./each-minute.ts";

/** The first time, clients that waited for the server go before. */
const FIRST_MS = 1000;
/** Hours that are made ready each time: some seconds of work, in small turns. */
const HOURS_EACH = 120;

/** What the upkeep of a catalog needs. */
export interface UpkeepParts extends ReconcileParts {
  readonly core: Core;
  readonly gapToleranceMs: number;
}

/**
 * Reconciles once a minute, and makes hours ready, the first time in a second, unless another node of the same catalog is doing so.
 * @returns stops it, once the step under way is done
 */
export function startReconciler(parts: UpkeepParts, clock: Clock, log: Log): () => Promise<void> {
  return eachMinute(
    async (signal) => {
      if (await reconcileOnce(parts, clock(), log, signal)) await makeReady(parts, signal);
    },
    (error) => {
      log("error", "reconciling failed", { error: error instanceof Error ? error.stack : String(error) });
    },
    FIRST_MS,
  );
}

async function makeReady({ core, catalog, store, gapToleranceMs }: UpkeepParts, signal: AbortSignal): Promise<void> {
  await makeHours(sharingParts({ core, catalog, store, sha256: undefined, gapToleranceMs }), HOURS_EACH, signal);
}

/**
 * Reconciles once, unless another node of the same catalog has done so within the last minute.
 * @returns whether it did
 */
export async function reconcileOnce(
  parts: ReconcileParts,
  nowMs: number,
  log: Log,
  signal: AbortSignal,
): Promise<boolean> {
  if (!(await parts.catalog.leases.takeTurn("reconcile", nowMs, nowMs + TURN_MS))) return false;
  for await (const finding of reconcile(parts, { nowMs, signal })) logFinding(log, finding);
  return true;
}

const attention: readonly Finding["kind"][] = ["orphan", "object_missing", "object_changed", "store_failed"];

function logFinding(log: Log, { kind, ...fields }: Finding): void {
  log(attention.includes(kind) ? "warn" : "info", `reconciled: ${kind}`, fields);
}
