import type { Context, MiddlewareHandler } from "hono";
import type { AccessConfig } from "../../config/access-config.ts";
import { RateLimit } from "../../auth/rate-limit.ts";
import type { Release, SlotClient, Slots } from "../../auth/slots.ts";
import { nextTurn } from "../../base/breather.ts";
import { BoxcarError } from "../../base/errors.ts";
import type { Turn } from "../../base/fair-queue.ts";
import type { Clock, HoldMemory } from "../../base/ports.ts";
import { waitingLists } from "../at-once.ts";
import type { AppEnv } from "../context.ts";

/** Limits of rates and of what runs at once. A server without tokens serves its own machine, and has no rates. */

/** Seconds after which a client may try again that found all slots in use. */
const slotRetrySeconds = 5;
/** Bytes of a plan that is not counted: most are smaller, and no more of them are kept than there are slots. */
const SMALL_PLAN = 256 << 10;
/** Bytes in steps of which the memory of uploads is counted, the first one not: most need no more. */
const MEMORY_STEP = 1 << 20;
/** The same of replies: the system takes so much of one at once. */
const REPLY_STEP = 64 << 10;

/** The turn of a request in a queue. */
export function turnOf(c: Context<AppEnv>): Turn {
  return { client: clientOf(c).name, signal: c.req.raw.signal };
}

/** Who counts as one client: guests by their address, callers with a token by both. */
function clientOf(c: Context<AppEnv>): SlotClient {
  const { kind, id } = c.get("caller");
  const known = kind === "token" || kind === "jwt";
  return { name: known ? `${c.get("client")} ${kind} ${id}` : c.get("client"), known };
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
  throw new BoxcarError("too_many_requests", message, { retryAfterSeconds: seconds });
}

/**
 * Takes a slot for the time of a request, and of its streamed reply.
 * @throws BoxcarError `too_many_downloads` (429), `too_many_uploads` (429)
 */
export function atOnce(kind: "downloads" | "uploads"): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const slots = c.get("slots")[kind];
    const release = slots.take(clientOf(c));
    if (release === undefined) throw tooManyAtOnce(kind, slots);
    c.set("release", release);
    try {
      await next();
    } finally {
      takeOver(c)(); // nothing when a streamed reply has taken it over
    }
  };
}

/** Takes over what the request holds: its slot, and what is counted with it. Returns what gives it back. */
export function takeOver(c: Context<AppEnv>): Release {
  const releases: (Release | undefined)[] = [];
  // No callback that knows the request: it would live as long as what is returned.
  for (const name of ["releasePlan", "releaseMemory", "release"] as const) {
    releases.push(c.get(name));
    c.set(name, undefined);
  }
  return () => {
    for (const release of releases) release?.();
  };
}

/**
 * Waits until it is the client's turn to be answered with a page of a list; nothing is made for one that has gone.
 * @throws BoxcarError `busy` (429), `client_gone` (499)
 */
export const listedInTurn: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { lists } = c.get("slots");
  const leave = await lists.enter(turnOf(c));
  if (leave === undefined) {
    const message = `${String(lists.waiting)} lists wait to be made, as many as may, ${String(waitingLists.waitingPerClient)} of one client. Ask again in a moment.`;
    throw new BoxcarError("busy", message, { retryAfterSeconds: slotRetrySeconds });
  }
  c.set("leaveLists", leave);
  try {
    await nextTurn(); // requests that came meanwhile go first
    await next();
  } finally {
    leave();
  }
};

/**
 * Counts a plan as in memory for as long as the request holds its slot, or until it has another one: a reload that waits makes
 * a playlist each time that the stream has grown.
 * @throws BoxcarError `too_many_plans` (429)
 */
export function holdPlan(c: Context<AppEnv>, { weight }: { readonly weight: number }): void {
  c.get("releasePlan")?.();
  c.set("releasePlan", undefined);
  if (weight <= SMALL_PLAN) return;
  const { plans } = c.get("slots");
  const release = plans.take(clientOf(c), weight);
  if (release === undefined) throw tooManyPlans(plans, weight);
  c.set("releasePlan", release);
}

/** Counts what an upload keeps in memory for as long as the request holds its slot: it needs most of it until its end. */
export function memoryOf(c: Context<AppEnv>): HoldMemory {
  const { hold, release } = heldMemory(c);
  c.set("releaseMemory", release);
  return hold;
}

/** What is counted as in memory until `release`. */
interface Held {
  readonly hold: HoldMemory;
  readonly release: Release;
}

/** Counts what an upload keeps in memory until `release`: it goes on when the request is answered. */
export function heldMemory(c: Context<AppEnv>): Held {
  return heldIn(c.get("slots").uploadBytes, MEMORY_STEP, clientOf(c), tooMuchMemory);
}

/** Counts the bytes of a reply until `release`. @throws BoxcarError `busy` (429), by `hold` */
export function heldReply(c: Context<AppEnv>): Held {
  return heldIn(c.get("slots").replyBytes, REPLY_STEP, clientOf(c), tooMuchToTake);
}

function heldIn(slots: Slots, step: number, client: SlotClient, refusal: (slots: Slots, bytes: number) => Error): Held {
  const releases: Release[] = [];
  let held = step;
  const hold = (bytes: number): void => {
    if (bytes <= held) return;
    const more = Math.ceil((bytes - held) / step) * step;
    const release = slots.take(client, more);
    if (release === undefined) throw refusal(slots, held + more);
    held += more;
    releases.push(release);
  };
  const release = (): void => {
    for (const one of releases.splice(0)) one();
  };
  return { hold: Object.assign(hold, { client: client.name }), release };
}

function tooMuchMemory({ limit, perClient }: Slots, bytes: number): BoxcarError {
  const message = `This upload needs ${String(bytes)} bytes of memory until it is whole, and those that run may have ${String(limit)}, of one client ${String(perClient)}. Try again when others are through, send shorter segments or parts, or raise BOXCAR_UPLOAD_MEMORY.`;
  return new BoxcarError("too_many_uploads", message, { retryAfterSeconds: slotRetrySeconds });
}

function tooMuchToTake({ limit, perClient }: Slots): BoxcarError {
  const message = `Replies that their clients have not read yet take as much memory as they may: ${String(limit)} bytes, of one client ${String(perClient)}. Read those that you have asked for, ask for smaller pages (pageSize), or try again in a moment.`;
  return new BoxcarError("busy", message, { retryAfterSeconds: slotRetrySeconds });
}

function tooManyPlans({ limit, perClient }: Slots, weight: number): BoxcarError {
  const message = `The plan of this download takes ${String(weight)} bytes, and those that run may have ${String(limit)}, of one client ${String(perClient)}. Try again when others are through, ask for a shorter range, or raise BOXCAR_PLAN_MEMORY.`;
  return new BoxcarError("too_many_plans", message, { retryAfterSeconds: slotRetrySeconds });
}

const TOO_MANY = { downloads: "too_many_downloads", uploads: "too_many_uploads" } as const;

function tooManyAtOnce(kind: "downloads" | "uploads", { limit, perClient, kept }: Slots): BoxcarError {
  const shares = `${String(perClient)} of one client, ${String(limit - kept)} of clients without a token`;
  const message = `At most ${String(limit)} ${kind} run at once, ${shares}. Try again in a moment.`;
  return new BoxcarError(TOO_MANY[kind], message, { retryAfterSeconds: slotRetrySeconds });
}
