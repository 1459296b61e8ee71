import { readFile } from "node:fs/promises";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { jsonLog } from "../../src/runtime/node/log.ts";
import { png } from "../support/forms.ts";
import { RECORDED_AT, record } from "../support/recording.ts";

/** Everything that must not be seen in a log. Each text holds nothing else that is logged. */
const secrets = {
  admin: "administrators-token-58213",
  recorder: "recorders-token-97714",
  wrong: "nobodys-token-33170",
  jwtKey: "key-of-json-web-tokens-of-32-bytes",
  linkKey: "key-of-signed-links-of-32-characters",
};
const audience = "boxcar";
const inQueries = ["token", "access_token", "api_key", "authorization", "signature", "key", "password"];

let server: TestServer;
let jwt: string;
beforeAll(async () => {
  const scopes = ["upload:live/*"];
  server = await startTestServer({
    BOXCAR_TOKEN: secrets.admin,
    BOXCAR_TOKENS: JSON.stringify([{ name: "recorder", scopes, token: secrets.recorder }]),
    BOXCAR_JWT_SECRET: secrets.jwtKey,
    BOXCAR_JWT_AUDIENCE: audience,
    BOXCAR_LINK_SECRET: secrets.linkKey,
    BOXCAR_GUESTS: "read:public/*",
    BOXCAR_CLIENT_RATE: "0",
    BOXCAR_TOKEN_RATE: "0",
  });
  jwt = await new SignJWT({ scope: "read delete:live/*", sub: "anna", aud: audience })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(secrets.jwtKey));
  const [segment] = await record({ count: 1, seconds: 2 });
  const body = await readFile(segment?.file ?? "");
  expect((await server.fetch(...put("live/cam1", body, secrets.recorder))).status).toBe(201);
});
afterAll(() => server.close());

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const put = (stream: string, body: BodyInit, token: string): [string, RequestInit] => [
  `/mp4/api/segments/${stream}?start=${RECORDED_AT}`,
  { method: "PUT", body, headers: bearer(token) },
];

const logOf = (): string => server.lines.map((line) => JSON.stringify(line)).join("\n");
type Fields = Record<string, unknown>;
const audits = (): Fields[] =>
  server.lines.filter(({ message }) => message === "audit").map(({ fields }) => fields ?? {});

/** Every call of the description, with values in its path. */
async function calls(): Promise<{ method: string; path: string }[]> {
  const { json } = await server.call("/openapi.json");
  const values: Record<string, string> = { streamPath: "live/cam1", file: "live/cam1.mp4", dir: "chat" };
  return Object.entries(json.paths as Record<string, Record<string, unknown>>).flatMap(([pattern, item]) =>
    Object.keys(item).map((method) => ({
      method: method.toUpperCase(),
      path: pattern.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "1"),
    })),
  );
}

describe("the log", () => {
  it("holds no token, wherever one was written, and no signature, whatever is called", async () => {
    const shown = new Set(Object.values(secrets));
    const link = async (path: string): Promise<string> => {
      const { json } = await server.call(`${path}&share=1`, { headers: bearer(secrets.admin) });
      const url = new URL((json.data as { url: string }).url);
      shown.add(url.searchParams.get("signature") ?? "none");
      return url.pathname + url.search;
    };
    const links = [
      await link("/mp4/download/live/cam1.mp4?id=1"),
      await link("/mp4/api/timeline/live/cam1?start=2026-01-31T10:00:00Z"),
      await link("/mp4/snapshot/live/cam1.jpg?width=64"),
    ];
    for (const part of jwt.split(".")) shown.add(part);
    const everywhere = [
      ...[...Object.values(secrets), jwt].map((token) => ({ headers: bearer(token), query: "" })),
      ...[...shown].map((secret) => ({ headers: { authorization: `Basic ${secret}` }, query: "" })),
      ...inQueries.map((name) => ({ headers: {}, query: `${name}=${secrets.admin}` })),
      { headers: { cookie: `token=${secrets.admin}`, "x-api-key": secrets.admin }, query: "" },
      { headers: { referer: `https://app.example/?token=${secrets.admin}` }, query: "" },
      { headers: { "user-agent": secrets.admin, "x-forwarded-for": secrets.admin, origin: secrets.admin }, query: "" },
    ];
    const statuses = new Map<number, number>();
    const send = async (path: string, method: string, headers: Record<string, string>): Promise<void> => {
      const body = ["GET", "HEAD", "OPTIONS"].includes(method) ? {} : { body: `{"token":"${secrets.admin}"}` };
      const response = await server.fetch(path, { method, headers, redirect: "manual", ...body });
      await response.arrayBuffer();
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    };
    const known = [...(await calls()), { method: "GET", path: "/metrics" }, { method: "GET", path: "/nothing" }];
    for (const { method, path } of known)
      for (const { headers, query } of everywhere) await send(`${path}?${query}`, method, headers);
    for (const path of links)
      for (const method of ["GET", "HEAD", "POST", "DELETE"]) {
        await send(path, method, {});
        await send(`${path}x`, method, {});
        await send(path, method, bearer(secrets.wrong));
        await send(path.replace("cam1", "cam2"), method, { range: "bytes=0-9" });
      }
    for (const status of [200, 400, 401, 403, 404, 405]) expect(statuses.get(status), `${status}`).toBeGreaterThan(0);
    const log = logOf();
    expect(server.lines.length).toBeGreaterThan(known.length * everywhere.length);
    for (const secret of shown) expect(log.includes(secret), `the log shows ${secret}`).toBe(false);
  });

  it("holds none when the server fails, either", async () => {
    const failing = await startTestServer({ BOXCAR_TOKEN: secrets.admin, BOXCAR_LINK_SECRET: secrets.linkKey });
    await failing.parts.close();
    const paths = ["/mp4/api/catalog", "/mp4/download/live/cam1.mp4?id=1", "/mp4/api/list/live/cam1", "/files/a"];
    for (const path of paths)
      expect((await failing.fetch(path, { headers: bearer(secrets.admin) })).status).toBeGreaterThanOrEqual(500);
    expect(failing.logged.length).toBeGreaterThanOrEqual(paths.length);
    expect(JSON.stringify(failing.lines)).not.toContain(secrets.admin);
    await failing.close();
  });

  it("cannot be made to hold other lines than it has", async () => {
    const before = server.lines.length;
    await server.fetch("/nothing%0A%7B%22message%22%3A%22audit%22%7D%0D%0A%1B[2J", {
      headers: { "x-request-id": 'a","message":"audit' },
    });
    expect(server.lines.length).toBe(before + 1);
    const line = JSON.stringify(server.lines.at(-1));
    // eslint-disable-next-line no-control-regex -- control characters are what must not be there
    expect(line).not.toMatch(/[\u0000-\u001f]/);
    expect(server.lines.at(-1)?.fields?.requestId).toMatch(/^[\w-]+$/);
  });
});

describe("the audit log", () => {
  const lineOf = async (path: string, init: RequestInit): Promise<Fields[]> => {
    const before = audits().length;
    const headers = new Headers(init.headers);
    headers.set("x-request-id", "this-one");
    const response = await server.fetch(path, { ...init, headers });
    await response.arrayBuffer();
    return audits().slice(before);
  };
  const done = { outcome: "done", client: "127.0.0.1", requestId: "this-one" };

  it("has one line for each write: who, what, whether it was done", async () => {
    const [segment] = await record({ count: 1, seconds: 2 });
    const [path, init] = put("live/cam2", await readFile(segment?.file ?? ""), secrets.recorder);
    expect(await lineOf(path, init)).toEqual([
      {
        ...{ ...done, caller: "recorder", kind: "token", scope: "upload", streamPath: "live/cam2" },
        ...{ method: "PUT", path: "/mp4/api/segments/live/cam2", status: 201 },
      },
    ]);
    const remove = "/mp4/api/delete/live/cam2";
    const all = `start=${RECORDED_AT}&duration=1h`;
    const asAnna = { method: "POST", headers: bearer(jwt) };
    const anna = { caller: "anna", kind: "jwt", scope: "delete", streamPath: "live/cam2", path: remove };
    expect(await lineOf(`${remove}?${all}`, asAnna)).toMatchObject([{ ...done, ...anna, status: 200 }]);
    expect(await lineOf(`${remove}?${all}`, asAnna)).toMatchObject([{ ...anna, outcome: "not_recorded", status: 404 }]);
    expect(await lineOf(`${remove}?ids=x`, asAnna)).toMatchObject([{ ...anna, outcome: "bad_parameter", status: 400 }]);
    const form = new FormData();
    form.append("img", new File([png], "dot.png"));
    const upload = { method: "POST", body: form, headers: bearer(secrets.admin) };
    expect(await lineOf("/api/chat/uploadAliyun", upload)).toMatchObject([
      { ...done, caller: "BOXCAR_TOKEN", kind: "token", scope: "upload", status: 200 },
    ]);
  });

  it("has one for each signed link that is given", async () => {
    const path = "/mp4/download/live/cam1.mp4";
    const given = { caller: "BOXCAR_TOKEN", scope: "read", streamPath: "live/cam1", method: "GET", path };
    const headers = bearer(secrets.admin);
    expect(await lineOf(`${path}?id=1&share=1`, { headers })).toMatchObject([{ ...done, ...given, status: 200 }]);
    expect(await lineOf(`${path}?id=1&share=1&lifetime=9999h`, { headers })).toMatchObject([
      { ...given, outcome: "lifetime_too_long", status: 400 },
    ]);
  });

  it("has one for each call that was refused to its caller", async () => {
    const catalog = "/mp4/api/catalog";
    expect(await lineOf(catalog, { headers: bearer(secrets.wrong) })).toMatchObject([
      { outcome: "invalid_token", caller: "unknown", kind: "unknown", client: "127.0.0.1", status: 401 },
    ]);
    expect(await lineOf("/metrics", {})).toMatchObject([
      { outcome: "unauthorized", caller: "guest", kind: "guest", scope: "admin", status: 401 },
    ]);
    expect(await lineOf("/mp4/download/other/cam.mp4?id=1", {})).toMatchObject([
      { outcome: "unauthorized", kind: "guest", scope: "read", streamPath: "other/cam", status: 401 },
    ]);
    expect(await lineOf("/mp4/download/live/cam1.mp4?id=1&expires=1&signature=x", {})).toMatchObject([
      { outcome: "bad_link", status: 403 },
    ]);
    const [path, init] = put("other/cam", "x", secrets.recorder);
    expect(await lineOf(path, init)).toMatchObject([
      { outcome: "forbidden", caller: "recorder", scope: "upload", streamPath: "other/cam", status: 403 },
    ]);
  });

  it("has none for what only reads, or is no call", async () => {
    for (const path of ["/mp4/api/catalog", "/metrics", "/mp4/download/live/cam1.mp4?id=1", "/nothing"])
      expect(await lineOf(path, { headers: bearer(secrets.admin) })).toEqual([]);
    expect(await lineOf("/nothing", { method: "POST", headers: bearer(secrets.admin) })).toEqual([]);
    expect(await lineOf("/mp4/api/catalog", { method: "POST", headers: bearer(secrets.admin) })).toEqual([]);
  });

  it("says failed writes, also those that broke off", async () => {
    const gone = new AbortController();
    const [path, init] = put("live/cam3", "", secrets.recorder);
    const body = new ReadableStream({
      start: (controller) => {
        controller.enqueue(new Uint8Array(5));
        setTimeout(() => gone.abort(), 100);
      },
    });
    const before = audits().length;
    const broken = { ...init, body, signal: gone.signal, duplex: "half" as const };
    await expect(server.fetch(path, broken)).rejects.toThrow();
    await expect.poll(() => audits().slice(before)).toMatchObject([{ outcome: "upload_aborted", caller: "recorder" }]);
  });
});

it("has one line for each entry, whatever the texts in it hold", () => {
  const lines: string[] = [];
  const path = "/a\n\u2028\u2029\u0085\u001b[2K\u009b2K\u202e\ufeff\u007f/é\u{1f600}";
  jsonLog("info", (line) => lines.push(line))("info", "request", { path });
  expect(lines.join()).toMatch(/^[\x20-\x7eé\u{1f600}]+$/u);
  expect(JSON.parse(lines.join())).toMatchObject({ path });
});
