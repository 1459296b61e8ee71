import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { IncomingMessage, ServerResponse } from "node:http";
import { ChunkSizes } from "../../base/small-chunks.ts";

/** How long, and how much, is read of a request that has its reply already. */
const LINGER_MS = 30_000;
const LINGER_IDLE_MS = 5000;
const LINGER_BYTES = 256 << 20;

/** Whether a request has a body at all (RFC 9112 section 6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** Asks for a body that its client holds back (`Expect: 100-continue`, RFC 9110 section 10.1.1) once it is read: what is refused before is never sent. */
export function continueWhenRead(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const read = incoming._read.bind(incoming);
  incoming._read = (size) => {
    incoming._read = read;
    if (!outgoing.headersSent) outgoing.writeContinue();
    read(size);
  };
}

/**
 * Sends a reply while the body of its request is still coming. What is left of the body stands between this request and
 * the next, so the connection closes; and it is read on for a while, since a close with bytes unread would reset the
 * connection and take the reply from the client (RFC 9112 section 9.6).
 */
export async function replyEarly({ incoming, outgoing }: HttpBindings, response: Response): Promise<Response> {
  const body = new Uint8Array(await response.arrayBuffer());
  const headers: Record<string, string> = { ...Object.fromEntries(response.headers), connection: "close" };
  if (body.length > 0) headers["content-length"] = String(body.length);
  outgoing.writeHead(response.status, headers);
  if (body.length > 0) outgoing.write(body);
  else outgoing.flushHeaders();
  await rest(incoming);
  outgoing.end();
  return RESPONSE_ALREADY_SENT;
}

/** Reads what is left of a request, and drops it. Resolves at its end, when the client closes, or when it was enough. */
function rest(incoming: IncomingMessage): Promise<void> {
  // Whatever has read so far is through with the body, and would gather what comes.
  incoming.removeAllListeners("data");
  return new Promise((resolve) => {
    let left = LINGER_BYTES;
    const sizes = new ChunkSizes();
    const settle = (): void => {
      clearTimeout(limit);
      clearTimeout(idle);
      incoming.off("data", drop);
      resolve();
    };
    const limit = setTimeout(settle, LINGER_MS);
    const idle = setTimeout(settle, LINGER_IDLE_MS);
    const drop = ({ length }: Uint8Array): void => {
      idle.refresh();
      left -= length;
      if (left < 0 || sizes.areTooSmall(length)) settle();
    };
    for (const event of ["end", "error", "close"]) incoming.once(event, settle);
    incoming.on("data", drop);
    incoming.resume();
    if (incoming.destroyed || incoming.readableEnded) settle();
  });
}
