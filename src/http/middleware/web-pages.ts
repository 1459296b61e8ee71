import type { Context, MiddlewareHandler } from "hono";
import type { AccessConfig } from "../../config/access-config.ts";
import { BoxcarError } from "../../base/errors.ts";
import type { Log } from "../../base/ports.ts";
import type { AppEnv } from "../context.ts";

/**
 * What web pages can do through the browsers of people who reach the server. A page cannot present credentials that it does not have, so
 * this is about callers without any: all of an open server, and guests where they may do something.
 */

/** What a proxy adds to the requests that it passes on. */
const forwardedFields = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via"];

/**
 * Prepares the check of who asks without credentials (`checkPage`), which guards make where a guest may do something, and makes
 * it at once on an open server. An open server is asked by its own machine alone: a proxy would let everyone in.
 * @param host the address that the server listens on
 * @throws BoxcarError `unknown_host` (421), `cross_origin` (403), `behind_proxy` (403)
 */
export function protectFromPages(access: AccessConfig, host: string, log: Log): MiddlewareHandler<AppEnv> {
  const { open, corsOrigins } = access;
  const names = new Set([host, "localhost", ...access.hosts]);
  // On an open server anyone may delete: pages that may do so are listed by name.
  const origins = corsOrigins.filter((origin) => !open || origin !== "*");
  let warned = false;
  return async (c, next) => {
    const checkPage = (): void => {
      refuseOtherHosts(new URL(c.get("origin")), names);
      if (!isSafe(c.req.method)) refuseOtherOrigins(c, origins, access.hosts);
    };
    c.set("checkPage", checkPage);
    if (open) {
      const proxied = forwardedFields.some((name) => c.req.header(name) !== undefined);
      if (proxied && !warned) log("warn", "a server without tokens is asked through a proxy, which lets everyone in");
      warned ||= proxied;
      if (proxied && !isSafe(c.req.method)) throw behindProxy();
      checkPage();
    }
    await next();
  };
}

/**
 * Says which pages may show a reply in their own context (Fetch, `Cross-Origin-Resource-Policy`): of a signed link all, since it is
 * given away to be shown; of what callers without credentials read all, once any other origin may call; else only the server's own.
 * What pages fetch by CORS does not depend on it. Routes may say otherwise.
 */
export function setResourcePolicy({ corsOrigins }: AccessConfig): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { kind, grants } = c.get("caller");
    const needsNone = (kind === "guest" || kind === "local") && grants.length > 0;
    if (kind === "link" || (needsNone && corsOrigins.length > 0)) c.header(resourcePolicy, "cross-origin");
    await next();
  };
}

/** The field that says which pages may show a reply. */
export const resourcePolicy = "Cross-Origin-Resource-Policy";

function isSafe(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

/** A page can make its own name point to any address, but not an address, and nothing that TLS has proven. */
function refuseOtherHosts({ hostname, protocol }: URL, names: ReadonlySet<string>): void {
  const isAddress = /^(\[.*\]|[\d.]+)$/.test(hostname);
  if (isAddress || protocol === "https:" || names.has(hostname) || hostname.endsWith(".localhost")) return;
  const message =
    "Callers without credentials are answered under localhost, addresses and configured names only. Name the server in BOXCAR_PUBLIC_URL or BOXCAR_HOSTS.";
  throw new BoxcarError("unknown_host", message);
}

/** A page's browser says where a request comes from in `Sec-Fetch-Site`, older ones in `Origin` alone; programs say nothing. */
function refuseOtherOrigins(c: Context<AppEnv>, allowed: readonly string[], names: readonly string[]): void {
  const origin = c.req.header("origin");
  const site = c.req.header("sec-fetch-site");
  if (origin !== undefined && (allowed.includes(origin) || allowed[0] === "*")) return;
  if (site === "same-origin" || site === "none") return;
  if (site === undefined && (origin === undefined || isOwn(origin, c, names))) return;
  const message =
    "A web page of another origin may not change anything here. List it in BOXCAR_CORS_ORIGINS to allow it.";
  throw new BoxcarError("cross_origin", message);
}

/** Hosts, not origins: a proxy in front may add TLS, and may not say so. */
function isOwn(origin: string, c: Context<AppEnv>, names: readonly string[]): boolean {
  if (!URL.canParse(origin)) return false;
  const { host, hostname } = new URL(origin);
  return host === new URL(c.get("origin")).host || names.includes(hostname);
}

function behindProxy(): BoxcarError {
  const message =
    "A server without tokens serves its own machine and changes nothing for a proxy, which would let everyone do so. Set BOXCAR_TOKEN.";
  return new BoxcarError("behind_proxy", message);
}
