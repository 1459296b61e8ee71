import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { continueWhenRead, hasBody, replyEarly } from "./early-reply.ts";
import { closeWithoutTraces, oneAtATime } from "./one-at-a-time.ts";
import { withAllBytes } from "./request-bytes.ts";
import { leaveRefusalToApp } from "./request-url.ts";
import { clientOf, TimeSlice } from "./time-slice.ts";

/** How long one turn of the event loop may spend on requests that begin, milliseconds. */
const SLICE_MS = 2;

type Fetch = (request: Request, env: HttpBindings) => Response | Promise<Response>;

/**
 * The server around an app, by `node:http`. It holds for each connection that one request at a time is answered, and
 * that a reply never leaves the client in doubt whether the connection stays.
 * @param idleTimeoutMs without any byte, after which a connection is closed
 */
export function httpServer(fetch: Fetch, { idleTimeoutMs }: { readonly idleTimeoutMs: number }): Server {
  const answer = async (request: Request, env: HttpBindings): Promise<Response> => {
    const { incoming, outgoing } = env;
    const response = await fetch(withAllBytes(request, incoming), env);
    return incoming.complete || outgoing.headersSent ? response : replyEarly(env, response);
  };
  const listener = getRequestListener((request, env) => {
    const bindings = env as HttpBindings;
    return hasBody(bindings.incoming) ? answer(request, bindings) : fetch(request, bindings);
  });
  // Transfers may take hours; only the head of a request, and silence, have a limit.
  const limits = { requestTimeout: 0, headersTimeout: 30_000, keepAliveTimeout: 120_000, requireHostHeader: false };
  const serve = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    leaveRefusalToApp(incoming);
    void listener(incoming, outgoing);
  };
  const slice = new TimeSlice(SLICE_MS, 1);
  const serveInTurn = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const turn = slice.take(() => clientOf(incoming));
    if (turn === undefined) serve(incoming, outgoing);
    else
      void turn.then(() => {
        if (!outgoing.destroyed) serve(incoming, outgoing);
      });
  };
  const handle = oneAtATime(serveInTurn);
  const server = createServer(limits, handle);
  server.on("checkContinue", (incoming, outgoing) => {
    continueWhenRead(incoming, outgoing);
    handle(incoming, outgoing);
  });
  server.on("connection", closeWithoutTraces);
  server.timeout = idleTimeoutMs;
  return server;
}
