/** How files of other hosts are read: pinned to a checked address, by ranges, within bounds. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:tls";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { BoxcarError } from "../../src/base/errors.ts";
import { isPublicAddress } from "../../src/pictures/remote-url.ts";
import { remoteFiles, type RemoteOptions } from "../../src/runtime/outbound/remote-files.ts";
import { options, PUBLIC, ranged, startOutside, type Outside } from "./outside.ts";

const file = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i % 251));
const serve = ranged(file);
let site: Outside;

beforeAll(async () => {
  site = await startOutside(serve);
});
afterAll(() => site.close());
beforeEach(() => {
  site.connections = 0;
  site.requests = [];
  site.answer = serve;
});

async function refusalOf(promise: Promise<unknown>): Promise<{ error: string; message: string }> {
  const cause: unknown = await promise.catch((error: unknown) => error);
  if (!(cause instanceof BoxcarError)) throw new Error(`no refusal: ${String(cause)}`);
  return { error: cause.code, message: cause.message };
}

async function read(url: string, span: { offset: number; length: number }, given = options): Promise<Buffer> {
  const opened = await remoteFiles(given)(url);
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of opened.read(span)) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks);
  } finally {
    opened.close();
  }
}

const generic = await refusalOf(remoteFiles(options)("nothing")); // what every refusal must look like

describe("a forbidden address is never connected to", () => {
  it("when a name resolves to another address from one request to the next", async () => {
    const asked: string[] = [];
    const resolve = (name: string): Promise<string[]> => {
      asked.push(name);
      return Promise.resolve([asked.length === 1 ? PUBLIC : "127.0.0.1"]);
    };
    const opened = await remoteFiles({ ...options, resolve })(`http://rebind.example:${site.port}/video.mp4`);
    for (const offset of [50_000, 100_000, 150_000]) {
      for await (const chunk of opened.read({ offset, length: 1000 })) expect(chunk[0]).toBe(offset % 251);
    }
    opened.close();
    expect(asked, "asked once, then pinned").toEqual(["rebind.example"]);
    expect(site.requests.map(({ host }) => host)).toEqual(
      Array.from({ length: 4 }, () => `rebind.example:${site.port}`),
    );
    expect(site.connections).toBe(0);
  });

  it("when the name it was redirected to does so", async () => {
    let asked = 0;
    const resolve = (): Promise<string[]> => Promise.resolve([asked++ === 0 ? PUBLIC : "127.0.0.1"]);
    site.answer = (_request, response) => {
      response.writeHead(307, { location: `http://rebind.example:${site.port}/again` }).end();
    };
    const open = remoteFiles({ ...options, resolve });
    expect(await refusalOf(open(`http://rebind.example:${site.port}/`))).toEqual(generic);
    expect({ asked, connections: site.connections }).toEqual({ asked: 2, connections: 0 });
  });

  it("when a later range is answered with a redirect", async () => {
    const opened = await remoteFiles(options)(`${site.url}/video.mp4`);
    site.answer = (_request, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${site.port}/` }).end();
    };
    const all = async (): Promise<void> => {
      for await (const chunk of opened.read({ offset: 100_000, length: 10 })) expect(chunk).toBeDefined();
    };
    expect(await refusalOf(all())).toEqual(generic);
    opened.close();
    expect(site.connections).toBe(0);
  });
});

/** Of an answer to the first request. */
const head = { "content-range": "bytes 0-16383/99999" };

describe("what is allowed", () => {
  it("is told its name in a TLS handshake with the checked address, and needs a certificate for it", async () => {
    const names: string[] = [];
    const tls = createTlsServer({
      SNICallback: (name, callback) => {
        names.push(name);
        callback(new Error("no certificate"));
      },
    });
    tls.on("tlsClientError", (_, socket) => void socket.destroy());
    await new Promise<void>((resolve) => tls.listen(0, PUBLIC, resolve));
    const { port } = tls.address() as AddressInfo;
    const open = remoteFiles({ ...options, resolve: () => Promise.resolve([PUBLIC]) });
    expect(await refusalOf(open(`https://video.example:${port}/`))).toEqual(generic);
    expect(names).toEqual(["video.example"]);
    await new Promise((resolve) => tls.close(resolve));
  });

  it("is read by ranges, and no more than is asked for", async () => {
    const span = { offset: 123_456, length: 5000 };
    expect((await read(`${site.url}/a.mp4`, span)).equals(file.subarray(123_456, 128_456))).toBe(true);
    expect(site.requests.map(({ range }) => range)).toEqual(["bytes=0-16383", "bytes=123456-128455"]);
  });

  it("includes hosts that are listed, by name or with a port, and no others", async () => {
    const { port } = site;
    const only = (hosts: string[]): RemoteOptions => ({ hosts, resolve: () => Promise.resolve([PUBLIC]) });
    const span = { offset: 0, length: 10 };
    await read(`http://media.internal:${port}/`, span, only(["media.internal"]));
    await read(`http://media.internal:${port}/`, span, only([`media.internal:${port}`]));
    await read(`http://MEDIA.internal:${port}/`, span, only([`media.internal:${port}`]));
    await read(`http://${PUBLIC}:${port}/`, span, only([PUBLIC]));
    site.requests = [];
    for (const hosts of [[], ["internal"], ["media.internal:1"], ["x.media.internal"], [PUBLIC]])
      expect(await refusalOf(read(`http://media.internal:${port}/`, span, only(hosts)))).toEqual(generic);
    expect(site.requests).toEqual([]);
  });

  it("follows three redirects and no fourth", async () => {
    const redirecting = (count: number) => (request: IncomingMessage, response: ServerResponse) => {
      const step = Number(request.url?.slice(1));
      if (step >= count) serve(request, response);
      else response.writeHead(302, { location: `/${step + 1}` }).end();
    };
    site.answer = redirecting(3);
    expect((await read(`${site.url}/0`, { offset: 0, length: 4 })).equals(file.subarray(0, 4))).toBe(true);
    site.answer = redirecting(4);
    expect(await refusalOf(remoteFiles(options)(`${site.url}/0`))).toEqual(generic);
  });

  it("may come from a server without ranges, whole and bounded", async () => {
    site.answer = (_request, response) => {
      response.writeHead(200, { "content-length": file.length }).end(file);
    };
    expect((await read(`${site.url}/`, { offset: 100, length: 50 })).equals(file.subarray(100, 150))).toBe(true);
    site.answer = (_request, response) => {
      response.writeHead(200, { "content-length": 1 << 30 });
      response.write("x");
    };
    expect(await refusalOf(remoteFiles(options)(`${site.url}/`))).toEqual(generic);
    let sent = 0;
    site.answer = (_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(1 << 20))) sent++;
        if (!response.destroyed) response.once("drain", more);
      };
      response.writeHead(200);
      more();
    };
    expect(await refusalOf(remoteFiles(options)(`${site.url}/`))).toEqual(generic);
    expect(sent).toBeLessThan(64);
  });

  it.each([
    ["not there", (response: ServerResponse) => response.writeHead(404).end()],
    [
      "broken off",
      (response: ServerResponse) =>
        response
          .writeHead(206, { "content-range": "bytes 0-16383/99999", "content-length": 16_384 })
          .write("x", () => response.destroy()),
    ],
    [
      "another range",
      (response: ServerResponse) => response.writeHead(206, { "content-range": "bytes 5-9/99999" }).end("xxxxx"),
    ],
    ["no size", (response: ServerResponse) => response.writeHead(206, { "content-range": "bytes 0-4/*" }).end("xxxxx")],
    [
      "more than asked",
      (response: ServerResponse) =>
        response.writeHead(206, { "content-range": "bytes 0-16383/99999" }).end(Buffer.alloc(50_000)),
    ],
    ["no HTTP", (response: ServerResponse) => response.socket?.end("SSH-2.0\r\n")],
  ])("refuses what is %s", async (_, answer) => {
    site.answer = (_request, response) => void answer(response);
    expect(await refusalOf(remoteFiles(options)(`${site.url}/`))).toEqual(generic);
  });

  it("must stay the same file", async () => {
    const opened = await remoteFiles(options)(`${site.url}/`);
    site.answer = (_request, response) => {
      response.writeHead(206, { "content-range": "bytes 50000-50009/77777", etag: '"1"' }).end("0123456789");
    };
    const all = async (): Promise<void> => {
      for await (const chunk of opened.read({ offset: 50_000, length: 10 })) expect(chunk).toBeDefined();
    };
    expect(await refusalOf(all())).toEqual(generic);
    site.answer = (_request, response) => {
      response.writeHead(206, { "content-range": "bytes 50000-50009/200000", etag: '"2"' }).end("0123456789");
    };
    expect(await refusalOf(all())).toEqual(generic);
    expect(await refusalOf(Promise.resolve().then(() => opened.read({ offset: file.length, length: 1 })))).toEqual(
      generic,
    );
    opened.close();
  });

  it.each([
    ["does not answer", () => undefined],
    ["answers, and then nothing", (response: ServerResponse) => void response.writeHead(206, head).write("x")],
    [
      "sends a byte now and then",
      (response: ServerResponse) => {
        response.writeHead(206, head);
        const drip = setInterval(() => response.write("x"), 20);
        response.on("close", () => clearInterval(drip));
      },
    ],
  ])("is given up when it %s", async (_, answer) => {
    const ended = new Promise<void>((resolve) => {
      site.answer = (_request, response) => {
        response.on("close", resolve);
        answer(response);
      };
    });
    expect(await refusalOf(remoteFiles({ ...options, timeLimitMs: 300 })(`${site.url}/`))).toEqual(generic);
    await ended;
  });

  it("is given up when its name is not resolved", async () => {
    const resolve = (): Promise<string[]> => new Promise(() => undefined);
    const open = remoteFiles({ ...options, resolve, timeLimitMs: 300 });
    expect(await refusalOf(open(`http://rebind.example:${site.port}/`))).toEqual(generic);
  });

  it("is given up in the midst of a read", async () => {
    const opened = await remoteFiles({ ...options, timeLimitMs: 2000 })(`${site.url}/`);
    site.answer = (_request, response) => {
      response.writeHead(206, { "content-range": `bytes 50000-50009/${file.length}` }).write("x");
    };
    const all = async (): Promise<void> => {
      for await (const chunk of opened.read({ offset: 50_000, length: 10 })) expect(chunk).toHaveLength(1);
    };
    expect(await refusalOf(all())).toEqual(generic);
    opened.close();
  });

  it("is read by only so many at once", async () => {
    const held: ServerResponse[] = [];
    site.answer = (_request, response) => void held.push(response);
    const open = remoteFiles(options);
    const waiting = Array.from({ length: 8 }, () => refusalOf(open(`${site.url}/`)));
    expect((await refusalOf(open(`${site.url}/`))).error).toBe("busy");
    for (let i = 0; i < 500 && held.length < 8; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    for (const response of held) response.destroy();
    for (const refusal of await Promise.all(waiting)) expect(refusal).toEqual(generic);
    site.answer = serve;
    await read(`${site.url}/`, { offset: 0, length: 1 }, options);
  });
});

it.each([
  ["8.8.8.8", true],
  ["1.1.1.1", true],
  ["223.5.5.5", true],
  ["2606:4700:4700::1111", true],
  ["2400:3200::1", true],
  ["192.88.99.1", false],
  ["203.0.113.1", false],
  ["5f00::1", false],
  ["3fff::1", false],
  ["", false],
  ["example.org", false],
])("%s is public: %s", (address, expected) => {
  expect(isPublicAddress(address)).toBe(expected);
});
