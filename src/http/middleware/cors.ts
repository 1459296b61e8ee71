import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../context.ts";

/** Fields of replies that pages may read besides those that every page may (Fetch, "CORS-safelisted"). */
const exposed = [
  ...["Accept-Ranges", "Content-Disposition", "Content-Range", "ETag", "Location", "Retry-After", "WWW-Authenticate"],
  ...[
    "Boxcar-Start",
    "Boxcar-End",
    "Boxcar-Joints",
    "Boxcar-Gaps",
    "Boxcar-Changes",
    "Boxcar-Time",
    "Idempotency-Replayed",
    "X-Request-Id",
  ],
  ...["RateLimit", "RateLimit-Policy", "Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size"],
  ...["Upload-Offset", "Upload-Length", "Upload-Expires", "Upload-Metadata"],
].join(", ");

const methods = "GET, HEAD, POST, PUT, PATCH, DELETE";

/** Fields of requests that pages may send. */
const accepted = [
  ...["Authorization", "Content-Type", "Range", "If-Match", "If-None-Match", "If-Range", "Idempotency-Key"],
  ...[
    "Token",
    "Access-Token",
    "X-Request-Id",
    "X-Requested-With",
    "X-HTTP-Method-Override",
    "Tus-Resumable",
    "Upload-Length",
    "Upload-Offset",
  ],
  ...["Upload-Metadata", "Upload-Checksum", "Upload-Concat", "Upload-Defer-Length"],
].join(", ");

/** Seconds for which browsers need not ask again. */
const maxAge = "7200";

/**
 * Lets pages of the given origins call (Fetch, "HTTP extensions"), and answers what their browsers ask beforehand. The
 * fields are set before the reply is made: a streamed one is on its way by the time a handler returns.
 * @param origins `*` alone: all, and then browsers send no credentials of their own
 */
export function cors(origins: readonly string[]): MiddlewareHandler<AppEnv> {
  const all = origins[0] === "*";
  return async (c, next) => {
    const origin = c.req.header("origin");
    if (origins.length > 0 && !all) c.header("Vary", "Origin");
    // Under * the fields do not depend on the request: caches hand a reply to pages whoever it was first made for.
    if (!all && (origin === undefined || !origins.includes(origin))) return next();
    c.header("Access-Control-Allow-Origin", all ? "*" : origin);
    if (!all) c.header("Access-Control-Allow-Credentials", "true");
    const asks = c.req.method === "OPTIONS" && c.req.header("access-control-request-method") !== undefined;
    if (!asks || origin === undefined) {
      c.header("Access-Control-Expose-Headers", exposed);
      return next();
    }
    c.header("Access-Control-Allow-Methods", methods);
    c.header("Access-Control-Allow-Headers", accepted);
    c.header("Access-Control-Max-Age", maxAge);
    return c.body(null, 204);
  };
}
