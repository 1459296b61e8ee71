import { createHash } from "node:crypto";
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addSegment, startTestServer, type TestServer } from "../app/test-server.ts";
import { random, seedOf, type Random } from "../support/random.ts";

const streams = [
  "live/cam1",
  "live/cam2",
  "lives",
  "lives/cam1",
  "other/live/cam1",
  "caf\u00e9/1",
  "cafe\u0301/1",
  "100%/a b",
];
const patterns = ["*", "live/*", "live/cam1", "live*", "*/cam1", "other/*", "caf\u00e9/*", "100%/*", "nothing/*"];
const scopes = ["read", "upload", "record", "delete", "admin"] as const;
type Grant = readonly [(typeof scopes)[number], string];

/** What the grants mean, said another way than the server does. */
function may(grants: readonly Grant[], scope: string, stream: string | undefined): boolean {
  return grants.some(
    ([granted, pattern]) =>
      (granted === scope || granted === "admin") &&
      (stream === undefined ? pattern === "*" : new RegExp(`^${pattern.replaceAll("*", ".*")}$`, "s").test(stream)),
  );
}

const encoded = (stream: string, slash = "/"): string => stream.split("/").map(encodeURIComponent).join(slash);

/** A call about a stream: the scope it needs, and how it is made. */
const calls: readonly [scope: string, method: string, path: (stream: string, ids: number) => string][] = [
  ["read", "GET", (stream, id) => `/mp4/download/${encoded(stream)}.mp4?id=${id}`],
  ["read", "HEAD", (stream, id) => `/mp4/download/${encoded(stream)}.mp4?id=${id}`],
  ["read", "GET", (stream, id) => `/mp4/download/${encoded(stream, "%2F")}.mp4?id=${id}`],
  ["read", "GET", (stream) => `/mp4/api/timeline/${encoded(stream)}?start=0&end=500`],
  ["read", "GET", (stream) => `/mp4/api/list/${encoded(stream)}`],
  ["read", "GET", (stream) => `/mp4/snapshot/${encoded(stream)}.jpg`],
  ["read", "GET", (stream) => `/mp4/sprite/${encoded(stream)}.vtt?start=0&end=500`],
  ["upload", "PUT", (stream) => `/mp4/api/segments/${encoded(stream)}?start=5`],
  ["delete", "POST", (stream) => `/mp4/api/delete/${encoded(stream)}?ids=999999`],
];
/** Calls about no stream. */
const plainCalls: readonly [scope: string, method: string, path: string][] = [
  ["admin", "GET", "/metrics"],
  ["upload", "POST", "/api/chat/uploadAliyun"],
  ["upload", "POST", "/api/chat/uploadStreamSingleToServerDiy/chat"],
];

interface Caller {
  readonly token: string | undefined;
  readonly grants: readonly Grant[];
}

function someCallers(dice: Random): Caller[] {
  const token = (): string => Buffer.from(dice.bytes(24)).toString("base64url");
  const grant = (): Grant => [dice.pick(scopes), dice.pick(patterns)];
  return Array.from({ length: 30 }, () => ({
    token: token(),
    grants: Array.from({ length: 1 + dice.below(3) }, grant),
  }));
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const written = ([scope, pattern]: Grant): string => (pattern === "*" ? scope : `${scope}:${pattern}`);

describe("calls of callers with any permissions", () => {
  const dice = random(seedOf(6));
  const guests: readonly Grant[] = [["read", "live/cam1"]];
  const callers = someCallers(dice);
  const ids = new Map<string, number>();
  let server: TestServer;
  beforeAll(async () => {
    const tokens = callers.map(({ token = "", grants }, i) => ({
      name: `caller-${i}`,
      scopes: grants.map(written),
      ...(i % 2 === 0 ? { token } : { sha256: sha256(token) }),
    }));
    server = await startTestServer({
      BOXCAR_TOKENS: JSON.stringify(tokens),
      BOXCAR_GUESTS: guests.map(written).join(","),
      BOXCAR_TOKEN_RATE: "0",
      BOXCAR_CLIENT_RATE: "0",
    });
    for (const streamPath of streams)
      ids.set(
        streamPath,
        (await addSegment(server.parts, { streamPath, startMs: 0, endMs: 1000 }, new Uint8Array(9))).id,
      );
  });
  afterAll(() => server.close());

  const init = (method: string, { token }: Caller): RequestInit => ({
    method,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    ...(method === "PUT" ? { body: "rubbish" } : {}),
  });

  it("are let through exactly where a permission covers them", async () => {
    const counts = { allowed: 0, refused: 0 };
    for (const caller of [...callers, { token: undefined, grants: guests }])
      for (const stream of streams)
        for (const [scope, method, path] of calls) {
          const response = await server.fetch(path(stream, ids.get(stream) ?? 0), init(method, caller));
          const json = (method === "HEAD" ? {} : await response.json().catch(() => ({}))) as { scope?: string };
          const about = `seed ${dice.seed}: ${caller.grants.map(written).join()} ${method} ${path(stream, 0)} ${response.status}`;
          if (may(caller.grants, scope, stream)) {
            counts.allowed++;
            expect([401, 403], about).not.toContain(response.status);
          } else {
            counts.refused++;
            const guestWithout = caller.token === undefined;
            expect(response.status, about).toBe(guestWithout ? 401 : 403);
            const challenge = response.headers.get("www-authenticate");
            if (guestWithout) expect(challenge).toBe('Bearer realm="boxcar"');
            else expect(challenge).toBe(`Bearer realm="boxcar", error="insufficient_scope", scope="${scope}"`);
            if (!guestWithout && method !== "HEAD") expect(json.scope, about).toBe(scope);
          }
        }
    expect(counts.allowed).toBeGreaterThan(100);
    expect(counts.refused).toBeGreaterThan(100);
  });

  it("about no stream need a permission that is not narrowed", async () => {
    for (const caller of callers)
      for (const [scope, method, path] of plainCalls) {
        const { status } = await server.fetch(path, init(method, caller));
        const about = `seed ${dice.seed}: ${caller.grants.map(written).join()} ${method} ${path} ${status}`;
        if (may(caller.grants, scope, undefined)) expect([401, 403], about).not.toContain(status);
        else expect(status, about).toBe(403);
      }
  });

  it("of lists and the catalog show the streams that may be read, and no others", async () => {
    for (const caller of [...callers, { token: undefined, grants: guests }]) {
      const readable = streams.filter((stream) => may(caller.grants, "read", stream));
      const some = caller.grants.some(([scope]) => scope === "read" || scope === "admin");
      for (const [path, expected] of [
        ["/mp4/api/catalog", readable],
        ["/mp4/api/list/*?pageSize=100", readable],
        ["/mp4/api/list/live*?pageSize=100", readable.filter((stream) => stream.startsWith("live"))],
      ] as const) {
        const { status, json } = await server.call(path, init("GET", caller));
        const about = `seed ${dice.seed}: ${caller.grants.map(written).join()} ${path}`;
        expect(status, about).toBe(some ? 200 : 403);
        if (!some) continue;
        const data = json.data as { streamPath: string }[];
        expect(data.map(({ streamPath }) => streamPath).toSorted(), about).toEqual([...expected].toSorted());
        if (json.total !== undefined) expect(json.total, about).toBe(expected.length);
      }
    }
  });
});

describe("a token for live/*", () => {
  const token = "0123456789-abcdefgh";
  let server: TestServer;
  beforeAll(async () => {
    const scopes = ["read:live/*", "delete:live/*"];
    server = await startTestServer({ BOXCAR_TOKENS: JSON.stringify([{ name: "narrow", token, scopes }]) });
    await addSegment(server.parts, { streamPath: "secret/cam", startMs: 0, endMs: 1000 }, new Uint8Array(9));
    await addSegment(server.parts, { streamPath: "live/cam", startMs: 0, endMs: 1000 }, new Uint8Array(9));
  });
  afterAll(() => server.close());

  /** The status of a request whose path is sent as it is written. */
  const raw = (path: string, method = "GET"): Promise<number> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}` };
      const sent = request({ host: "127.0.0.1", port: server.port, path, method, headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      sent.on("error", reject);
      sent.end();
    });

  it.each([
    "/mp4/download/live/../secret/cam.mp4?id=1",
    "/mp4/download/live/..%2Fsecret/cam.mp4?id=1",
    "/mp4/download/live/%2e%2e/secret/cam.mp4?id=1",
    "/mp4/download/live%2F..%2Fsecret%2Fcam.mp4?id=1",
    "/mp4/download/live/%252e%252e/secret/cam.mp4?id=1",
    "/mp4/download/live/..%5Csecret/cam.mp4?id=1",
    "/mp4/download//live/cam.mp4?id=2",
    "/mp4/download/secret/cam.mp4?id=1",
    "/mp4/download/SECRET/cam.mp4?id=1",
    "/mp4/download/live/cam.mp4?id=1",
    "/mp4/download/secret%2Fcam.mp4?id=1",
    "/mp4/download/live/./../secret/cam.mp4?id=1",
    "/mp4//download/secret/cam.mp4?id=1",
    "/mp4/download/live/cam.mp4%00/../secret/cam.mp4?id=1",
    "/mp4/api/timeline/live/%2e%2e/secret/cam?start=0&end=500",
    "/mp4/api/list/live/%2e%2e/secret/cam",
    "/mp4/api/list/secret/cam",
  ])("does not open %s", async (path) => {
    expect([400, 403, 404]).toContain(await raw(path));
  });

  it("opens its own stream, also with escaped slashes", async () => {
    expect(await raw("/mp4/download/live/cam.mp4?id=2")).toBe(200);
    expect(await raw("/mp4/download/live%2Fcam.mp4?id=2")).toBe(200);
    expect(await raw("/mp4/download/%6Cive/cam.mp4?id=2")).toBe(200);
  });

  it("deletes nothing elsewhere, by whatever name", async () => {
    for (const path of ["secret/cam?ids=1", "live/cam?ids=1", "*?ids=1", "live/*?ids=1", "live/..%2Fsecret/cam?ids=1"])
      expect([400, 403, 404], path).toContain(await raw(`/mp4/api/delete/${path}`, "POST"));
    expect(await server.parts.catalog.segment(1)).toBeDefined();
  });
});

describe("credentials", () => {
  const token = "0123456789-abcdefgh";
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ BOXCAR_TOKEN: token });
  });
  afterAll(() => server.close());

  it("that are presented and wrong are refused, also where anyone may come", async () => {
    for (const path of ["/healthz", "/mp4/api/catalog", "/nothing"]) {
      const response = await server.fetch(path, { headers: { authorization: "Bearer wrong-wrong-wrong-wrong" } });
      expect(response.status, path).toBe(401);
      expect(response.headers.get("www-authenticate")).toBe('Bearer realm="boxcar", error="invalid_token"');
      expect(await response.json()).toMatchObject({ error: "invalid_token" });
    }
  });

  it.each([
    "",
    "Bearer",
    "Bearer ",
    `Basic ${token}`,
    `Bearer ${token} ${token}`,
    `Bearer ${token}x`,
    token,
    "Bearer a.b.c",
  ])("written %j are none", async (authorization) => {
    expect((await server.fetch("/mp4/api/catalog", { headers: { authorization } })).status).toBe(401);
  });
});

describe("a server without tokens", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ BOXCAR_CORS_ORIGINS: "https://app.example" });
  });
  afterAll(() => server.close());

  const status = (headers: Record<string, string>, method = "GET", path = "/mp4/api/catalog"): Promise<number> =>
    new Promise((resolve, reject) => {
      const sent = request({ host: "127.0.0.1", port: server.port, path, method, headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      sent.on("error", reject);
      sent.end();
    });

  it("answers under addresses and localhost, not under names that a page made point to it", async () => {
    for (const host of ["localhost", "localhost:99", "127.0.0.1", "[::1]:8080", "cam.localhost"])
      expect(await status({ host }), host).toBe(200);
    for (const host of ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil-localhost"])
      expect(await status({ host }), host).toBe(421);
  });

  it("lets pages of configured origins change things, and no others", async () => {
    const remove = "/mp4/api/delete/a?ids=1";
    expect(await status({ origin: "https://app.example" }, "POST", remove)).toBe(404);
    expect(await status({ origin: "https://evil.example" }, "POST", remove)).toBe(403);
  });
});
