import type { Context, MiddlewareHandler } from "hono";
import { ClientAddresses } from "../../auth/client-address.ts";
import { BoxcarError } from "../../base/errors.ts";
import type { AppEnv, AppPlatform } from "../context.ts";

/**
 * Notes the address of the client, and the origin under which it reached the server: that of the request's URL, unless a
 * trusted proxy states another in `X-Forwarded-Proto` and `X-Forwarded-Host`. Without such a URL the origin is empty.
 */
export function noteClient(platform: AppPlatform): MiddlewareHandler<AppEnv> {
  const addresses = new ClientAddresses(platform.config.access.trustedProxies);
  return async (c, next) => {
    const peer = platform.peerAddress?.(c.env, c.req.raw);
    c.set("client", addresses.of(peer, c.req.header("x-forwarded-for")));
    const origin = URL.canParse(c.req.url) ? new URL(c.req.url).origin : undefined;
    const reached = addresses.trusts(peer) && origin !== undefined ? forwardedOrigin(c, origin) : (origin ?? "");
    c.set("origin", reached);
    c.set("publicOrigin", platform.config.publicUrl ?? reached);
    await next();
  };
}

/** Refuses a request that has no URL, once it is counted. @throws BoxcarError `bad_url` (400) */
export const refuseWithoutUrl: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (c.get("origin") !== "") return next();
  const message =
    "The Host field and the target of the request make no URL. Send the name or address of the server as Host, and a path.";
  throw new BoxcarError("bad_url", message);
};

function forwardedOrigin(c: Context<AppEnv>, origin: string): string {
  const own = new URL(origin);
  const protocol = lastOf(c.req.header("x-forwarded-proto")) ?? own.protocol.slice(0, -1);
  const host = lastOf(c.req.header("x-forwarded-host")) ?? own.host;
  const stated = `${protocol.toLowerCase()}://${host}`;
  const isOrigin = /^https?:\/\/[^/?#@\\]+$/.test(stated) && URL.canParse(stated);
  return isOrigin ? new URL(stated).origin : origin;
}

/** The nearest proxy's value among those of several. */
function lastOf(field: string | undefined): string | undefined {
  const value = field?.slice(field.lastIndexOf(",") + 1).trim();
  return value === "" ? undefined : value;
}
