import { startServer, type RunningServer } from "./node/server.ts";

export { closeOnSignals, type RunningServer } from "./node/server.ts";

/**
 * Starts the server on Node as the environment variables say. `boxcar serve` is the program around it.
 * @throws BoxcarError `bad_configuration` (500), `cannot_listen` (500)
 */
export function startNode(env: Readonly<Record<string, string | undefined>>): Promise<RunningServer> {
  return startServer("node", env);
}
