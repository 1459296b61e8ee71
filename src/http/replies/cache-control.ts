import type { Context } from "hono";
import type { AppEnv } from "../context.ts";

/** `Cache-Control` of replies (RFC 9111 section 5.2.2). */

/** Seconds. */
const [DAY_S, YEAR_S] = [86_400, 31_536_000];

/** Of a reply that is asked for anew each time, whether it has changed or not. */
export function checkedEachTime(c: Context<AppEnv>): string {
  return `${visibility(c)}, no-cache`;
}

/** Of a reply that can never change. */
export function keptForGood(c: Context<AppEnv>, nowMs: number): string {
  return `${keptFor(c, YEAR_S, nowMs)}, immutable`;
}

/** Of a file that never changes, also behind a link that expires. @param isPublic whoever knows its name may read it */
export function keptFile(isPublic: boolean): string {
  return `${isPublic ? "public" : "private"}, max-age=${String(YEAR_S)}, immutable`;
}

/** Of a reply that may be kept for so many seconds; by a signed link, until the link expires at most. */
export function keptFor(c: Context<AppEnv>, seconds: number, nowMs: number): string {
  const left = c.get("caller").kind === "link" ? Number(c.req.query("expires")) - Math.floor(nowMs / 1000) : seconds;
  return `${visibility(c)}, max-age=${String(Math.max(0, Math.min(seconds, left)))}`;
}

/** Of pictures: for a day, once nothing is added any more to the time that they show. */
export function keptOnceSettled(c: Context<AppEnv>, isSettled: boolean, nowMs: number): string {
  return isSettled ? keptFor(c, DAY_S, nowMs) : checkedEachTime(c);
}

/** Whether caches may show a reply to others: the caller brought nothing that they would have to bring. */
function visibility(c: Context<AppEnv>): "public" | "private" {
  const { kind } = c.get("caller");
  return kind === "local" || kind === "guest" ? "public" : "private";
}
