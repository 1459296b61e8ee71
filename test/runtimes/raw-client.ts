/** A client that writes its requests by itself: what `node:http` would not send. */
import { connect, type Socket } from "node:net";
import { auth } from "./client.ts";

/** A connection to a server. */
export interface RawClient {
  readonly socket: Socket;
  /** Resolves when all of it was taken by the system, or the connection is closed. */
  write(bytes: string | Uint8Array): Promise<void>;
  /** What has come so far, while it is read. */
  readonly received: () => Buffer;
  /** Resolves when the server has closed, or reset, the connection. */
  readonly closed: Promise<void>;
}

/** Connects. @param read whether what comes is read */
export async function rawClient(url: string, read = true): Promise<RawClient> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  const chunks: Buffer[] = [];
  if (read) socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  else socket.pause();
  socket.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  await new Promise((resolve) => socket.once("connect", resolve));
  const write = (bytes: string | Uint8Array): Promise<void> => {
    if (socket.destroyed) return closed;
    return Promise.race([closed, new Promise<void>((resolve) => void socket.write(bytes, () => resolve()))]);
  };
  return { socket, write, received: () => Buffer.concat(chunks), closed };
}

/** The head of a request with the token of all tests. */
export function head(method: string, path: string, fields: Readonly<Record<string, string>> = {}): string {
  const all = { host: "127.0.0.1", authorization: auth.authorization, ...fields };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}
