/** That no URL of a user makes the server connect to anything but public addresses: every form by every way. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { lookup } from "node:dns/promises";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { ClientRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { remoteFiles } from "../../src/runtime/outbound/remote-files.ts";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { recordNumbered } from "../browser/numbered-recording.ts";
import { options, PUBLIC, ranged, startOutside, type Answer, type Outside } from "./outside.ts";

/** Ways to write addresses that must not be reached. */
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
const others: readonly (readonly [name: string, url: string])[] = [
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

/** A name in the asker's own zone. */
const NAME = "rebind.example";

let folder: string;
let server: TestServer;
let outside: Outside;
let serve: Answer;
/** What `NAME` resolves to: the n-th answer, then the last one again and again. */
let answers: string[][] = [];
/** Addresses other than the public one to which a request was begun, whether or not anything listens there. */
let attempts: string[] = [];

const begun = (message: unknown): void => {
  const { host } = (message as { request: ClientRequest }).request;
  if (host !== PUBLIC) attempts.push(host);
};
async function resolve(name: string): Promise<string[]> {
  if (name === NAME) return (answers.length > 1 ? answers.shift() : answers[0]) ?? [];
  return (await lookup(name, { all: true })).map(({ address }) => address);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "boxcar-ssrf-"));
  const [file = ""] = await recordNumbered({ folder, name: "v", segments: 1, seconds: 4, size: "320x192" });
  serve = ranged(await readFile(file));
  outside = await startOutside(serve);
  const env = { BOXCAR_CLIENT_RATE: "0", BOXCAR_TOKEN_RATE: "0" };
  server = await startTestServer(env, { openRemote: remoteFiles({ ...options, resolve }) });
  subscribe("http.client.request.start", begun);
});
afterAll(async () => {
  unsubscribe("http.client.request.start", begun);
  await server.close();
  await outside.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  outside.answer = serve;
});

/** What the server makes of a video URL: the refusal, or that there is a picture. */
async function ask(videoUrl: string): Promise<string> {
  [attempts, outside.connections, outside.requests] = [[], 0, []];
  const body = JSON.stringify({ videoUrl, time: 3500 });
  const init = { method: "POST", headers: { "content-type": "application/json" }, body };
  const response = await server.fetch("/api/chat/getVideoScreenshot", init);
  const { msg, data } = (await response.json()) as { msg: string; data: unknown };
  return msg === "ok" ? "picture" : `${response.status} ${String(data)}`;
}

/** One cell of the matrix. */
async function cell(videoUrl: string, generic: string): Promise<string> {
  const answer = await ask(videoUrl);
  const said = answer === generic ? "refused" : answer;
  const reached = outside.connections + attempts.length;
  return reached === 0 ? said : `${said}, REACHED ${attempts.join(" ")}`;
}

it("the listener, and the count of requests, would notice", async () => {
  const listed = await startTestServer({ BOXCAR_FETCH_HOSTS: "127.0.0.1" });
  const before = server;
  server = listed;
  try {
    await ask(`http://127.0.0.1:${outside.port}/video.mp4`);
    expect({ attempts, connections: outside.connections }).toEqual({ attempts: ["127.0.0.1"], connections: 1 });
  } finally {
    server = before;
    await listed.close();
  }
});

it("every form of a forbidden address by every way is refused alike, and nothing is connected to", async () => {
  const generic = await ask("http://name-that-is-not.invalid/");
  expect(generic).toMatch(/^400 The video could not be read from its URL/);
  const { port } = outside;
  const rows: string[][] = [];
  for (const [name, host] of forms) {
    const written = `http://${host}:${port}/video.mp4`;
    const direct = await cell(written, generic);
    const secure = await cell(written.replace("http", "https"), generic);

    outside.answer = (_request, response) => {
      response.writeHead(302, { location: Buffer.from(written).toString("latin1") }).end(); // as bytes of UTF-8
    };
    const redirect = await cell(`${outside.url}/video.mp4`, generic);
    expect(outside.requests).toHaveLength(1);

    const { hostname } = new URL(written);
    const address = hostname.replace(/^\[|\]$/g, "").replace(/^localhost\.?$/, "127.0.0.1");
    const named = `http://${NAME}:${port}/video.mp4`;
    outside.answer = serve;
    answers = [[address]];
    const resolved = await cell(named, generic);
    answers = [[PUBLIC, address]];
    const among = await cell(named, generic);
    expect(outside.requests).toEqual([]);

    // Public when it is checked, and forbidden ever after.
    answers = [[PUBLIC], [address]];
    const rebound = await cell(named, generic);
    expect(outside.requests.length, "requests of the pinned address").toBeGreaterThan(1);
    outside.answer = (_request, response) => {
      response.writeHead(307, { location: `http://${NAME}:${port}/again` }).end();
    };
    answers = [[PUBLIC], [address]];
    const reboundRedirect = await cell(named, generic);

    rows.push([name, host, direct, secure, redirect, resolved, among, rebound, reboundRedirect]);
  }
  const heads = ["form", "written", "http", "https", "redirect", "name", "name, with a public address"];
  const table = [[...heads, "rebinding while read", "rebinding at a redirect"], ...rows];
  for (const row of rows)
    expect(row.slice(2), row[0]).toEqual([...Array<string>(5).fill("refused"), "picture", "refused"]);
  await expect(`${table.map((row) => row.join(" | ")).join("\n")}\n`).toMatchFileSnapshot("ssrf-matrix.txt");
});

it("what is no URL of a public video is refused in the same words", async () => {
  const generic = await ask("http://name-that-is-not.invalid/");
  for (const [name, url] of others) {
    const answer = await cell(url.replace("PORT", String(outside.port)), generic);
    expect({ name, answer, requests: outside.requests }).toEqual({ name, answer: "refused", requests: [] });
  }
});

it.each([301, 302, 303, 307, 308])("a redirect with %i is checked", async (status) => {
  const generic = await ask("http://name-that-is-not.invalid/");
  for (const location of [
    `http://127.0.0.1:${outside.port}/`,
    `//127.0.0.1:${outside.port}/`,
    "file:///etc/passwd",
    "",
  ]) {
    outside.answer = (_request, response) => {
      response.writeHead(status, { location }).end();
    };
    expect(await cell(`${outside.url}/video.mp4`, generic), location).toBe("refused");
  }
});
