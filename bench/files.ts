/** Files over HTTP by ranges, as a bucket or a CDN sends them to pages of any site, as late as it is told. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import { pause } from "./process.ts";

/** The server of some files. */
export interface FileServer {
  /** The address of the `i`th file. */
  urlOf(i: number): string;
  /** How long each request waits from now on, milliseconds; at first not at all. */
  late(ms: number): void;
  stop(): Promise<void>;
}

/** Serves files on a free port of the loopback address. @param paths of the files, by their numbers */
export async function serveFiles(paths: readonly string[]): Promise<FileServer> {
  let lateMs = 0;
  const server = createServer((request, response) => {
    pause(lateMs)
      .then(() => send(request, response, paths))
      .catch(() => response.destroy()); // its reader has what it wanted
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    urlOf: (i) => `http://127.0.0.1:${String(port)}/${String(i)}.mp4`,
    late: (ms) => {
      lateMs = ms;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "range",
  "access-control-expose-headers": "content-range, content-length, etag",
  "access-control-max-age": "3600",
};

async function send(request: IncomingMessage, response: ServerResponse, paths: readonly string[]): Promise<void> {
  if (request.method === "OPTIONS") return void response.writeHead(204, CORS).end();
  const path = paths[Number(/^\/(\d+)\.mp4$/.exec(request.url ?? "")?.[1])];
  if (path === undefined) return void response.writeHead(404, CORS).end();
  const { size } = await stat(path);
  const [, from = "0", to = ""] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  const start = Number(from);
  const end = Math.min(size - 1, to === "" ? size - 1 : Number(to));
  const common = { ...CORS, "content-type": "video/mp4", "accept-ranges": "bytes", "content-length": end + 1 - start };
  if (request.headers.range === undefined) response.writeHead(200, common);
  else response.writeHead(206, { ...common, "content-range": `bytes ${from}-${String(end)}/${String(size)}` });
  await pipeline(createReadStream(path, { start, end, highWaterMark: 1 << 20 }), response);
}
