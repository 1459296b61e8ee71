import type { Context } from "hono";
import { TrieRouter } from "hono/router/trie-router";
import { statusOf } from "../../base/error-codes.ts";
import { BoxcarError } from "../../base/errors.ts";
import type { Log } from "../../base/ports.ts";
import { prefersChinese } from "./chinese.ts";
import { chatFail, chatStatus, isChatPath } from "./envelope.ts";
import type { AppEnv } from "../context.ts";

/**
 * How errors become replies: `{code, error, message, ...fields}` with `code` the HTTP status; calls of the chat front
 * end have its envelope.
 */

export interface Refused {
  readonly requestId: string;
  readonly path: string;
  /** Whether who asked reads Chinese, where people read refusals. */
  readonly chinese?: boolean;
  /** Fields that middleware has set. */
  readonly headers: Headers;
}

/** What this server cannot do, or has not yet: the reply says all of it, and whoever asks again and again would fill the log. */
const unlogged: ReadonlySet<string> = new Set(["not_available", "not_yet"]);

/**
 * The reply to a refused or failed request. A defect answers 500 without any detail but the request id, under which
 * the log has the rest.
 */
export function refusalReply(error: unknown, request: Refused, log: Log): Response {
  const { requestId } = request;
  if (!(error instanceof BoxcarError)) {
    log("error", "request failed", { requestId, error: describe(error) });
    const message = `boxcar failed on this request. Its log says why under the request id ${requestId}.`;
    return reply(new BoxcarError("internal", message, { requestId }), request);
  }
  if (statusOf(error) >= 500 && !unlogged.has(error.code))
    log("warn", "request refused", { requestId, error: describe(error) });
  return reply(error.code === "store_failed" ? storeFailed(requestId) : error, request);
}

/** What a store or the network says names machines, folders and accounts: that is for the log. */
function storeFailed(requestId: string): BoxcarError {
  const message = `The store does not work at the moment. Try again; the server's log says why under the request id ${requestId}.`;
  return new BoxcarError("store_failed", message, { requestId });
}

function reply(refusal: BoxcarError, { requestId, path, chinese = false, headers: prepared }: Refused): Response {
  const { code, message, fields } = refusal;
  const status = isChatPath(path) ? chatStatus(statusOf(refusal)) : statusOf(refusal);
  const headers = new Headers(prepared);
  headers.set("Content-Type", "application/json");
  headers.set("Cache-Control", "no-store");
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("X-Request-Id", requestId);
  const challenge = challengeOf(refusal);
  if (challenge !== undefined) headers.set("WWW-Authenticate", challenge);
  if (Array.isArray(fields.allow)) headers.set("Allow", fields.allow.join(", "));
  if (status === 416) headers.set("Content-Range", `bytes */${String(fields.size)}`);
  if (status === 503) headers.set("Retry-After", "5");
  if (typeof fields.retryAfterSeconds === "number") headers.set("Retry-After", String(fields.retryAfterSeconds));
  if (isChatPath(path)) return new Response(JSON.stringify(chatFail(refusal, chinese)), { status, headers });
  const main = { code: status, error: code, message };
  // Twice: the first puts them in front, the second keeps fields from overwriting them.
  return new Response(JSON.stringify({ ...main, ...fields, ...main }), { status, headers });
}

/** RFC 6750 section 3: what the client should bring. */
function challengeOf(refusal: BoxcarError): string | undefined {
  const { code, fields } = refusal;
  const realm = 'Bearer realm="boxcar"';
  if (code === "invalid_token") return `${realm}, error="invalid_token"`;
  if (code === "forbidden") return `${realm}, error="insufficient_scope", scope="${String(fields.scope)}"`;
  return statusOf(refusal) === 401 ? realm : undefined;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\ncaused by ${describe(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}

/** What a refusal has to know of its request. @param language of refusals that people read, unless a request asks for Chinese */
export function refusedOf(c: Context<AppEnv>, language: "en" | "zh"): Refused {
  return {
    chinese: language === "zh" || prefersChinese(c.req.header("accept-language")),
    requestId: c.get("requestId"),
    path: c.req.path,
    headers: c.finalized ? new Headers() : c.newResponse(null).headers,
  };
}

/**
 * Makes the refusals of requests that no route takes: 405 where the path has other methods (RFC 9110 section 15.5.6), else
 * 404.
 * @param routes all routes, by the time of the first such request
 */
export function missingRoutes(routes: Routes): (c: Context) => BoxcarError {
  let router: TrieRouter<string> | undefined;
  return (c) => {
    const { method, path } = c.req;
    const shown = path.slice(0, 128);
    const [matched] = (router ??= methodRouter(routes)).match("ALL", path);
    const allow = [...new Set(matched.map(([name]) => name))];
    if (allow.length === 0 || allow.includes(method)) {
      const message = `There is no ${method} ${shown}. GET /docs shows all calls.`;
      return new BoxcarError("unknown_route", message);
    }
    const message = `${shown} has no ${method}; it has ${allow.join(", ")}. GET /docs shows all calls.`;
    return new BoxcarError("method_not_allowed", message, { allow });
  };
}

type Routes = readonly { readonly method: string; readonly path: string }[];

/** Finds the methods that routes have for a path; `HEAD` comes with `GET`. */
function methodRouter(routes: Routes): TrieRouter<string> {
  const router = new TrieRouter<string>();
  for (const { method, path } of routes) {
    if (method === "ALL") continue; // middleware
    router.add("ALL", path, method);
    if (method === "GET") router.add("ALL", path, "HEAD");
  }
  return router;
}
