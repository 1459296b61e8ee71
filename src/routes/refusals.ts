import type { Context } from "hono";
import { BoxcarError } from "../errors.ts";
import type { Log } from "../platform.ts";

/** How errors become replies: `{code, error, message, ...fields}` with `code` the HTTP status. */

/**
 * The reply to a refused or failed request. A defect answers 500 without any detail but the request id, under which
 * the log has the rest.
 */
export function refusalReply(error: unknown, requestId: string, log: Log): Response {
  if (!(error instanceof BoxcarError)) {
    log("error", "request failed", { requestId, error: describe(error) });
    const message = `boxcar failed on this request. Its log says why under the request id ${requestId}.`;
    return reply(new BoxcarError("internal", 500, message, { requestId }), requestId);
  }
  if (error.status >= 500) log("warn", "request refused", { requestId, error: describe(error) });
  return reply(error, requestId);
}

function reply({ error, status, message, fields }: BoxcarError, requestId: string): Response {
  const headers = new Headers({
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Request-Id": requestId,
  });
  if (status === 401) headers.set("WWW-Authenticate", 'Bearer realm="boxcar"');
  if (status === 416) headers.set("Content-Range", `bytes */${String(fields.size)}`);
  if (status === 503) headers.set("Retry-After", "5");
  const main = { code: status, error, message };
  // Twice: the first puts them in front, the second keeps fields from overwriting them.
  return new Response(JSON.stringify({ ...main, ...fields, ...main }), { status, headers });
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\ncaused by ${describe(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}

/** The reply to a path or method that no route has. */
export function unknownRoute(c: Context): BoxcarError {
  const message = `There is no ${c.req.method} ${c.req.path.slice(0, 128)}. GET /docs shows all calls.`;
  return new BoxcarError("unknown_route", 404, message);
}
