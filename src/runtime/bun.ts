/** The server on Bun: `npm run start:bun`, or from a program of one's own. */
import {
  openServer,
  runServer,
  startServer,
  type Environment,
  type OpenedServer,
  type RunningServer,
} from "./node/server.ts";

export { loadCore } from "./node/load-core.ts";
export type { Environment, OpenedServer, RunningServer } from "./node/server.ts";

/** Starts the server on Bun as the environment variables say. @throws BoxcarError as `startNode` does */
export function startBun(env: Environment): Promise<RunningServer> {
  return startServer("bun", env);
}

/** Opens the server without a listener, to be served by another app as `openNode` says. @throws BoxcarError as it does */
export function openBun(env: Environment): Promise<OpenedServer> {
  return openServer("bun", env);
}

if ((import.meta as { main?: boolean }).main === true) await runServer("bun");
