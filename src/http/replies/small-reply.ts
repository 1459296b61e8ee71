import type { Context } from "hono";
import { BoxcarError } from "../../base/errors.ts";
import { evaluateConditions } from "./conditional.ts";
import type { AppEnv } from "../context.ts";

/** A small body that is at hand. */
export interface SmallBody {
  readonly contentType: string;
  readonly bytes: Uint8Array;
  /** Names the bytes: equal ones have equal hashes. */
  readonly hash: string;
}

/**
 * Sends a small body, such as a picture, or 304 when the client has it. `headers` are added as they are.
 * @throws BoxcarError `precondition_failed` (412)
 */
export function sendSmall(c: Context<AppEnv>, body: SmallBody, headers: Readonly<Record<string, string>>): Response {
  const etag = body.hash;
  const conditions = { ifMatch: c.req.header("if-match"), ifNoneMatch: c.req.header("if-none-match") };
  const verdict = evaluateConditions(conditions, etag);
  if (verdict === 412) {
    const message = "What is there no longer has the entity tag that If-Match names. Ask again without If-Match.";
    throw new BoxcarError("precondition_failed", message, { etag: `"${etag}"` });
  }
  const all = { ...headers, ETag: `"${etag}"`, "X-Request-Id": c.get("requestId") };
  if (verdict === 304) return new Response(null, { status: 304, headers: all });
  const { contentType, bytes } = body;
  // Stated, since a reply to HEAD has no body to count.
  const sized = {
    ...all,
    "Content-Type": contentType,
    "Content-Length": String(bytes.length),
    "X-Content-Type-Options": "nosniff",
  };
  return new Response(new Uint8Array(bytes), { status: 200, headers: sized });
}
