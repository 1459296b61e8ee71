import type { Catalog } from "../catalog/catalog.ts";
import type { Clock } from "../platform.ts";

/**
 * Silence after which any node may give up another's upload. The clocks of all nodes must agree to within a minute: one
 * that is further behind loses its uploads (409 `upload_expired`), never a finished segment.
 */
export const UPLOAD_LEASE_MS = 120_000;
/** How often an upload says that it is still under way. */
const RENEW_MS = 30_000;

/** Renews a pending segment until the returned function is called. A renewal that fails is made up for by the next. */
export function keepLease(
  catalog: Pick<Catalog, "renewSegment">,
  id: number,
  clock: Clock,
  everyMs = RENEW_MS,
): () => void {
  const timer = setInterval(() => {
    catalog.renewSegment(id, clock()).catch(() => undefined);
  }, everyMs);
  return () => clearInterval(timer);
}
