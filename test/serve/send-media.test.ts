import { createAdaptorServer } from "@hono/node-server";
import { connect, type AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { BoxcarError } from "../../src/base/errors.ts";
import type { Media } from "../../src/core/reading/media.ts";
import { refusalReply } from "../../src/http/replies/refusal-reply.ts";
import { nodeSendStream } from "../../src/runtime/node/node-send.ts";
import { sendMedia } from "../../src/http/replies/send-media.ts";
import { patternBytes, PatternedMedia } from "./patterned-media.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Serves one media, or one for each request, on a real socket; gives its URL and what was logged. */
async function serve(
  media: Media | ((request: Request) => Media),
): Promise<{ url: string; port: number; logged: string[] }> {
  const logged: string[] = [];
  const send = nodeSendStream((_level, message) => logged.push(message), { bytesPerSecond: 0, graceMs: 0 });
  const server = createAdaptorServer({
    fetch: (request, env) =>
      sendMedia(
        request,
        typeof media === "function" ? media(request) : media,
        new Headers({ "Content-Disposition": "inline" }),
        send,
        env,
      ).catch((error: unknown) =>
        refusalReply(error, { requestId: "request-1", path: "/", headers: new Headers() }, () => undefined),
      ),
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, logged };
}

const body = async (response: Response): Promise<Uint8Array> => new Uint8Array(await response.arrayBuffer());

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
}

describe("whole media", () => {
  it.each([
    ["in chunks far below a write", 300_001, 777],
    ["in chunks of 64 KiB", 300_001, 65_536],
    ["in one chunk", 300_001, 1 << 20],
    ["of one byte", 1, 16],
  ])("arrives as it is %s", async (_name, size, chunk) => {
    const media = new PatternedMedia(size, chunk);
    const { url } = await serve(media);
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-length": String(size),
      "content-type": "video/mp4",
      "accept-ranges": "bytes",
      etag: '"pattern-1"',
      "x-content-type-options": "nosniff",
    });
    expect(response.headers.get("content-encoding")).toBeNull();
    expect(Buffer.compare(await body(response), patternBytes(0, size))).toBe(0);
    expect(media.open).toBe(0);
  });

  it("mixes small and large chunks in order", async () => {
    const sizes = [1, 70_000, 3, 65_535, 262_144, 5, 200_000, 65_000, 65_000, 65_000, 65_000, 65_000, 9];
    const size = sizes.reduce((sum, n) => sum + n, 0);
    const media: Media = {
      size,
      etag: "mixed",
      // eslint-disable-next-line @typescript-eslint/require-await -- a body is asynchronous whatever it is made of
      async *read() {
        let at = 0;
        for (const n of sizes) {
          const chunk = patternBytes(at, at + n);
          yield chunk;
          chunk.fill(0xee);
          at += n;
        }
      },
    };
    const { url } = await serve(media);
    expect(Buffer.compare(await body(await fetch(url)), patternBytes(0, size))).toBe(0);
  });

  it("answers HEAD with the length and without reading, ranges or not", async () => {
    const media = new PatternedMedia(5000, 100);
    const { url } = await serve(media);
    for (const headers of [{}, { range: "bytes=0-9" }, { range: "bytes=9000-" }]) {
      const response = await fetch(url, { method: "HEAD", headers });
      expect([response.status, response.headers.get("content-length")]).toEqual([200, "5000"]);
      expect(response.headers.get("content-range")).toBeNull();
    }
    expect(media.handedOut).toBe(0);
  });
});

describe("ranges", () => {
  it("give the bytes of 200 random slices", async () => {
    const size = 150_000;
    const { url } = await serve(new PatternedMedia(size, 4096));
    let seed = 4711;
    const below = (limit: number): number => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) % limit;
    for (let round = 0; round < 200; round++) {
      const first = below(size);
      const last = first + below(1 << (1 + below(17)));
      const response = await fetch(url, { headers: { range: `bytes=${first}-${last}` } });
      const end = Math.min(last, size - 1);
      const name = `seed 4711, ${first}-${last}`;
      expect(response.status, name).toBe(206);
      expect(response.headers.get("content-range"), name).toBe(`bytes ${first}-${end}/${size}`);
      expect(Buffer.compare(await body(response), patternBytes(first, end + 1)), name).toBe(0);
    }
  });

  it("answers several as multipart/byteranges of exact length", async () => {
    const { url } = await serve(new PatternedMedia(5000, 100));
    const response = await fetch(url, { headers: { range: "bytes=0-99,1000-1249,-3" } });
    expect(response.status).toBe(206);
    expect(response.headers.get("content-range")).toBeNull();
    const boundary = /^multipart\/byteranges; boundary=([\w-]{1,70})$/.exec(
      response.headers.get("content-type") ?? "",
    )?.[1];
    const got = Buffer.from(await body(response));
    expect(response.headers.get("content-length")).toBe(String(got.length));
    const part = (range: string, from: number, to: number): Buffer =>
      Buffer.concat([
        Buffer.from(`--${boundary}\r\nContent-Type: video/mp4\r\nContent-Range: bytes ${range}/5000\r\n\r\n`),
        patternBytes(from, to),
        Buffer.from("\r\n"),
      ]);
    const parts = [part("0-99", 0, 100), part("1000-1249", 1000, 1250), part("4997-4999", 4997, 5000)];
    expect(got.equals(Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]))).toBe(true);
  });

  it("refuses one outside of the media with its size", async () => {
    const { url } = await serve(new PatternedMedia(5000, 100));
    const response = await fetch(url, { headers: { range: "bytes=5000-" } });
    expect(response.status).toBe(416);
    expect(response.headers.get("content-range")).toBe("bytes */5000");
    expect(await response.json()).toMatchObject({ code: 416, error: "range_not_satisfiable", size: 5000 });
  });

  it.each([
    [{ "if-range": '"pattern-1"' }, 206],
    [{ "if-range": 'W/"pattern-1"' }, 200],
    [{ "if-range": '"other"' }, 200],
    [{ "if-match": '"other"' }, 412],
    [{ "if-none-match": '"pattern-1"' }, 304],
    [{ "if-none-match": '"other"', "if-match": '"pattern-1"' }, 206],
  ])("with %j answers %i", async (headers, status) => {
    const { url } = await serve(new PatternedMedia(5000, 100));
    const response = await fetch(url, { headers: { range: "bytes=0-9", ...headers } });
    expect(response.status).toBe(status);
    if (status !== 412) expect(response.headers.get("etag")).toBe('"pattern-1"');
    if (status === 304) expect(response.headers.get("content-length")).toBeNull();
    const { length } = await body(response);
    if (status !== 412) expect(length).toBe({ 200: 5000, 206: 10, 304: 0 }[status]);
  });
});

describe("downloads of a crowd", () => {
  it.each([
    ["each write", 40, 65_536, 40 * 40],
    ["what is written at once, however many pieces it is made of", 2000, 20, 100],
  ])("take turns with those of others, client by client: one for %s", async (_name, chunks, length, most) => {
    let ofCrowd = 0;
    let [begun, done] = [0, 0];
    const media = (count: number, chunk: Uint8Array, made: (i: number) => void): Media => ({
      size: count * chunk.length,
      etag: "crowd",
      // eslint-disable-next-line @typescript-eslint/require-await -- a body is asynchronous whatever it is made of
      async *read() {
        for (let i = 0; i < count; i++) {
          made(i);
          yield chunk;
        }
      },
    });
    const one = media(chunks, patternBytes(0, length), (i) => {
      if (i === 0) begun = ofCrowd;
      done = ofCrowd;
    });
    const many = media(1000, patternBytes(0, 65_536), () => ofCrowd++);
    const { url, port } = await serve((request) => (request.headers.has("authorization") ? one : many));
    const crowd = Array.from({ length: 100 }, () => connect(port, "127.0.0.1"));
    for (const socket of crowd)
      socket
        .on("error", () => undefined)
        .resume()
        .write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    try {
      await until(() => ofCrowd > 1000);
      await body(await fetch(url, { headers: { authorization: "Bearer one" } }));
      expect(done - begun).toBeLessThan(most);
    } finally {
      for (const socket of crowd) socket.destroy();
    }
  });
});

describe("failures", () => {
  it("before the first byte have a status of their own", async () => {
    const gone = new BoxcarError("object_missing", "The object is gone.");
    const { url } = await serve({
      size: 10,
      etag: "x",
      read: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(gone) }) }),
    });
    const response = await fetch(url);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: "object_missing" });
  });

  it.each(["throw", "end"] as const)("after it break the connection (%s)", async (kind) => {
    const media = new PatternedMedia(3_000_000, 100_000, { at: 1_500_000, kind });
    const { url, logged } = await serve(media);
    const response = await fetch(url);
    expect(response.status).toBe(200);
    await expect(response.arrayBuffer()).rejects.toThrow();
    expect(media.open).toBe(0);
    expect(logged).toEqual(["download broken off"]);
  });

  it("of the client end the read at once", async () => {
    const media = new PatternedMedia(1 << 30, 1 << 16);
    const { port, logged } = await serve(media);
    const socket = connect(port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await new Promise((resolve) => socket.once("data", resolve));
    expect(media.open).toBe(1);
    socket.destroy();
    await until(() => media.open === 0);
    expect(media.handedOut).toBeLessThan(1 << 28);
    expect(logged).toEqual([]);
  });

  it("to read by the client hold the media back", async () => {
    const media = new PatternedMedia(1 << 30, 1 << 16);
    const { port } = await serve(media);
    const socket = connect(port, "127.0.0.1");
    socket.pause();
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let before = -1;
    // The buffers of the system fill up, then nothing more is asked for.
    for (let i = 0; i < 100 && before !== media.handedOut; i++) {
      before = media.handedOut;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(media.handedOut).toBeGreaterThan(0);
    expect(media.handedOut).toBeLessThan(64 << 20);
    socket.destroy();
    await until(() => media.open === 0);
  });
});
