import { findLost, findOrphans } from "./compare-objects.ts";
import { leftovers, settle } from "./leftovers.ts";
import { UPLOAD_LEASE_MS } from "../lease.ts";
import type { Finding, ReconcileOptions, ReconcileParts } from "./types.ts";

/** How long nothing may have been written to a temporary file before it is removed: uploads may be slow. */
const TEMPORARY_GRACE_MS = 3_600_000;

/**
 * Settles what crashes left between catalog and store, and yields what it did as it goes. Running it again, or on
 * several nodes at once, changes nothing more. A ready segment is never removed, and files of other folders are never touched.
 */
export async function* reconcile(
  parts: ReconcileParts,
  options: ReconcileOptions,
): AsyncGenerator<Finding, void, undefined> {
  const { nowMs, pendingGraceMs = UPLOAD_LEASE_MS, tombstoneGraceMs = 600_000 } = options;
  await parts.catalog.unsettled.bringTimesBack(nowMs);
  const swept = (await parts.sweep?.(nowMs - TEMPORARY_GRACE_MS)) ?? 0;
  if (swept > 0) yield { kind: "temporary_removed", count: swept };
  const before = { pendingMs: nowMs - pendingGraceMs, tombstoneMs: nowMs - tombstoneGraceMs };
  for await (const rest of leftovers(parts, before, nowMs, options.signal)) {
    const finding = await settle(rest);
    if (finding !== undefined) yield finding;
  }
  if (options.verify !== true) return;
  yield* findLost(parts, options);
  yield* findOrphans(parts, options);
}
