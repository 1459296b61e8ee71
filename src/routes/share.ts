import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { BoxcarError } from "../errors.ts";
import { formatTime, parseDuration } from "../time.ts";
import type { AppContext, AppEnv } from "./context.ts";

/** Signed links: for media elements, which cannot send a token, and for handing on. */

const secondMs = 1000;
const defaultLifetime = "24h";

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
    qr: z.string().openapi({ description: "A signed link to the QR code of `url`." }),
  })
  .openapi("SharedLink");

/**
 * Signs a link, and one to its QR code.
 * @param path percent-encoded
 * @param lifetime as a query states it
 * @throws BoxcarError `not_available` (501), `lifetime_too_long` (400), `bad_duration` (400)
 */
export async function share(
  c: Context<AppEnv>,
  { links, config, clock }: AppContext,
  path: string,
  query: Readonly<Record<string, string | undefined>>,
  lifetime = defaultLifetime,
): Promise<z.infer<typeof sharedLink>> {
  const { longestLinkSeconds } = config.access;
  const lifetimeMs = parseDuration(lifetime, "lifetime");
  if (lifetimeMs > longestLinkSeconds * secondMs) {
    const message = `A link may be valid for at most ${String(longestLinkSeconds)} seconds (BOXCAR_LINK_LIFETIME).`;
    throw new BoxcarError("lifetime_too_long", 400, message, { longestSeconds: longestLinkSeconds });
  }
  const expiresMs = Math.floor((clock() + lifetimeMs) / secondMs) * secondMs;
  const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const origin = config.publicUrl ?? new URL(c.req.url).origin;
  const url = origin + (await links.sign(path, new URLSearchParams(given), expiresMs));
  const qr = origin + (await links.sign("/api/chat/qrcode", new URLSearchParams({ text: url }), expiresMs));
  return { url, expires: formatTime(expiresMs), qr };
}
