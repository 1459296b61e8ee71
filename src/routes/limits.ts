import type { Context, MiddlewareHandler } from "hono";
import type { AccessConfig } from "../access-config.ts";
import { RateLimit } from "../auth/rate-limit.ts";
import { Slots } from "../auth/slots.ts";
import { BoxcarError } from "../errors.ts";
import type { Clock } from "../platform.ts";
import type { AppEnv } from "./context.ts";

/** Limits of rates and of what runs at once. A server without tokens serves its own machine, and has no rates. */

/** Seconds after which a client may try again that found all slots in use. */
const slotRetrySeconds = 5;
/** One client may hold this part of all slots. */
const clientShare = 1 / 4;

/** What may run at once. */
export interface AtOnce {
  readonly downloads: Slots;
  readonly uploads: Slots;
}

/** Counts what runs at once in one app. */
export function slotsOf({ open, downloadsAtOnce, uploadsAtOnce }: AccessConfig): AtOnce {
  const slots = (limit: number): Slots => new Slots(limit, open ? limit : Math.ceil(limit * clientShare));
  return { downloads: slots(downloadsAtOnce), uploads: slots(uploadsAtOnce) };
}

/**
 * Limits the rate of a client. It runs before the caller is known, so that it also slows down who
 * tries out tokens.
 * @throws BoxcarError `too_many_requests` (429)
 */
export function limitClients({ open, clientRate }: AccessConfig, clock: Clock): MiddlewareHandler<AppEnv> {
  const rate = rateOf(open ? 0 : clientRate, clock);
  return async (c, next) => {
    if (rate !== undefined) take(c, "client", rate, c.get("client"));
    await next();
  };
}

/** Limits the rate of a token, or of a JWT's subject, over all clients. @throws BoxcarError `too_many_requests` (429) */
export function limitTokens({ open, tokenRate }: AccessConfig, clock: Clock): MiddlewareHandler<AppEnv> {
  const rate = rateOf(open ? 0 : tokenRate, clock);
  return async (c, next) => {
    const { kind, id } = c.get("caller");
    if (rate !== undefined && (kind === "token" || kind === "jwt")) take(c, "token", rate, `${kind} ${id}`);
    await next();
  };
}

function rateOf(perMinute: number, clock: Clock): RateLimit | undefined {
  return perMinute === 0 ? undefined : new RateLimit(perMinute, clock);
}

/** The fields are those of draft-ietf-httpapi-ratelimit-headers-10. */
function take(c: Context<AppEnv>, name: string, rate: RateLimit, key: string): void {
  const { granted, remaining, seconds } = rate.take(key);
  c.header("RateLimit-Policy", `"${name}";q=${String(rate.perMinute)};w=60`, { append: true });
  c.header("RateLimit", `"${name}";r=${String(remaining)};t=${String(seconds)}`, { append: true });
  if (granted) return;
  const message = `More than ${String(rate.perMinute)} requests a minute from one ${name}. Wait ${String(seconds)} seconds.`;
  throw new BoxcarError("too_many_requests", 429, message, { retryAfterSeconds: seconds });
}

/**
 * Takes a slot for the time of a request, and of its streamed reply.
 * @throws BoxcarError `too_many_downloads` (429), `too_many_uploads` (429)
 */
export function atOnce(kind: keyof AtOnce): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const slots = c.get("slots")[kind];
    const release = slots.take(c.get("client"));
    if (release === undefined) throw kind === "downloads" ? tooManyDownloads(slots) : tooManyUploads(slots);
    c.set("release", release);
    try {
      await next();
    } finally {
      if (c.get("release") === release) release(); // else a streamed reply has taken it over
    }
  };
}

function tooManyDownloads({ limit, perClient }: Slots): BoxcarError {
  const message = `At most ${String(limit)} downloads run at once, ${String(perClient)} of one client. Try again in a moment.`;
  return new BoxcarError("too_many_downloads", 429, message, { retryAfterSeconds: slotRetrySeconds });
}

function tooManyUploads({ limit, perClient }: Slots): BoxcarError {
  const message = `At most ${String(limit)} uploads run at once, ${String(perClient)} of one client. Try again in a moment.`;
  return new BoxcarError("too_many_uploads", 429, message, { retryAfterSeconds: slotRetrySeconds });
}
