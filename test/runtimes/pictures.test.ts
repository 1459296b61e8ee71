/** Pictures on all runtimes that can start ffmpeg: the same frames, the same bounds, the same refusals. */
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FPS, recordNumbered } from "../browser/numbered-recording.ts";
import { greyOf, numberIn } from "../pictures/numbers.ts";
import { isRunning } from "../support/processes.ts";
import { auth, fingerprint, token, upload } from "./client.ts";
import { isInstalled, servers, startEdge, type Edge, type ServerName } from "./edges.ts";

const START = Date.UTC(2026, 0, 31, 10);
const installed = servers.filter(isInstalled);
const edges = new Map<ServerName, Edge>();
const portOf = (server: Server | TcpServer): number => (server.address() as AddressInfo).port;

let folder: string;
let video: Buffer;
/** Another host, which the operator lists. */
let site: Server;
/** A service inside of the network, which nobody lists. */
let forbidden: TcpServer;
let connections = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "boxcar-runtime-pictures-"));
  const [file = ""] = await recordNumbered({ folder, name: "v", segments: 1, seconds: 4, size: "320x192" });
  video = await readFile(file);
  forbidden = createTcpServer((socket) => {
    connections++;
    socket.on("error", () => undefined).end("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret");
  });
  await new Promise<void>((resolve) => forbidden.listen(0, "127.0.0.1", resolve));
  site = createServer(({ url, headers }, response) => {
    if (url === "/redirect") {
      response.writeHead(302, { location: `http://127.0.0.1:${portOf(forbidden)}/v.mp4` }).end();
      return;
    }
    const [, from = "", to = ""] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "") ?? [];
    const part = video.subarray(Number(from), Number(to) + 1);
    const range = `bytes ${from}-${Number(from) + part.length - 1}/${video.length}`;
    response.writeHead(206, { "content-range": range, etag: '"1"' }).end(part);
  });
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  const data = join(folder, "data");
  const env = { BOXCAR_DATA: data, BOXCAR_TOKEN: token, BOXCAR_FETCH_HOSTS: `127.0.0.1:${portOf(site)}` };
  for (const name of installed) edges.set(name, await startEdge(name, env));
  await upload(urlOf("node"), "live/cam1", START, video);
});
afterAll(async () => {
  await Promise.all([...edges.values()].map((edge) => edge.stop()));
  site.closeAllConnections();
  for (const server of [site, forbidden]) await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

function urlOf(name: ServerName): string {
  const edge = edges.get(name);
  if (edge === undefined) throw new Error(`${name} does not run`);
  return edge.url;
}

interface Screenshot {
  readonly status: number;
  readonly msg: string;
  readonly data: unknown;
}

async function screenshot(url: string, videoUrl: string, time = 0): Promise<Screenshot> {
  const init = { method: "POST", body: JSON.stringify({ videoUrl, time }) };
  const headers = { ...auth, "content-type": "application/json" };
  const response = await fetch(`${url}/api/chat/getVideoScreenshot`, { ...init, headers });
  return { status: response.status, ...((await response.json()) as { msg: string; data: unknown }) };
}

describe.each(installed)("on %s", (name) => {
  it("a snapshot is the same frame under the same entity tag", async () => {
    for (const [ms, number] of [
      [0, 0],
      [1999, 2 * FPS - 1],
      [3990, 4 * FPS - 1],
    ] as const) {
      const path = `/mp4/snapshot/live/cam1.png?time=${START + ms}`;
      const response = await fetch(urlOf(name) + path, { headers: auth });
      expect(response.status).toBe(200);
      expect(numberIn(await greyOf(new Uint8Array(await response.arrayBuffer())))).toBe(number);
      expect(await fingerprint(urlOf(name) + path)).toEqual(await fingerprint(urlOf("node") + path));
    }
  });

  it("a storyboard and its sheet are the same", async () => {
    for (const format of ["vtt", "jpg"]) {
      const path = `/mp4/sprite/live/cam1.${format}?start=${START}&duration=4s&interval=1s`;
      const found = await fingerprint(urlOf(name) + path);
      expect(found).toEqual(await fingerprint(urlOf("node") + path));
      expect(found.status).toBe(200);
    }
  });

  it("a video on a listed host is read by ranges", async () => {
    const { status, data } = await screenshot(urlOf(name), `http://127.0.0.1:${portOf(site)}/v.mp4`, 2520);
    expect(status).toBe(200);
    const { base64 } = data as { base64: string };
    const [, content = ""] = /^data:image\/png;base64,(.+)$/.exec(base64) ?? [];
    expect(numberIn(await greyOf(Buffer.from(content, "base64")))).toBe(63);
  });

  it("nothing else inside the network is connected to, and every refusal is the same", async () => {
    const port = portOf(forbidden);
    const hosts = [
      "127.0.0.1",
      "127.1",
      "0x7f000001",
      "2130706433",
      "[::1]",
      "[::ffff:7f00:1]",
      "localhost",
      "0.0.0.0",
    ];
    const urls = [
      ...hosts.map((host) => `http://${host}:${port}/v.mp4`),
      `http://127.0.0.1:${portOf(site)}/redirect`,
      `http://user:secret@127.0.0.1:${portOf(site)}/v.mp4`,
      "http://name-that-is-not.invalid/v.mp4",
    ];
    const refusals = new Set<string>();
    for (const videoUrl of urls) refusals.add(JSON.stringify(await screenshot(urlOf(name), videoUrl)));
    expect([...refusals]).toEqual([expect.stringMatching(/^\{"status":400,"msg":"fail","data":"The video could not/)]);
    expect(connections).toBe(0);
  });

  it("a decoder that floods its output is killed with what it started", async () => {
    const mark = `35.${process.pid}`;
    const program = join(folder, `floods-${name}`);
    await writeFile(program, `#!/bin/sh\ncase "$1" in -version) exit 0;; esac\nsleep ${mark} &\nexec cat /dev/zero\n`);
    await chmod(program, 0o755);
    const env = { BOXCAR_DATA: join(folder, "data"), BOXCAR_TOKEN: token, FFMPEG_PATH: program };
    const edge = await startEdge(name, env);
    try {
      const response = await fetch(`${edge.url}/mp4/snapshot/live/cam1.jpg`, { headers: auth });
      const { error } = (await response.json()) as { error: string };
      expect({ status: response.status, error }).toEqual({ status: 422, error: "picture_failed" });
      expect(await isRunning(`sleep\0${mark}`)).toBe(false);
    } finally {
      await edge.stop();
    }
  });
});
