import type { Context, MiddlewareHandler } from "hono";
import { everything, type Caller } from "../auth/caller.ts";
import { BoxcarError } from "../errors.ts";
import { allows, patternsOf, type Scope } from "../scopes.ts";
import { checkStreamPath } from "../stream-path.ts";
import type { AppEnv } from "./context.ts";

/**
 * Who may do what. `identify` finds out who sends a request, once, ahead of all routes; each route then has one guard,
 * `need`, `needSome` or `anyone`. `checkGuards` keeps a route without one from being served.
 */

/** Marks the handlers that guard a route. */
const guards = Symbol("guards");

const nobody: Caller = { kind: "guest", name: "guest", grants: [] };

/**
 * Finds out who sends a request. Without a token the server is for its own machine: then anyone may do everything, but
 * web pages of other origins may not change anything through a browser on it.
 * @throws BoxcarError `unauthorized` (401), `cross_origin` (403)
 */
export function identify(token: string | undefined): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    c.set("caller", await callerOf(c.req.raw, token));
    await next();
  };
}

async function callerOf(request: Request, token: string | undefined): Promise<Caller> {
  if (token === undefined) {
    refuseOtherOrigins(request);
    return { kind: "local", name: "local", grants: everything };
  }
  const authorization = request.headers.get("authorization");
  if (authorization === null) return nobody;
  const given = /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? "";
  if (await sameText(given, token)) return { kind: "token", name: "BOXCAR_TOKEN", grants: everything };
  throw unauthorized("This is not a token of the server.");
}

/** Guard of a route that is open to anyone. */
export const anyone: MiddlewareHandler<AppEnv> = guard(() => undefined);

/**
 * Guard of a route that needs a scope.
 * @param streamPathOf the stream the call is about, from the request; without it the call is about no stream, and a
 *   permission for certain streams is not enough
 * @throws BoxcarError `unauthorized` (401), `forbidden` (403), and as `streamPathOf` does
 */
export function need(scope: Scope, streamPathOf?: (c: Context<AppEnv>) => string): MiddlewareHandler<AppEnv> {
  return guard((c) => {
    checkSome(c, scope); // a caller without any permission learns nothing about what would be wrong besides
    authorize(c, scope, streamPathOf?.(c));
  });
}

/**
 * Guard of a route whose handler finds the streams itself, in a body or in the catalog: the caller needs the scope for
 * at least some streams. The handler must call `authorize` for each stream, or narrow its answer with `readable`.
 */
export function needSome(scope: Scope): MiddlewareHandler<AppEnv> {
  return guard((c) => {
    checkSome(c, scope);
  });
}

/** `streamPathOf` for a route with `{streamPath}` in its path. */
export function streamPathInPath(c: Context<AppEnv>): string {
  return checkStreamPath(c.req.param("streamPath") ?? "");
}

/**
 * Checks that the caller has a scope for a stream, or, without one, for calls about no stream.
 * @param streamPath checked by `checkStreamPath`
 * @throws BoxcarError `unauthorized` (401), `forbidden` (403)
 */
export function authorize(c: Context<AppEnv>, scope: Scope, streamPath: string | undefined): void {
  const { grants } = c.get("caller");
  if (allows(grants, scope, streamPath)) return;
  checkSome(c, scope);
  const message =
    streamPath === undefined
      ? `This needs the scope ${scope} for all streams; the credentials have it for some only.`
      : `The credentials do not have the scope ${scope} for ${streamPath}.`;
  throw forbidden(scope, message);
}

/** Patterns of the streams the caller may read; `*` stands for any run of characters, slashes included. */
export function readable(c: Context<AppEnv>): string[] {
  return patternsOf(c.get("caller").grants, "read");
}

function checkSome(c: Context<AppEnv>, scope: Scope): void {
  const { kind, grants } = c.get("caller");
  if (patternsOf(grants, scope).length > 0) return;
  if (kind === "guest")
    throw unauthorized(`This needs a token with the scope ${scope}. Send it as Authorization: Bearer TOKEN.`);
  throw forbidden(scope, `This needs the scope ${scope}, which the credentials do not have.`);
}

function unauthorized(message: string): BoxcarError {
  return new BoxcarError("unauthorized", 401, message);
}

function forbidden(scope: Scope, message: string): BoxcarError {
  return new BoxcarError("forbidden", 403, message, { scope });
}

function guard(check: (c: Context<AppEnv>) => void): MiddlewareHandler<AppEnv> {
  const handler: MiddlewareHandler<AppEnv> = async (c, next) => {
    check(c);
    await next();
  };
  return Object.assign(handler, { [guards]: true });
}

/**
 * Checks that every route has a guard: what nobody thought about is not served.
 * @throws Error naming those without
 */
export function checkGuards(routes: readonly { method: string; path: string; handler: object }[]): void {
  const guarded = new Set(routes.filter(({ handler }) => guards in handler).map(({ method, path }) => method + path));
  const missing = routes.filter(({ method, path }) => method !== "ALL" && !guarded.has(method + path));
  if (missing.length === 0) return;
  const names = [...new Set(missing.map(({ method, path }) => `${method} ${path}`))].join(", ");
  throw new Error(`no guard says who may call ${names}: give it need, needSome or anyone`);
}

function refuseOtherOrigins({ method, headers, url }: Request): void {
  const origin = headers.get("origin");
  if (method === "GET" || method === "HEAD" || origin === null) return;
  // Hosts, not origins: a proxy in front may add TLS.
  if (URL.canParse(origin) && new URL(origin).host === new URL(url).host) return;
  const message = "A web page of another origin may not change anything here. Set BOXCAR_TOKEN and send it.";
  throw new BoxcarError("cross_origin", 403, message);
}

/** Compares in a time that does not depend on where the texts differ: digests of equal length, to the last byte. */
async function sameText(a: string, b: string): Promise<boolean> {
  const digest = async (text: string): Promise<Uint8Array> =>
    new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  const [x, y] = await Promise.all([digest(a), digest(b)]);
  return x.reduce((difference, byte, i) => difference | (byte ^ (y[i] ?? 0)), 0) === 0;
}
