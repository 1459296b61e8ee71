import type { Context } from "hono";
import { BoxcarError } from "../errors.ts";
import type { Log } from "../platform.ts";
import { chatFail, chatStatus, isChatPath } from "./chat/envelope.ts";
import type { AppEnv } from "./context.ts";

/**
 * How errors become replies: `{code, error, message, ...fields}` with `code` the HTTP status; calls of the chat front
 * end have its envelope.
 */

/** The request that is refused. */
export interface Refused {
  readonly requestId: string;
  readonly path: string;
}

/**
 * The reply to a refused or failed request. A defect answers 500 without any detail but the request id, under which
 * the log has the rest.
 */
export function refusalReply(error: unknown, request: Refused, log: Log): Response {
  const { requestId } = request;
  if (!(error instanceof BoxcarError)) {
    log("error", "request failed", { requestId, error: describe(error) });
    const message = `boxcar failed on this request. Its log says why under the request id ${requestId}.`;
    return reply(new BoxcarError("internal", 500, message, { requestId }), request);
  }
  if (error.status >= 500) log("warn", "request refused", { requestId, error: describe(error) });
  return reply(error, request);
}

function reply(refusal: BoxcarError, { requestId, path }: Refused): Response {
  const { error, message, fields } = refusal;
  const status = isChatPath(path) ? chatStatus(refusal.status) : refusal.status;
  const headers = new Headers({
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Request-Id": requestId,
  });
  if (status === 401) headers.set("WWW-Authenticate", 'Bearer realm="boxcar"');
  if (status === 416) headers.set("Content-Range", `bytes */${String(fields.size)}`);
  if (status === 503) headers.set("Retry-After", "5");
  if (status === 429) headers.set("Retry-After", String(fields.retryAfterSeconds));
  if (isChatPath(path)) return new Response(JSON.stringify(chatFail(refusal)), { status, headers });
  const main = { code: status, error, message };
  // Twice: the first puts them in front, the second keeps fields from overwriting them.
  return new Response(JSON.stringify({ ...main, ...fields, ...main }), { status, headers });
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\ncaused by ${describe(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}

/** What a refusal has to know of its request. */
export function refusedOf(c: Context<AppEnv>): Refused {
  return { requestId: c.get("requestId"), path: c.req.path };
}

/** The reply to a path or method that no route has. */
export function unknownRoute(c: Context): BoxcarError {
  const message = `There is no ${c.req.method} ${c.req.path.slice(0, 128)}. GET /docs shows all calls.`;
  return new BoxcarError("unknown_route", 404, message);
}
