/** That no URL of a user makes the server connect to anything but public addresses. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { BoxcarError } from "../../src/errors.ts";
import { isPublicAddress } from "../../src/pictures/remote-url.ts";
import { remoteFiles, type RemoteOptions } from "../../src/runtime/remote-files.ts";

/**
 * `127.0.0.2` plays the public internet here, and every other address is forbidden by the real rule. The forbidden
 * listener counts connections on all other loopback addresses, both families.
 */
const PUBLIC = "127.0.0.2";
const options: RemoteOptions = {
  hosts: [],
  isAllowed: (address) => address === PUBLIC || isPublicAddress(address),
};

const file = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i % 251));

interface Site {
  readonly url: string;
  readonly port: number;
  requests: { url: string; range: string | undefined; host: string | undefined }[];
  answer: (request: IncomingMessage, response: ServerResponse) => void;
}

let site: Site;
let siteServer: Server;
let forbidden: TcpServer[];
let forbiddenPort = 0;
let connections = 0;

function ranged(request: IncomingMessage, response: ServerResponse): void {
  const [, from = "", to = ""] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
  const end = Math.min(file.length, Number(to) + 1);
  response.writeHead(206, { "content-range": `bytes ${from}-${end - 1}/${file.length}`, etag: '"1"' });
  response.end(file.subarray(Number(from), end));
}

beforeAll(async () => {
  siteServer = createServer((request, response) => {
    const { url = "", headers } = request;
    site.requests.push({ url, range: headers.range, host: headers.host });
    site.answer(request, response);
  });
  await new Promise<void>((resolve) => siteServer.listen(0, PUBLIC, resolve));
  const { port } = siteServer.address() as AddressInfo;
  site = { url: `http://${PUBLIC}:${port}`, port, requests: [], answer: ranged };
  // The same port on every address that could be reached by mistake: a redirect or a rebinding only changes the host.
  forbidden = [];
  forbiddenPort = 0;
  for (const host of ["127.0.0.1", "::1", "127.0.0.3"]) {
    const server = createTcpServer((socket) => {
      connections++;
      socket.on("error", () => undefined).resume();
      socket.end("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret");
    });
    const listening = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false)); // a machine without IPv6
      server.listen(forbiddenPort === 0 ? port : forbiddenPort, host, () => resolve(true));
    });
    if (!listening) continue;
    forbiddenPort = (server.address() as AddressInfo).port;
    forbidden.push(server);
  }
  expect(forbidden.length).toBeGreaterThan(0);
  expect(forbiddenPort).toBe(port);
});
afterAll(async () => {
  siteServer.closeAllConnections();
  for (const server of [siteServer, ...forbidden]) await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  connections = 0;
  site.requests = [];
  site.answer = ranged;
});

async function refusalOf(promise: Promise<unknown>): Promise<{ error: string; message: string }> {
  const cause: unknown = await promise.catch((error: unknown) => error);
  if (!(cause instanceof BoxcarError)) throw new Error(`no refusal: ${String(cause)}`);
  return { error: cause.error, message: cause.message };
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

/** Ways to write addresses that must not be reached. `PORT` is the forbidden listener's. */
const forms: readonly (readonly [name: string, host: string])[] = [
  ["loopback", "127.0.0.1"],
  ["loopback, another", "127.0.0.3"],
  ["short", "127.1"],
  ["shorter", "127.0.1"],
  ["hexadecimal", "0x7f.0.0.1"],
  ["hexadecimal, one number", "0x7f000001"],
  ["octal", "0177.0.0.1"],
  ["octal, long", "0177.0000.0000.0001"],
  ["dword", "2130706433"],
  ["mixed", "0x7f.1"],
  ["trailing dot", "127.0.0.1."],
  ["full-width digits", "１２７.0.0.1"],
  ["percent-encoded", "%31%32%37.0.0.1"],
  ["unspecified", "0.0.0.0"],
  ["zero", "0"],
  ["this network", "0.0.0.1"],
  ["private 10/8", "10.0.0.1"],
  ["private 172.16/12", "172.16.0.1"],
  ["private 192.168/16", "192.168.0.1"],
  ["carrier-grade NAT", "100.64.0.1"],
  ["link-local, cloud metadata", "169.254.169.254"],
  ["cloud metadata of Aliyun", "100.100.100.200"],
  ["protocol assignments", "192.0.0.192"],
  ["benchmarking", "198.18.0.1"],
  ["multicast", "224.0.0.1"],
  ["reserved", "240.0.0.1"],
  ["broadcast", "255.255.255.255"],
  ["IPv6 loopback", "[::1]"],
  ["IPv6 unspecified", "[::]"],
  ["v4-mapped", "[::ffff:127.0.0.1]"],
  ["v4-mapped, hexadecimal", "[::ffff:7f00:1]"],
  ["v4-compatible", "[::127.0.0.1]"],
  ["v4-translated", "[::ffff:0:127.0.0.1]"],
  ["NAT64", "[64:ff9b::7f00:1]"],
  ["NAT64, local", "[64:ff9b:1::7f00:1]"],
  ["6to4", "[2002:7f00:1::]"],
  ["Teredo", "[2001:0:7f00:1::]"],
  ["unique local", "[fd00::1]"],
  ["unique local, cloud metadata", "[fd00:ec2::254]"],
  ["IPv6 link-local", "[fe80::1]"],
  ["IPv6 site-local", "[fec0::1]"],
  ["IPv6 multicast", "[ff02::1]"],
  ["documentation", "[2001:db8::1]"],
  ["localhost", "localhost"],
  ["localhost with a dot", "localhost."],
  ["localhost, another case", "LOCALHOST"],
];

/** URLs that are refused for themselves. */
const urls: readonly (readonly [name: string, url: string])[] = [
  ["userinfo", "http://user:secret@127.0.0.2:PORT/"],
  ["a user that looks like a host", "http://127.0.0.2@127.0.0.1:PORT/"],
  ["file", "file:///etc/passwd"],
  ["ftp", "ftp://127.0.0.2:PORT/"],
  ["gopher", "gopher://127.0.0.1:PORT/"],
  ["data", "data:video/mp4;base64,AAAA"],
  ["rtsp", "rtsp://127.0.0.2:PORT/"],
  ["ffmpeg's concat", "concat:http://127.0.0.1:PORT/"],
  ["another protocol's port", "http://127.0.0.2:22/"],
  ["no host", "http:///x"],
  ["no URL", "video.mp4"],
  ["port out of range", "http://127.0.0.2:99999/"],
  ["zone", "http://[fe80::1%25lo]/"],
];

const generic = await refusalOf(remoteFiles(options)("nothing")); // what every refusal must look like

it("the forbidden listener would notice", async () => {
  const given = { ...options, hosts: ["127.0.0.1"] };
  expect((await read(`http://127.0.0.1:${forbiddenPort}/`, { offset: 0, length: 6 }, given)).toString()).toBe("secret");
  expect(connections).toBe(1);
});

describe("a forbidden address is never connected to", () => {
  it.each(forms)("%s, direct: %s", async (_, host) => {
    for (const scheme of ["http", "https"]) {
      const url = `${scheme}://${host}:${forbiddenPort}/video.mp4`;
      expect(await refusalOf(remoteFiles(options)(url))).toEqual(generic);
    }
    expect(connections).toBe(0);
  });

  it.each(forms)("%s, by a redirect: %s", async (_, host) => {
    site.answer = (_request, response) => {
      const location = `http://${host}:${forbiddenPort}/`;
      response.writeHead(302, { location: Buffer.from(location).toString("latin1") }).end(); // as bytes of UTF-8
    };
    expect(await refusalOf(remoteFiles(options)(`${site.url}/video.mp4`))).toEqual(generic);
    expect(connections).toBe(0);
    expect(site.requests).toHaveLength(1);
  });

  it.each(forms)("%s, by a name that resolves to it: %s", async (_, host) => {
    const { hostname } = new URL(`http://${host}/`);
    const address = hostname.replace(/^\[|\]$/g, "").replace(/^localhost\.?$/, "127.0.0.1");
    for (const addresses of [[address], [PUBLIC, address], [address, PUBLIC]]) {
      const resolve = (): Promise<string[]> => Promise.resolve(addresses);
      const open = remoteFiles({ ...options, resolve });
      expect(await refusalOf(open(`http://rebind.example:${forbiddenPort}/`)), addresses.join()).toEqual(generic);
    }
    expect(connections).toBe(0);
    expect(site.requests).toEqual([]);
  });

  it.each(urls)("%s: %s", async (_, url) => {
    expect(await refusalOf(remoteFiles(options)(url.replace("PORT", String(forbiddenPort))))).toEqual(generic);
    expect(connections).toBe(0);
    expect(site.requests).toEqual([]);
  });

  it("nor when a name resolves to another address from one request to the next", async () => {
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
    expect(connections).toBe(0);
  });

  it("nor when the name it was redirected to does so", async () => {
    let asked = 0;
    const resolve = (): Promise<string[]> => Promise.resolve([asked++ === 0 ? PUBLIC : "127.0.0.1"]);
    site.answer = (_request, response) => {
      response.writeHead(307, { location: `http://rebind.example:${site.port}/again` }).end();
    };
    const open = remoteFiles({ ...options, resolve });
    expect(await refusalOf(open(`http://rebind.example:${site.port}/`))).toEqual(generic);
    expect({ asked, connections }).toEqual({ asked: 2, connections: 0 });
  });

  it("nor when a later range is answered with a redirect", async () => {
    const opened = await remoteFiles(options)(`${site.url}/video.mp4`);
    site.answer = (_request, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${forbiddenPort}/` }).end();
    };
    const all = async (): Promise<void> => {
      for await (const chunk of opened.read({ offset: 100_000, length: 10 })) expect(chunk).toBeDefined();
    };
    expect(await refusalOf(all())).toEqual(generic);
    opened.close();
    expect(connections).toBe(0);
  });
});

describe("what is allowed", () => {
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
      if (step >= count) ranged(request, response);
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
      response.writeHead(206, { "content-range": "bytes 50000-50009/77777" }).end("0123456789");
    };
    const all = async (): Promise<void> => {
      for await (const chunk of opened.read({ offset: 50_000, length: 10 })) expect(chunk).toBeDefined();
    };
    expect(await refusalOf(all())).toEqual(generic);
    expect(await refusalOf(Promise.resolve().then(() => opened.read({ offset: file.length, length: 1 })))).toEqual(
      generic,
    );
    opened.close();
  });

  it("is not waited for without end, and only so many at once", async () => {
    const held: ServerResponse[] = [];
    site.answer = (_request, response) => void held.push(response);
    const open = remoteFiles(options);
    const waiting = Array.from({ length: 8 }, () => refusalOf(open(`${site.url}/`)));
    expect((await refusalOf(open(`${site.url}/`))).error).toBe("busy");
    // The limit of time is 10 s; ending the connections here is the same to the reader.
    for (let i = 0; i < 500 && held.length < 8; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    for (const response of held) response.destroy();
    for (const refusal of await Promise.all(waiting)) expect(refusal).toEqual(generic);
    site.answer = ranged;
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
