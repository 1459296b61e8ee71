import type { HttpBindings } from "@hono/node-server";

/** `AppPlatform.peerAddress` of servers made with `node:http`. */
export function nodePeerAddress(env: unknown): string | undefined {
  return (env as HttpBindings).incoming.socket.remoteAddress;
}
