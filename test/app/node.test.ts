import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BoxcarError } from "../../src/base/errors.ts";
import { readConfig } from "../../src/config/config.ts";
import { openNodeParts } from "../../src/runtime/node/node-parts.ts";
import { startNode, type RunningServer } from "../../src/runtime/node.ts";
import { addSegment, chunksOf } from "./test-server.ts";

let folder: string;
const running: RunningServer[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "boxcar-node-"));
});
afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
  await rm(folder, { recursive: true });
});

async function start(env: Record<string, string> = {}): Promise<RunningServer> {
  const server = await startNode({ PORT: "0", BOXCAR_DATA: folder, BOXCAR_LOG: "error", ...env });
  running.push(server);
  return server;
}

/** Adds a segment of `size` bytes and gives the path of its download. */
async function add(size: number): Promise<string> {
  const parts = await openNodeParts(readConfig({ BOXCAR_DATA: folder }));
  const { id } = await addSegment(parts, { streamPath: "a", startMs: 0, endMs: 1000 }, new Uint8Array(size).fill(7));
  await parts.close();
  return `/mp4/download/a.mp4?id=${id}`;
}

describe("the server on Node", () => {
  it.each([
    ["/", 3],
    ["/docs", 4],
  ])("serves the page %s with all its parts from its own build", async (page, parts) => {
    const { url } = await start();
    const html = await (await fetch(url + page)).text();
    const links = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link = ""]) => link);
    expect(links).toHaveLength(parts);
    for (const link of links) {
      const response = await fetch(url + link);
      expect(response.status, link).toBe(200);
      expect((await response.arrayBuffer()).byteLength, link).toBeGreaterThan(50);
    }
  });

  it("sends the files of its pages compressed to who takes them so", async () => {
    const { url } = await start({ BOXCAR_CORS_ORIGINS: "https://app.example" });
    const sent = async (path: string, accepted: string): Promise<[coding: string | null, body: Buffer]> => {
      const reply = await fetch(url + path, { headers: { "accept-encoding": accepted } });
      expect([reply.status, reply.headers.get("vary")]).toEqual([200, "Origin, Accept-Encoding"]);
      // fetch takes the coding off again.
      return [reply.headers.get("content-encoding"), Buffer.from(await reply.arrayBuffer())];
    };
    for (const path of ["/", "/page/page.js", "/page/boxcar.wasm", "/docs/swagger-ui.css"]) {
      const [coding, plain] = await sent(path, "identity");
      expect(coding, path).toBeNull();
      for (const [accepted, expected] of [
        ["gzip, deflate, br, zstd", "br"],
        ["gzip;q=0.8, BR;q=0", "gzip"],
        ["gzip;q=0.000, x-br", null],
      ] as const) {
        const [given, body] = await sent(path, accepted);
        expect(given, accepted).toBe(expected);
        expect(body.equals(plain), accepted).toBe(true);
      }
    }
  });

  it("sends the files of its pages once: who has them is told so", async () => {
    const { url } = await start();
    for (const path of ["/", "/page/page.js", "/docs/swagger-ui.css"])
      for (const coding of ["br", "identity"]) {
        const ask = (etag = ""): Promise<Response> =>
          fetch(url + path, { headers: { "accept-encoding": coding, "if-none-match": etag } });
        const first = await ask();
        expect([first.status, first.headers.get("cache-control") === null]).toEqual([200, false]);
        const again = await ask(first.headers.get("etag") ?? "");
        expect([again.status, await again.text()], path).toEqual([304, ""]);
        expect(again.headers.get("etag")).toBe(first.headers.get("etag"));
        expect((await ask('"another"')).status).toBe(200);
      }
  });

  it("keeps what it has over a restart, bytes and entity tag alike", async () => {
    const path = await add(100_000);
    const first = await start();
    const before = await fetch(first.url + path);
    const bytes = Buffer.from(await before.arrayBuffer());
    await first.close();
    const after = await fetch((await start()).url + path);
    expect(after.headers.get("etag")).toBe(before.headers.get("etag"));
    expect(Buffer.from(await after.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it("finishes running downloads when it is closed, and takes no new ones", async () => {
    const path = await add(64 << 20);
    const server = await start();
    const response = await fetch(server.url + path);
    const closed = server.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
    expect((await response.arrayBuffer()).byteLength).toBe(64 << 20);
    await closed;
  });

  it("breaks downloads that take longer than the limit when it is closed", async () => {
    const path = await add(64 << 20);
    const server = await start({ BOXCAR_STOP_TIMEOUT: "0" });
    const response = await fetch(server.url + path);
    await server.close();
    await expect(response.arrayBuffer()).rejects.toThrow();
  });

  it("closes connections on which nothing happens", async () => {
    const { url } = await start({ BOXCAR_IDLE_TIMEOUT: "1" });
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.write("PUT /mp4/api/segments/a?start=5 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\nxxx");
    socket.resume();
    await new Promise((resolve) => socket.once("close", resolve));
    const parts = await openNodeParts(readConfig({ BOXCAR_DATA: folder }));
    expect((await parts.catalog.list({ streamPath: "a", pageNum: 1, pageSize: 1 })).total).toBe(0);
    await parts.close();
  });

  it("finishes what a crash left, and does not touch what may be under way", async () => {
    const crashed = await openNodeParts(readConfig({ BOXCAR_DATA: folder }));
    const begin = (key: string, agoMs: number): Promise<unknown> =>
      crashed.catalog.beginSegment({ streamPath: "a", key, nowMs: Date.now() - agoMs });
    await begin("segments/a/old.mp4", 120_000);
    await begin("segments/a/new.mp4", 1000);
    await crashed.store.put("segments/a/old.mp4", chunksOf(new Uint8Array(10)));
    await start();
    const ever = Number.MAX_SAFE_INTEGER;
    const left = async (): Promise<string[]> =>
      (await crashed.catalog.unsettled.page({ pendingMs: ever, tombstoneMs: ever }, 0, 10)).map(({ key }) => key);
    for (let i = 0; i < 500 && (await left()).length > 1; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await left()).toEqual(["segments/a/new.mp4"]);
    expect(await crashed.store.head("segments/a/old.mp4")).toBeUndefined();
    await crashed.close();
  });

  it("says so when its port is taken, and leaves nothing open", async () => {
    const { url } = await start();
    const error: unknown = await start({ PORT: new URL(url).port }).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(BoxcarError);
    expect((error as BoxcarError).code).toBe("cannot_listen");
    expect((error as BoxcarError).message).toContain("PORT");
  });

  it("does not start on a public address without a token", async () => {
    const error: unknown = await start({ HOST: "0.0.0.0" }).catch((cause: unknown) => cause);
    expect((error as BoxcarError).code).toBe("bad_configuration");
  });
});
