import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { ClientAddresses } from "../../auth/client-address.ts";
import type { Log } from "../../base/ports.ts";

/** Open connections, where the system lets a process have twice as many files open. */
const MOST_CONNECTIONS = 16_384;
/** Part of them that one client may have. */
const ONE_CLIENT = 1 / 2;
/** Time until it is logged again that connections are closed, milliseconds. */
const TOLD_MS = 60_000;

/** How many connections may be open by default: each may read a file, too, so that they are half of what the system allows. */
export function connectionsAllowed(): number {
  const files = openFilesLimit();
  return files === undefined ? MOST_CONNECTIONS : Math.min(MOST_CONNECTIONS, Math.floor(files / 2));
}

/** Files that the system lets this process have open, connections among them; undefined where it does not say. */
function openFilesLimit(): number | undefined {
  try {
    const [, files] = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return files === undefined ? undefined : Number(files);
  } catch {
    return undefined; // no Linux, or Deno without all permissions
  }
}

/** What connections are held to. */
export interface ConnectionBounds {
  /** Connections that may be open. */
  readonly most: number;
  /** Tells clients apart; a trusted proxy is none, and may have all of them. */
  readonly addresses: ClientAddresses;
  readonly log: Log;
}

/**
 * Closes what comes beyond the open connections that may be: nothing has to be asked on them to take the descriptors that the catalog,
 * media and ffmpeg need.
 */
export function boundConnections(server: Server, { most, addresses, log }: ConnectionBounds): void {
  const ofClients = new Map<string, number>();
  let open = 0;
  let toldMs = Number.NEGATIVE_INFINITY;
  server.on("connection", (socket: Socket) => {
    const { remoteAddress } = socket;
    const client = addresses.of(remoteAddress, undefined);
    const ofClient = ofClients.get(client) ?? 0;
    if (open >= most || (ofClient >= most * ONE_CLIENT && !addresses.trusts(remoteAddress))) {
      socket.destroy();
      const nowMs = performance.now();
      if (nowMs - toldMs < TOLD_MS) return;
      toldMs = nowMs;
      log("warn", "connections are closed: too many are open", { client, ofClient, open, most });
      return;
    }
    open++;
    ofClients.set(client, ofClient + 1);
    socket.once("close", () => {
      open--;
      const left = (ofClients.get(client) ?? 0) - 1;
      if (left > 0) ofClients.set(client, left);
      else ofClients.delete(client);
    });
  });
}
