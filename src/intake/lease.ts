/** How an upload says that it is still under way, and what its silence means. */
import type { Catalog } from "../catalog/catalog.ts";
import type { BegunSegment, NewSegment } from "../catalog/types.ts";
import { BoxcarError } from "../base/errors.ts";
import type { Clock } from "../base/ports.ts";

/**
 * Silence after which any node may give up another's upload. The clocks of all nodes must agree to within a minute: one
 * that is further behind loses its uploads (409 `upload_expired`), never a finished segment.
 */
export const UPLOAD_LEASE_MS = 120_000;
/** How often an upload says that it is still under way. */
const RENEW_MS = 30_000;
/** How often an upload with an idempotency key says so: a repetition may be waiting for it. */
export const KEYED_RENEW_MS = 4000;
/** How long a repetition listens for the upload that has its key. */
const LISTEN_MS = 2.5 * KEYED_RENEW_MS;
const LISTEN_EVERY_MS = 500;

/** Renews a lease until the returned function is called. A renewal that fails is made up for by the next. */
export function keepLease(renew: () => Promise<unknown>, everyMs = RENEW_MS): () => void {
  const timer = setInterval(() => {
    renew().catch(() => undefined);
  }, everyMs);
  return () => clearInterval(timer);
}

/**
 * Begins a segment. An upload that has its idempotency key and says nothing for ten seconds, because its process was
 * killed, is given up. Only how long it is silent counts, not when it was last heard of by another machine's clock.
 * @throws BoxcarError `idempotency_in_progress` (409) while it is heard of, and as `Catalog.beginSegment` does
 */
export async function beginNamed(
  catalog: Pick<Catalog, "beginSegment" | "unsettled">,
  segment: NewSegment,
  clock: Clock,
  listenMs = LISTEN_MS,
): Promise<BegunSegment> {
  try {
    return await catalog.beginSegment(segment);
  } catch (error) {
    if (!(error instanceof BoxcarError && error.code === "idempotency_in_progress")) throw error;
    const before = await catalog.unsettled.named(segment);
    for (const endMs = performance.now() + listenMs; performance.now() < endMs;) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(LISTEN_EVERY_MS, listenMs)));
      const now = await catalog.unsettled.named(segment);
      if (now === undefined) return catalog.beginSegment(segment);
      if (now.id !== before?.id || now.heardMs !== before.heardMs) throw error;
    }
    if (before !== undefined) await catalog.unsettled.expire(before.id, clock(), before.heardMs);
    return catalog.beginSegment(segment);
  }
}
