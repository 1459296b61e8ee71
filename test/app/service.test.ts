import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "./test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

describe("service calls", () => {
  it("/readyz answers", async () => {
    expect(await server.call("/readyz")).toEqual({ status: 200, json: { code: 0, message: "", data: null } });
  });

  it("/healthz says what runs and what it can do: a folder has no presigned requests, another store may", async () => {
    const health = async (of: TestServer): Promise<unknown> => (await of.call("/healthz")).json.data;
    expect(await health(server)).toEqual({
      runtime: "node",
      capabilities: { directUpload: false, pictures: true, remoteVideos: true, publicFiles: true, recording: true },
    });
    const signed = { method: "PUT", url: "", fields: {}, expiresMs: 0 } as const;
    const presign = { put: () => Promise.resolve(signed), get: () => Promise.resolve(signed) };
    const signing = await startTestServer({}, { store: { ...server.parts.store, presign } });
    expect(await health(signing)).toMatchObject({ capabilities: { directUpload: true } });
    await signing.close();
  });

  it("describes itself: every route, with what it takes and how it refuses", async () => {
    const { json } = await server.call("/openapi.json");
    const paths = json.paths as Record<string, Record<string, { parameters?: { name: string; in: string }[] }>>;
    const calls = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method} ${path}`),
    );
    expect(calls.toSorted()).toEqual([
      "delete /api/uploads/{id}",
      "delete /mp4/api/sources/{streamPath}",
      "get /api/chat/groupQrcode/{id}",
      "get /api/chat/qrcode",
      "get /api/uploads/{id}",
      "get /files/{key}",
      "get /healthz",
      "get /mp4/api/access",
      "get /mp4/api/catalog",
      "get /mp4/api/event/list/{streamPath}",
      "get /mp4/api/jobs",
      "get /mp4/api/list",
      "get /mp4/api/list/{streamPath}",
      "get /mp4/api/sources",
      "get /mp4/api/sources/{streamPath}",
      "get /mp4/api/timeline/{streamPath}",
      "get /mp4/dash/{file}",
      "get /mp4/download/{file}",
      "get /mp4/hls/{file}",
      "get /mp4/live/{file}",
      "get /mp4/snapshot/{file}",
      "get /mp4/sprite/{file}",
      "get /public/uploads/{key}",
      "get /readyz",
      "options /api/uploads",
      "patch /api/uploads/{id}",
      "post /api/chat/getVideoScreenshot",
      "post /api/chat/upload/callback",
      "post /api/chat/upload/complete",
      "post /api/chat/upload/presign",
      "post /api/chat/uploadAliyun",
      "post /api/chat/uploadStreamSingleToServerDiy/{dir}",
      "post /api/uploads",
      "post /api/uploads/{id}",
      "post /mp4/api/delete/{streamPath}",
      "post /mp4/api/event/start",
      "post /mp4/api/event/stop",
      "post /mp4/api/segments/confirm/{streamPath}",
      "post /mp4/api/segments/presign/{streamPath}",
      "post /mp4/api/start/{streamPath}",
      "post /mp4/api/stop/{streamPath}",
      "post /mp4/live/{streamPath}",
      "put /mp4/api/segments/{streamPath}",
      "put /mp4/api/sources/{streamPath}",
    ]);
    const sections = new Set((json.tags as { name: string }[]).map(({ name }) => name));
    const operations = Object.values(paths).flatMap((path) => Object.values(path) as { tags?: string[] }[]);
    expect(new Set(operations.flatMap(({ tags }) => tags ?? ["none"]))).toEqual(sections);
    const download = paths["/mp4/download/{file}"]?.get?.parameters ?? [];
    expect(download.map(({ name }) => name)).toEqual([
      ...["file", "id", "start", "end", "duration", "range", "tz"],
      ...[
        "cut",
        "gaps",
        "changes",
        "sound",
        "edits",
        "tag",
        "chapters",
        "captions",
        "filename",
        "event",
        "partial",
        "inline",
      ],
      ...["share", "lifetime", "expires", "signature"],
    ]);
    expect(JSON.stringify(json)).not.toContain("{.+}");
  });

  it("lets no cache answer one caller with what another one may see", async () => {
    for (const path of ["/mp4/api/catalog", "/mp4/api/list/*", "/nothing"])
      expect((await server.fetch(path)).headers.get("cache-control"), path).toMatch(/^no-(cache|store)$/);
  });

  it("shows its description on a page that loads nothing from elsewhere", async () => {
    const response = await server.fetch("/docs");
    const html = await response.text();
    expect(response.headers.get("content-security-policy")).toContain("default-src 'self'");
    expect(html.match(/(?:src|href)="[^"]*"/g)?.every((link) => link.includes('="/docs/'))).toBe(true);
    expect(await (await server.fetch("/docs/start.js")).text()).toContain("/openapi.json");
  });
});

describe("refusals", () => {
  it.each([
    ["GET", "/api/chat/qrcode", "text", undefined],
    ["POST", "/mp4/api/segments/presign/live/cam1", "size", undefined],
    ["POST", "/mp4/api/segments/confirm/live/cam1", "id", undefined],
    ["POST", "/api/chat/getVideoScreenshot", "time", { videoUrl: "http://localhost/x.mp4" }],
    ["POST", "/api/chat/upload/complete", "path", {}],
    ["POST", "/mp4/api/event/start", "streamPath", {}],
  ])("%s %s says that %s is missing", async (method, path, name, body) => {
    const headers = { "content-type": "application/json" };
    const given = body === undefined ? {} : { body: JSON.stringify(body), headers };
    const { status, json } = await server.call(path, { method, ...given });
    const data = typeof json.data === "string" ? json.data : "";
    expect({ status, text: data === "" ? json.message : data }).toEqual({
      status: 400,
      text: expect.stringContaining(`${name} is missing; `) as unknown,
    });
  });

  it.each([
    [
      "GET",
      "/mp4/api/timeline/live/cam1?cut=frame&cut=frame",
      "cut is given more than once; expected frame or keyframe.",
    ],
    ["PUT", "/mp4/api/sources/live/cam1", "url is missing; expected a text."],
    ["PUT", "/mp4/api/sources/live/cam1", "mode: expected auto, demand or event.", { url: "rtmp://a/b", mode: "x" }],
    ["PUT", "/mp4/api/sources/live/cam1", "labels: expected an object.", { url: "rtmp://a/b", labels: 1 }],
    ["GET", "/mp4/download/live/cam1.mp4?event=42", "live/cam1 has no event of id 42."],
  ])("%s %s says in words of its own: %s", async (method, path, message, body?: object) => {
    const { json } = await server.call(
      path,
      method === "PUT" ? { method, body: JSON.stringify(body ?? {}) } : { method },
    );
    expect(json.message).toContain(message);
    expect(json.message).not.toContain("Invalid");
  });

  it.each([
    ["GET", "/nothing"],
    ["GET", "/mp4/api/lists"],
    ["GET", "/docs/package.json"],
    ["GET", "/page/page.js.br"],
  ])("%s %s is JSON 404", async (method, path) => {
    const { status, json } = await server.call(path, { method });
    expect({ status, code: json.code, error: json.error }).toEqual({ status: 404, code: 404, error: "unknown_route" });
  });

  it.each([
    ["POST", "/mp4/download/live/cam1.mp4?id=1", "GET, HEAD"],
    ["DELETE", "/mp4/api/list/live/cam1", "GET, HEAD"],
    ["GET", "/mp4/api/delete/live/cam1", "POST"],
    ["OPTIONS", "/mp4/api/segments/live/cam1", "PUT"],
  ])("%s %s is JSON 405 and says what is allowed", async (method, path, allow) => {
    const response = await server.fetch(path, { method });
    expect({ status: response.status, allow: response.headers.get("allow") }).toEqual({ status: 405, allow });
    expect(await response.json()).toMatchObject({ code: 405, error: "method_not_allowed" });
  });

  it("of a defect show a request id and nothing else; the log has the rest", async () => {
    const failing = await startTestServer();
    await failing.parts.close();
    const response = await failing.fetch("/readyz");
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("5");
    expect(await response.json()).toMatchObject({ error: "not_ready" });

    const { status, json } = await failing.call("/mp4/api/catalog", { headers: { "x-request-id": "abc-123" } });
    expect({ status, ...json, message: "" }).toEqual({
      ...{ status: 500, code: 500, error: "internal", message: "", requestId: "abc-123" },
    });
    const logged = failing.logged.at(-1)?.fields;
    expect(logged?.requestId).toBe("abc-123");
    const [firstLine = ""] = String(logged?.error).split("\n");
    expect(firstLine.length).toBeGreaterThan(10);
    expect(json.message).not.toContain(firstLine);
    await failing.close();
  });
});

describe("who may", () => {
  const token = "0123456789-abcdefgh";
  let locked: TestServer;
  beforeAll(async () => {
    locked = await startTestServer({ BOXCAR_TOKEN: token });
  });
  afterAll(() => locked.close());

  it.each([
    [undefined, 401],
    ["", 401],
    ["Bearer", 401],
    ["Bearer wrong", 401],
    [`Bearer ${token}x`, 401],
    [`Bearer ${token.slice(0, -1)}`, 401],
    [`Basic ${token}`, 401],
    [`Bearer ${token}`, 200],
    [`bearer  ${token}`, 200],
  ])("Authorization %s answers %i", async (authorization, status) => {
    const response = await locked.fetch(
      "/mp4/api/catalog",
      authorization === undefined ? {} : { headers: { authorization } },
    );
    expect(response.status).toBe(status);
    if (status === 401) expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
    await response.arrayBuffer();
  });

  it("leaves health and description open", async () => {
    for (const path of ["/healthz", "/readyz", "/openapi.json", "/docs", "/docs/start.js"])
      expect((await locked.fetch(path)).status, path).toBe(200);
    expect((await locked.fetch("/mp4/download/live/cam1.mp4?id=1")).status).toBe(401);
  });

  it("keeps pages of other origins from changing anything on a server without a token", async () => {
    const remove = (origin: string): ReturnType<TestServer["call"]> =>
      server.call("/mp4/api/delete/live/cam1?ids=1", { method: "POST", headers: { origin } });
    expect(await remove("https://evil.example")).toMatchObject({ status: 403, json: { error: "cross_origin" } });
    expect(await remove("null")).toMatchObject({ status: 403 });
    expect(await remove(server.url)).toMatchObject({ status: 404 });
  });
});

it("refuses a path that climbs, however it is written", async () => {
  // fetch would resolve the dots by itself
  const status = await new Promise((resolve) => {
    const path = "/mp4/download/../../../etc/passwd.mp4?id=1";
    request({ host: "127.0.0.1", port: server.port, path }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).end();
  });
  expect([400, 404]).toContain(status);
});
