/** What lies beyond the server: a host of the public internet, and services that nobody outside may reach. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from "node:net";
import { isPublicAddress } from "../../src/pictures/remote-url.ts";
import type { RemoteOptions } from "../../src/runtime/outbound/remote-files.ts";

/**
 * `127.0.0.2` plays the public internet here, and every other address is forbidden by the real rule. The forbidden
 * listener counts connections on other loopback addresses, both families.
 */
export const PUBLIC = "127.0.0.2";
export const options: RemoteOptions = {
  hosts: [],
  isAllowed: (address) => address === PUBLIC || isPublicAddress(address),
};

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface Outside {
  /** Of the public host, without a slash at the end. */
  readonly url: string;
  /** Of the public host, and of the forbidden listener on all addresses that could be reached by mistake. */
  readonly port: number;
  /** What the public host was asked. */
  requests: { url: string; range: string | undefined; host: string | undefined }[];
  /** How it answers. */
  answer: Answer;
  /** Connections to the forbidden listener. */
  connections: number;
  close(): Promise<void>;
}

/** Answers ranges of a file. */
export function ranged(file: Uint8Array): Answer {
  return (request, response) => {
    const [, from = "", to = ""] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const end = Math.min(file.length, Number(to) + 1);
    response.writeHead(206, { "content-range": `bytes ${from}-${end - 1}/${file.length}`, etag: '"1"' });
    response.end(file.subarray(Number(from), end));
  };
}

export async function startOutside(answer: Answer): Promise<Outside> {
  const site = createServer((request, response) => {
    const { url = "", headers } = request;
    outside.requests.push({ url, range: headers.range, host: headers.host });
    outside.answer(request, response);
  });
  await new Promise<void>((resolve) => site.listen(0, PUBLIC, resolve));
  const { port } = site.address() as AddressInfo;
  const forbidden: TcpServer[] = [];
  const outside: Outside = {
    ...{ url: `http://${PUBLIC}:${port}`, port, requests: [], answer, connections: 0 },
    close: async () => {
      site.closeAllConnections();
      for (const server of [site, ...forbidden]) await new Promise((resolve) => server.close(resolve));
    },
  };
  // On the same port: a redirect or a rebinding then only changes the host.
  for (const host of ["127.0.0.1", "::1", "127.0.0.3"]) {
    const server = createTcpServer((socket) => {
      outside.connections++;
      socket.on("error", () => undefined).resume();
      socket.end("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret");
    });
    const listening = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false)); // a machine without IPv6
      server.listen(port, host, () => resolve(true));
    });
    if (listening) forbidden.push(server);
  }
  if (forbidden.length === 0) throw new Error("there is no forbidden listener");
  return outside;
}
