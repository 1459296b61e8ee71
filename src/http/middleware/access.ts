import type { Context, MiddlewareHandler } from "hono";
import { ownerOf } from "../../auth/caller.ts";
import type { Identification } from "../../auth/identify.ts";
import { BoxcarError } from "../../base/errors.ts";
import { allows, patternsOf, type Scope } from "../../base/scopes.ts";
import { checkStreamPath } from "../../base/stream-path.ts";
import { readFileName, streamsPath } from "../../deliver/media-names.ts";
import type { AppEnv } from "../context.ts";

/**
 * Who may do what. `identify` finds out who sends a request, once, ahead of all routes; each route then has one guard,
 * `need`, `needSome` or `anyone`. `checkGuards` keeps a route without one from being served.
 */

/** Pictures that the chat front end shows by a URL with its token, as an image element can send nothing else. */
const tokenInUrl = "/api/chat/groupQrcode/";

/** Marks the handlers that guard a route. */
const guards = Symbol("guards");

/**
 * Finds out who sends a request.
 * @param ownSignatures paths whose routes read the `Authorization` field in their own way
 * @throws BoxcarError as `Identification.callerOf` does
 */
export function identify(identification: Identification, ownSignatures: readonly string[]): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { method, path } = c.req;
    const authorization = ownSignatures.includes(path) ? undefined : c.req.header("authorization");
    const token = c.req.header("token") ?? (path.startsWith(tokenInUrl) ? c.req.query("token") : undefined);
    const signed = signedPath(path);
    c.set(
      "caller",
      await identification.callerOf({ method, authorization, token, path: signed, query: () => queryOf(c) }),
    );
    await next();
  };
}

/** What the signature of a link covers: of media segments, which are many, their stream's folder; what of it, the query says. */
function signedPath(path: string): string {
  if (!path.startsWith(streamsPath)) return path;
  const found = readFileName(path.slice(streamsPath.length));
  return found === undefined || found.file.kind === "playlist" ? path : `${streamsPath}${found.streamPath}/`;
}

/** Directives that players of HLS add to URLs (RFC 8216bis section 6.2.5) are not signed. */
const deliveryDirectives = "_HLS_";

function queryOf(c: Context<AppEnv>): [string, string][] {
  return Object.entries(c.req.queries())
    .filter(([name]) => !name.startsWith(deliveryDirectives))
    .flatMap(([name, values]) => values.map((value): [string, string] => [name, value]));
}

/** Guard of a route that is open to anyone. */
export const anyone: MiddlewareHandler<AppEnv> = guard(() => undefined);

/**
 * Guard of a route that needs a scope.
 * @param streamPathOf the stream the call is about, from the request; without it the call is about no stream, and a
 *   permission for certain streams is not enough
 * @throws BoxcarError `unauthorized` (401), `forbidden` (403), `unknown_host` (421), `cross_origin` (403), and as `streamPathOf` does
 */
export function need(scope: Scope, streamPathOf?: (c: Context<AppEnv>) => string): MiddlewareHandler<AppEnv> {
  return guard((c) => {
    checkSome(c, scope); // a caller without any permission learns nothing about what would be wrong besides
    authorize(c, scope, streamPathOf?.(c));
  });
}

/**
 * Guard of a route whose handler finds the streams itself, in a body or in the catalog: the caller needs the scope for
 * at least some streams. The handler calls `authorize` for each stream, narrows its answer with `readable` or `granted`, or
 * says `needsNone`; the reply of one that did none of these is never sent.
 */
export function needSome(scope: Scope): MiddlewareHandler<AppEnv> {
  const handler: MiddlewareHandler<AppEnv> = async (c, next) => {
    checkSome(c, scope);
    await next();
    if (c.error === undefined && c.get("narrowed") !== true)
      throw new Error(`${c.req.method} ${c.req.path} did not ask for which streams the caller has the scope ${scope}`);
  };
  return Object.assign(handler, { [guards]: true });
}

/** Says that what a request asks for needs no permission beyond that of its guard. */
export function needsNone(c: Context<AppEnv>): void {
  c.set("narrowed", true);
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
  checkSome(c, scope);
  c.set("narrowed", true);
  c.set("streamPath", streamPath);
  if (allows(c.get("caller").grants, scope, streamPath)) return;
  const message =
    streamPath === undefined
      ? `This needs the scope ${scope} for all streams; the credentials have it for some only.`
      : `The credentials do not have the scope ${scope} for ${streamPath}.`;
  throw refusalOf(c, scope, message);
}

/**
 * To whom a segment's upload belongs. The one caller of an open server is nobody: what was uploaded before owners were
 * told apart stays that caller's.
 */
export function segmentOwner(c: Context<AppEnv>): string {
  const caller = c.get("caller");
  return caller.kind === "local" ? "" : ownerOf(caller);
}

/** For whom a source counts that the caller sets or starts; empty: an administrator, or the one caller of an open server. */
export function sourceOwner(c: Context<AppEnv>): string {
  const caller = c.get("caller");
  return allows(caller.grants, "admin", undefined) ? "" : ownerOf(caller);
}

/** Patterns of the streams the caller may read; `*` stands for any run of characters, slashes included. */
export function readable(c: Context<AppEnv>): string[] {
  return grantedPatterns(c, "read");
}

/** Patterns of the streams for which the caller has a scope, as `readable` gives them. */
export function grantedPatterns(c: Context<AppEnv>, scope: Scope): string[] {
  c.set("narrowed", true);
  return patternsOf(c.get("caller").grants, scope);
}

/** For which streams the caller has a scope. */
export function granted(c: Context<AppEnv>, scope: Scope): (streamPath: string) => boolean {
  c.set("narrowed", true);
  const { grants } = c.get("caller");
  return (streamPath) => allows(grants, scope, streamPath);
}

function checkSome(c: Context<AppEnv>, scope: Scope): void {
  c.set("scope", scope);
  const { kind, grants } = c.get("caller");
  if (patternsOf(grants, scope).length === 0)
    throw refusalOf(c, scope, `This needs the scope ${scope}, which the credentials do not have.`);
  if (kind === "guest") c.get("checkPage")();
}

/** Who brought no credentials may bring some; who did lacks a scope. */
function refusalOf(c: Context<AppEnv>, scope: Scope, message: string): BoxcarError {
  if (c.get("caller").kind !== "guest") return new BoxcarError("forbidden", message, { scope });
  const wanted = `This needs a token with the scope ${scope}. Send it as Authorization: Bearer TOKEN.`;
  return new BoxcarError("unauthorized", wanted);
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
  const isMiddleware = (method: string, path: string): boolean => method === "ALL" && path === "/*";
  const missing = routes.filter(({ method, path }) => !isMiddleware(method, path) && !guarded.has(method + path));
  if (missing.length === 0) return;
  const names = [...new Set(missing.map(({ method, path }) => `${method} ${path}`))].join(", ");
  throw new Error(`no guard says who may call ${names}: give it need, needSome or anyone`);
}
