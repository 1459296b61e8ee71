import type { MiddlewareHandler } from "hono";
import { BoxcarError } from "../errors.ts";

const open = new Set(["/", "/healthz", "/readyz", "/openapi.json", "/docs"]);

/**
 * Lets a request pass when it brings the token. Health and documentation are open. Without a token the server is for
 * its own machine; then web pages of other origins may not change anything through a browser on it.
 * @throws BoxcarError `unauthorized` (401), `cross_origin` (403)
 */
export function access(token: string | undefined): MiddlewareHandler {
  return async (c, next) => {
    if (token === undefined) refuseOtherOrigins(c.req.raw);
    else if (!open.has(c.req.path) && !c.req.path.startsWith("/docs/")) {
      const given = /^Bearer +(\S+) *$/i.exec(c.req.header("authorization") ?? "")?.[1] ?? "";
      if (!(await sameText(given, token))) {
        const message = "This needs the token of the server. Send it as Authorization: Bearer TOKEN.";
        throw new BoxcarError("unauthorized", 401, message);
      }
    }
    await next();
  };
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
