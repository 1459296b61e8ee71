import { request } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "./test-server.ts";

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "TRACE"];

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

interface Answer {
  readonly status: number;
  readonly allow: string | undefined;
  readonly body: string;
}

/** `fetch` refuses some methods. */
const send = (method: string, path: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port: server.port, path, method, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, allow: response.headers.allow, body }));
    });
    sent.on("error", reject).end();
  });

/** Of the paths that a pattern of the description takes. */
const regex = (pattern: string): RegExp => {
  const spans = /\{(streamPath|file|key)\}/g; // may hold slashes
  return new RegExp(`^${pattern.replace(spans, ".+").replaceAll(/\{\w+\}/g, "[^/]+")}$`);
};

/** Its envelope has few statuses. */
const isChat = (path: string): boolean => path.startsWith("/api/chat/");

describe("a method that a path does not have", () => {
  it("is 405 with those it has, on every path", async () => {
    const { json } = await server.call("/openapi.json");
    const described = Object.entries(json.paths as Record<string, object>).map(
      ([pattern, item]) => [pattern, Object.keys(item)] as const,
    );
    const others = ["/", "/docs", "/docs/start.js", "/openapi.json", "/metrics"].map(
      (path) => [path, ["get"]] as const,
    );
    const all = [...described, ...others];
    let refused = 0;
    for (const [pattern] of all) {
      const path = pattern.replaceAll(/\{\w+\}/g, "x");
      // A stream may be named presign/x: several patterns may take one path.
      const has = all.flatMap(([other, its]) => (regex(other).test(path) ? its : [])).map((it) => it.toUpperCase());
      const allowed = [...new Set(has.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])))];
      for (const method of methods.filter((it) => !allowed.includes(it))) {
        const { status, allow, body } = await send(method, path);
        refused++;
        expect({ method, path, status }).toEqual({ method, path, status: isChat(path) ? 400 : 405 });
        expect(allow?.split(", ").toSorted(), path).toEqual(allowed.toSorted());
        if (method === "HEAD") expect(body).toBe("");
        else if (isChat(path)) expect(JSON.parse(body)).toMatchObject({ msg: "fail" });
        else expect(JSON.parse(body)).toMatchObject({ code: 405, error: "method_not_allowed" });
      }
    }
    expect(refused).toBeGreaterThan(100);
  });

  it("is 404 where there is no path", async () => {
    for (const method of methods) expect((await send(method, "/nothing")).status, method).toBe(404);
  });

  it("is not another one because a field says so", async () => {
    for (const name of ["x-http-method-override", "x-http-method", "x-method-override"]) {
      const response = await server.fetch("/mp4/api/catalog", { method: "POST", headers: { [name]: "GET" } });
      expect(response.status).toBe(405);
      const read = await server.fetch("/mp4/api/delete/live/cam1?ids=1", { headers: { [name]: "POST" } });
      expect(read.status).toBe(405);
    }
  });
});

describe("a small body that breaks off", () => {
  it.each([
    ["of a stated length", "content-length: 10\r\n\r\n{"],
    ["in chunks", "transfer-encoding: chunked\r\n\r\n1\r\n{\r\n"],
    ["in chunks that are none", "transfer-encoding: chunked\r\n\r\n1\r\n{\r\nzz\r\n"],
  ])("%s is its client's doing, and no defect of the server", async (_, sent) => {
    const since = server.lines.length;
    const path = "/mp4/api/delete/live/none";
    const socket = connect(server.port, "127.0.0.1").on("error", () => undefined);
    socket.write(`POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${sent}`);
    setTimeout(() => socket.destroy(), 50);
    const answered = (): unknown =>
      server.lines.slice(since).find(({ message, fields }) => message === "request" && fields?.path === path)?.fields
        ?.status;
    await expect.poll(answered, { interval: 20, timeout: 5000 }).toBe(400);
    expect(server.lines.slice(since).filter(({ level }) => level === "error")).toEqual([]);
  });
});
