import type { Context } from "hono";
import { BoxcarError } from "../../base/errors.ts";
import { formatTime, parseDuration } from "../../base/time.ts";
import type { AppContext, AppEnv } from "../context.ts";
import { timeParameters } from "../schema/parameters.ts";
import { done, success } from "../replies/replies.ts";
import * as z from "../schema/zod.ts";

/** Signed links: for media elements, which cannot send a token, and for handing on. */

const secondMs = 1000;
const defaultLifetime = "24h";
/** Pixels a side of a link's QR code: three a module of the longest link, for cameras. */
const qrSize = "600";

/** Query parameters of every call that a signed link may name. They are checked before the route is reached. */
export const signedLinkParameters = {
  expires: z
    .string("expected once")
    .optional()
    .openapi({ description: "End of a signed link, in seconds since 1970. Only with `signature`." }),
  signature: z.string("expected once").optional().openapi({ description: "Signature of a signed link." }),
};

/** Query parameters of a call that gives a signed link instead of its answer. */
export const shareParameters = {
  share: z
    .enum(["0", "1"], "expected 0 or 1")
    .default("0")
    .openapi({ description: "`1`: answer with a signed link to the same, and its QR code, as JSON." }),
  lifetime: z
    .string("expected once")
    .optional()
    .openapi({ description: "How long that link is valid. Default: 24h.", example: "2h" }),
};

/** Schema of what sharing answers. */
export const sharedLink = z
  .object({
    url: z.string().openapi({ description: "The link, absolute." }),
    expires: z.iso.datetime(),
    qr: z.string().nullable().openapi({
      description: "A signed link to the QR code of `url`, as PNG; null when `url` is longer than a code holds.",
    }),
    qrSvg: z.string().nullable().openapi({ description: "The same as SVG, for print." }),
  })
  .openapi("SharedLink");

/** Content of the reply to `share=1`, in the description of a route. */
export const shared = { "application/json": { schema: success(sharedLink) } };

/** What a query says of sharing. */
interface ShareQuery {
  readonly share: "0" | "1";
  readonly lifetime?: string | undefined;
}

/** Whether a signed link is asked for instead of the answer. */
export function wantsLink({ share }: ShareQuery): boolean {
  return share === "1";
}

/** What a link asks for. */
interface Shared {
  /** Percent-encoded. */
  readonly path: string;
  readonly query: Readonly<Record<string, string | undefined>>;
}

/**
 * Answers with a signed link, and one to its QR code.
 * @param same what the link asks for
 * @throws BoxcarError `not_available` (501), `lifetime_too_long` (400), `bad_duration` (400)
 */
export async function shareReply(
  c: Context<AppEnv>,
  { links, config, clock }: AppContext,
  { lifetime = defaultLifetime }: ShareQuery,
  same: Shared,
) {
  c.set("handsOn", true);
  const { longestLinkSeconds } = config.access;
  const lifetimeMs = parseDuration(lifetime, "lifetime");
  if (lifetimeMs > longestLinkSeconds * secondMs) {
    const message = `A link may be valid for at most ${String(longestLinkSeconds)} seconds (BOXCAR_LINK_LIFETIME).`;
    throw new BoxcarError("lifetime_too_long", message, { longestSeconds: longestLinkSeconds });
  }
  const expiresMs = Math.floor((clock() + lifetimeMs) / secondMs) * secondMs;
  const given = Object.entries(same.query).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const origin = c.get("publicOrigin");
  const url = origin + (await links.sign(same.path, new URLSearchParams(given), expiresMs));
  const { QR_TEXT_BYTES } = await import("../../pictures/qr-code.ts"); // no part of the start
  const code = async (shape: Record<string, string>): Promise<string | null> => {
    if (url.length > QR_TEXT_BYTES) return null;
    return origin + (await links.sign("/api/chat/qrcode", new URLSearchParams({ text: url, ...shape }), expiresMs));
  };
  const qr = await code({ size: qrSize });
  const data = { url, expires: formatTime(expiresMs), qr, qrSvg: await code({ type: "svg" }) };
  c.header("Cache-Control", "no-store");
  return c.json(done(data), 200);
}

/**
 * What a request asks for, with its times made absolute: `12:00:00` must not mean another day tomorrow.
 * @param path of the call, made from what the route has checked: the request's own may be written in other ways
 * @param times instead of all parameters of the request that say a time; undefined ones are left out
 */
export function atTimes(c: Context<AppEnv>, path: string, times: Readonly<Record<string, string | undefined>>): Shared {
  const others = Object.entries(queryOf(new URL(c.req.url))).filter(([name]) => !timeNames.includes(name));
  return { path, query: { ...Object.fromEntries(others), ...times } };
}

const timeNames = ["time", ...Object.keys(timeParameters)];

/** The request's own parameters, without those that say how it is shared. No call takes a parameter twice. */
function queryOf({ searchParams }: URL): Record<string, string> {
  const notShared = ["share", "lifetime", "expires", "signature"];
  return Object.fromEntries([...searchParams].filter(([name]) => !notShared.includes(name)));
}

/**
 * A reference from one reply to another: signed until the same moment when the caller came by a signed link.
 * @param path of the other call, percent-encoded, of the same checked stream path as this one's
 * @param expires of this request
 */
export async function sameLink(
  c: Context<AppEnv>,
  { links }: AppContext,
  path: string,
  query: string,
  expires: string | undefined,
): Promise<string> {
  if (c.get("caller").kind !== "link") return `${path}?${query}`;
  return links.sign(path, new URLSearchParams(query), Number(expires) * secondMs);
}
