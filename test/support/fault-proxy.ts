/** A proxy in front of a store that does to requests what networks and stores do to them. */
import { createServer, request as send, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** What happens to one request. */
export type Fault =
  /** Nothing. */
  | { readonly kind: "pass" }
  /** The proxy answers by itself. */
  | { readonly kind: "status"; readonly status: number; readonly headers?: Record<string, string> }
  /** The connection is closed before the store sees the request. */
  | { readonly kind: "reset" }
  /** No answer ever comes. */
  | { readonly kind: "silence" }
  /** The store does what it is asked, and the answer is lost. */
  | { readonly kind: "lost" }
  /** The answer's body breaks off after some bytes. */
  | { readonly kind: "cut"; readonly after: number }
  /** The answer's body stops after some bytes, and the connection stays open. */
  | { readonly kind: "stall"; readonly after: number }
  /** The answer's body ends after some bytes as if it were whole. */
  | { readonly kind: "end"; readonly after: number }
  /** The store is asked for everything. */
  | { readonly kind: "whole" }
  /** The store is asked for the bytes one further. */
  | { readonly kind: "shifted" }
  /** The answer states another ETag. */
  | { readonly kind: "etag" };

export interface FaultProxy {
  /** Origin. */
  readonly endpoint: string;
  /** Method and path of each request so far. */
  readonly requests: string[];
  /** Decides about each request, by its method and number, counted from 0 since this was set. */
  decide: (method: string, number: number) => Fault;
  close(): Promise<void>;
}

export const pass: Fault = { kind: "pass" };

export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const fault = proxy.decide(request.method ?? "", proxy.requests.length);
    proxy.requests.push(`${request.method ?? ""} ${request.url ?? ""}`);
    forward(new URL(target), request, response, fault);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy: FaultProxy = {
    endpoint: `http://localhost:${(server.address() as AddressInfo).port}`,
    requests: [],
    decide: () => pass,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}

function forward(target: URL, request: IncomingMessage, response: ServerResponse, fault: Fault): void {
  if (fault.kind === "reset") {
    request.socket.destroy();
    return;
  }
  if (fault.kind === "silence" || fault.kind === "status") {
    // Read first: an answer before the end of the request may be lost together with it.
    request.resume().on("end", () => {
      if (fault.kind === "status") response.writeHead(fault.status, fault.headers).end();
    });
    return;
  }
  const headers = { ...request.headers };
  if (fault.kind === "whole") delete headers.range;
  if (fault.kind === "shifted" && headers.range !== undefined) {
    headers.range = headers.range.replace(/\d+/g, (digits) => String(Number(digits) + 1));
  }
  const { method, url } = request;
  const onward = send({ host: "127.0.0.1", port: target.port, path: url, method, headers }, (answer) => {
    answerWith(request, response, answer, fault);
  });
  onward.on("error", () => request.socket.destroy());
  request.pipe(onward);
}

function answerWith(request: IncomingMessage, response: ServerResponse, answer: IncomingMessage, fault: Fault): void {
  if (fault.kind === "lost") {
    answer.resume().on("end", () => request.socket.destroy());
    return;
  }
  const headers = { ...answer.headers };
  if (fault.kind === "etag" && headers.etag !== undefined) headers.etag = '"another"';
  if (fault.kind === "end") delete headers["content-length"];
  response.writeHead(answer.statusCode ?? 500, headers);
  if (fault.kind !== "cut" && fault.kind !== "stall" && fault.kind !== "end") {
    answer.pipe(response);
    return;
  }
  let left = fault.after;
  response.flushHeaders();
  answer.on("data", (chunk: Buffer) => {
    if (left < 0) return;
    const part = chunk.subarray(0, left);
    left -= part.length;
    if (left > 0) {
      response.write(part);
      return;
    }
    left = -1;
    if (fault.kind === "end") response.end(part);
    // what was written must have left before the connection breaks
    else response.write(part, () => fault.kind === "cut" && setTimeout(() => request.socket.destroy(), 5));
  });
  answer.on("end", () => {
    if (left >= 0) response.end();
  });
}
