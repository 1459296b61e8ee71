import type { Context, MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import { BoxcarError } from "../../base/errors.ts";
import type { AppContext, AppEnv } from "../context.ts";
import { spanning } from "../schema/parameters.ts";

/**
 * Logs every request, and once more as `audit` each one that may have changed something or was refused to its caller.
 * The query is never logged: it may hold the signature of a link.
 */
export function logRequests({ log, clock, metrics }: AppContext): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const startedMs = clock();
    await next();
    const { method, path } = c.req;
    const requestId = c.get("requestId");
    const sent = c.get("sent");
    const status = sent?.status ?? c.res.status;
    const route = routeOf(c);
    const audit = isAudited(c, route, status) ? { ...auditOf(c, status), method, path, status, requestId } : undefined;
    const tell = (): void => {
      const ms = clock() - startedMs;
      metrics.requests.add({ method: knownMethod(method), route, status: String(status) });
      metrics.requestSeconds.observe(ms / 1000, { route });
      const bytes = sent === undefined ? {} : { bytes: sent.bytes };
      log("info", "request", { method, path, status, ms, ...bytes, requestId });
      if (audit !== undefined) log("info", "audit", audit);
    };
    if (sent === undefined) tell();
    else void sent.over.then(tell);
  };
}

/** Reading is safe (RFC 9110 section 9.2.1) in all calls; what no route takes changes nothing. */
function isAudited(c: Context<AppEnv>, route: string, status: number): boolean {
  const safe = ["GET", "HEAD", "OPTIONS"].includes(c.req.method);
  return c.get("handsOn") === true || (!safe && route !== noRoute) || status === 401 || status === 403;
}

/** Who asked for what, and how it ended. */
function auditOf(c: Context<AppEnv>, status: number): Record<string, unknown> {
  const caller = c.get("caller") as AppEnv["Variables"]["caller"] | undefined; // absent when not even that is known
  const outcome = c.error instanceof BoxcarError ? c.error.code : status < 400 ? "done" : "failed";
  return {
    outcome,
    caller: caller?.name ?? "unknown",
    kind: caller?.kind ?? "unknown",
    client: c.get("client"),
    scope: c.get("scope"),
    streamPath: c.get("streamPath"),
  };
}

const noRoute = "none";

/** The pattern of the route that answered: a small set, unlike paths. */
function routeOf(c: Context<AppEnv>): string {
  const pattern = routePath(c, -1);
  return pattern === "/*" ? noRoute : pattern.replace(spanning, "");
}

function knownMethod(method: string): string {
  return ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].includes(method) ? method : "other";
}
