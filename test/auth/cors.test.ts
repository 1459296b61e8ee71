import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addSegment, startTestServer, type TestServer } from "../app/test-server.ts";

const token = "0123456789-abcdefgh";
const authorization = `Bearer ${token}`;
const app = "https://app.example.org";
const admin = "https://admin.example.org:8443";

const open = (env: Record<string, string>): Promise<TestServer> =>
  startTestServer({ BOXCAR_TOKEN: token, BOXCAR_CLIENT_RATE: "60", ...env });

/** What browsers ask before they let a page send a request that no form could send. */
const preflight = (server: TestServer, origin: string, method: string, path: string): Promise<Response> =>
  server.fetch(path, {
    method: "OPTIONS",
    headers: {
      ...{ origin, "access-control-request-method": method },
      "access-control-request-headers": "authorization,range,content-type",
    },
  });

const corsFields = (response: Response): string[] =>
  [...response.headers.keys()].filter((name) => name.startsWith("access-control-"));
const list = (response: Response, name: string): string[] =>
  (response.headers.get(name) ?? "").split(",").map((text) => text.trim().toLowerCase());

/** Names of fields that boxcar alone sends, as its sources write them. */
const ownFields = new Set(
  readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => readFileSync(join("src", file), "utf8").match(/(?<=")Boxcar-[A-Za-z]+(?=")/g) ?? [])
    .map((name) => name.toLowerCase()),
);

describe("a server with listed origins", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await open({ BOXCAR_CORS_ORIGINS: `${app}, ${admin}`, BOXCAR_CLIENT_RATE: "0" });
    await addSegment(server.parts, { streamPath: "live/cam", startMs: 0, endMs: 1000 }, new Uint8Array(9));
  });
  afterAll(() => server.close());

  it.each([
    ["GET", "/mp4/download/live/cam.mp4?id=1"],
    ["PUT", "/mp4/api/segments/live/cam"],
    ["POST", "/mp4/api/delete/live/cam"],
    ["POST", "/api/chat/uploadAliyun"],
  ])("answers what a browser asks before %s %s, without a token", async (method, path) => {
    for (const origin of [app, admin]) {
      const response = await preflight(server, origin, method, path);
      expect(response.status).toBe(204);
      expect(response.headers.get("access-control-allow-origin")).toBe(origin);
      expect(response.headers.get("access-control-allow-credentials")).toBe("true");
      expect(response.headers.get("access-control-max-age")).toBe("7200");
      expect(response.headers.get("vary")).toBe("Origin");
      expect(list(response, "access-control-allow-methods")).toContain(method.toLowerCase());
      const fields = list(response, "access-control-allow-headers");
      for (const name of ["authorization", "range", "content-type", "if-range", "if-none-match", "idempotency-key"])
        expect(fields).toContain(name);
    }
  });

  it.each([
    ["a download", 200, "/mp4/download/live/cam.mp4?id=1", {}],
    ["a part", 206, "/mp4/download/live/cam.mp4?id=1", { range: "bytes=2-4" }],
    ["a list", 200, "/mp4/api/list/live/cam", {}],
    ["a bad range", 416, "/mp4/download/live/cam.mp4?id=1", { range: "bytes=99-" }],
    ["a bad parameter", 400, "/mp4/api/list/live/cam?pageNum=x", {}],
    ["a missing token", 401, "/mp4/api/catalog", { authorization: "" }],
    ["a wrong token", 401, "/mp4/api/catalog", { authorization: "Bearer nothing-of-the-kind" }],
    ["a missing call", 404, "/nothing", {}],
    ["a refused chat call", 400, "/api/chat/qrcode", {}],
  ])("lets its pages read %s (%i)", async (_, status, path, fields) => {
    const response = await server.fetch(path, { headers: { authorization, origin: app, ...fields } });
    await response.arrayBuffer();
    expect(response.status).toBe(status);
    expect(response.headers.get("access-control-allow-origin")).toBe(app);
    expect(response.headers.get("access-control-allow-credentials")).toBe("true");
    expect(response.headers.get("vary")).toContain("Origin");
    const exposed = list(response, "access-control-expose-headers");
    for (const name of ["content-range", "etag", "accept-ranges", "content-disposition", "x-request-id", "retry-after"])
      expect(exposed).toContain(name);
    for (const name of ownFields) expect(exposed).toContain(name);
  });

  it("has fields of its own, all of which its pages can read", () => {
    expect([...ownFields].toSorted()).toEqual([
      ...["boxcar-changes", "boxcar-end", "boxcar-gaps", "boxcar-joints", "boxcar-start", "boxcar-time"],
    ]);
  });

  it("lets its pages read a 405, too", async () => {
    const init = { method: "DELETE", headers: { authorization, origin: app } };
    const response = await server.fetch("/mp4/api/catalog", init);
    expect(response.status).toBe(405);
    expect(response.headers.get("access-control-allow-origin")).toBe(app);
  });

  it.each([
    "https://evil.example",
    "http://app.example.org",
    "https://app.example.org:444",
    "https://app.example.org.evil.example",
    "https://APP.example.org",
    "https://sub.app.example.org",
    "null",
    "",
    `${app}, ${admin}`,
    "*",
  ])("says nothing to pages of %j", async (origin) => {
    const asked = await preflight(server, origin, "GET", "/mp4/api/catalog");
    expect(corsFields(asked)).toEqual([]);
    expect(asked.status).toBe(405); // OPTIONS is no call of its own
    const answered = await server.fetch("/mp4/api/catalog", { headers: { authorization, origin } });
    expect(answered.status).toBe(200);
    expect(corsFields(answered)).toEqual([]);
    expect(answered.headers.get("vary")).toBe("Origin"); // else a cache could hand it to a listed page
  });
});

describe("other servers", () => {
  it("open to all origins answer with *, which takes no credentials that browsers keep", async () => {
    const server = await open({ BOXCAR_CORS_ORIGINS: "*", BOXCAR_CLIENT_RATE: "0" });
    for (const response of [
      await preflight(server, "https://any.example", "PUT", "/mp4/api/segments/live/cam"),
      await server.fetch("/mp4/api/catalog", { headers: { authorization, origin: "https://any.example" } }),
      await server.fetch("/mp4/api/catalog", { headers: { authorization, origin: "null" } }),
    ]) {
      expect(response.headers.get("access-control-allow-origin")).toBe("*");
      expect(response.headers.get("access-control-allow-credentials")).toBeNull();
      expect(response.ok).toBe(true);
    }
    await server.close();
  });

  it("without origins have no such fields", async () => {
    const server = await open({});
    const response = await server.fetch("/mp4/api/catalog", { headers: { authorization, origin: app } });
    expect(corsFields(response)).toEqual([]);
    expect(response.headers.get("vary")).toBeNull();
    await server.close();
  });

  it("let pages read that they asked too often", async () => {
    const server = await open({ BOXCAR_CORS_ORIGINS: app, BOXCAR_CLIENT_RATE: "2" });
    const statuses: number[] = [];
    let last: Response | undefined;
    for (let i = 0; i < 4; i++) {
      last = await server.fetch("/healthz", { headers: { origin: app } });
      statuses.push(last.status);
    }
    expect(statuses).toEqual([200, 200, 429, 429]);
    expect(last?.headers.get("access-control-allow-origin")).toBe(app);
    // What browsers ask beforehand is not counted: a page could not tell why it was refused.
    expect((await preflight(server, app, "GET", "/healthz")).status).toBe(204);
    await server.close();
  });
});
