import type { Context, MiddlewareHandler } from "hono";
import { observe } from "../../base/observe.ts";
import type { SendStream } from "../../base/ports.ts";
import type { AppMetrics } from "../app-metrics.ts";
import type { AppContext, AppEnv } from "../context.ts";
import { takeOver } from "../middleware/limits.ts";

/** Makes every reply carry the fields that middleware has set, also one that a route makes without Hono's help. */
export const carryFields: MiddlewareHandler<AppEnv> = async (c, next) => {
  const fields = c.newResponse(null).headers;
  c.set("fields", fields);
  await next();
  if (c.get("sent") === undefined) addMissing(c.res.headers, fields);
};

function addMissing(to: Headers, from: Headers): void {
  for (const [name, value] of from) if (!to.has(name)) to.set(name, value);
}

/**
 * The `SendStream` of one request. It sends the fields of middleware along, since the reply is on its way by the time
 * middleware sees it; keeps the request's slot until the body is through; and counts what is sent. While it is sent nothing here
 * keeps the request's context alive: thousands may be slow.
 */
export function streamReply(c: Context<AppEnv>, { sendStream, metrics }: AppContext): SendStream {
  return (env, status, headers, body) => {
    addMissing(headers, c.get("fields"));
    return sendStream(env, status, headers, observed(c, metrics, status, body));
  };
}

function observed(
  c: Context<AppEnv>,
  { sentBytes }: AppMetrics,
  status: number,
  body: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  const release = takeOver(c);
  let tell = (): void => undefined;
  const over = new Promise<void>((resolve) => (tell = resolve));
  const sent = { status, bytes: 0, over };
  c.set("sent", sent);
  return observe(body, {
    chunk: (bytes) => {
      sent.bytes += bytes;
      sentBytes.add({}, bytes);
    },
    end: () => {
      release();
      tell();
    },
  });
}
