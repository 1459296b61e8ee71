import type { BoxcarError } from "../../base/errors.ts";
import { json } from "./replies.ts";
import * as z from "../schema/zod.ts";
import { inChinese } from "./chinese.ts";

/** The envelope of the chat front end: `{"msg":"ok","data":…}` or `{"msg":"fail","data":"what went wrong"}`. */

/** Whether replies of a path have the chat front end's envelope. */
export function isChatPath(path: string): boolean {
  return path === "/api/chat" || path.startsWith("/api/chat/");
}

/** The body of a success, sent with status 200. */
export function chatOk<Data>(data: Data): { msg: "ok"; data: Data } {
  return { msg: "ok", data };
}

/** Schema of a success. */
export function chatSuccess<Data extends z.ZodType>(data: Data): z.ZodObject<{ msg: z.ZodLiteral<"ok">; data: Data }> {
  return z.object({ msg: z.literal("ok"), data });
}

/** The refusals of a chat route in its description. */
export const chatRefused = {
  default: json(
    "Refused: `data` says why and what to do.",
    z.object({ msg: z.literal("fail"), data: z.string() }).openapi("ChatRefusal"),
  ),
};

/** The statuses of refusals that the front end tells apart. */
const OWN_STATUS = new Set([400, 401, 403, 413, 415, 429]);

/**
 * The status under which the front end gets a refusal: 400 for every other 4xx. Failures of the server itself (5xx)
 * keep theirs, so that proxies and monitors see them.
 */
export function chatStatus(status: number): number {
  return status >= 500 || OWN_STATUS.has(status) ? status : 400;
}

/** The body of a refusal. @param chinese whether people read it in Chinese */
export function chatFail(refusal: BoxcarError, chinese: boolean): { msg: "fail"; data: string } {
  return { msg: "fail", data: chinese ? inChinese(refusal) : refusal.message };
}
