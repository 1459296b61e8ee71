/** The server on Node, which `boxcar serve` runs, and its parts for programs of one's own. */
import { openServer, startServer, type Environment, type OpenedServer, type RunningServer } from "./node/server.ts";

export { loadCore } from "./node/load-core.ts";
export { closeOnSignals, type Environment, type OpenedServer, type RunningServer } from "./node/server.ts";

/**
 * Starts the server on Node as the environment variables say.
 * @throws BoxcarError `bad_configuration` (500), `cannot_listen` (500)
 *
 * @example
 * const server = await startNode({ PORT: "8080", BOXCAR_DATA: "./data" });
 */
export function startNode(env: Environment): Promise<RunningServer> {
  return startServer("node", env);
}

/**
 * Opens the server without a listener, to be served by another app with `@hono/node-server`. `HOST` still says where that
 * one listens: beyond loopback, tokens are demanded.
 * @throws BoxcarError `bad_configuration` (500)
 *
 * @example
 * const boxcar = await openNode({ BOXCAR_DATA: "./data" });
 * app.all("*", (c) => boxcar.fetch(c.req.raw, c.env));
 */
export function openNode(env: Environment): Promise<OpenedServer> {
  return openServer("node", env);
}
