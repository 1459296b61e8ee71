import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { storeFailed } from "../../src/store/object-errors.ts";
import { FileStore } from "../../src/store/file/file.ts";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { startDirectStore, type DirectStore } from "../chat/direct-store.ts";
import { png } from "../support/forms.ts";
import { RECORDED_AT, record } from "../support/recording.ts";

/** What Mallory may do: everything with her own streams, and nothing about no stream. Alice's are none of hers. */
const mallory = "mallorys-token-0123456789";
const uploader = "uploaders-token-0123456789";
const other = "other-uploaders-token-0123456789";
const admin = "administrators-token-0123456789";
const as = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

let folder: string;
let direct: DirectStore;
let server: TestServer;
let body: Buffer<ArrayBuffer>;
let small: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "boxcar-attacks-"));
  direct = await startDirectStore(new FileStore(folder));
  const narrow = ["read:mallory/*", "upload:mallory/*", "delete:mallory/*", "admin:mallory/*"];
  const tokens = [
    { name: "mallory", scopes: narrow, token: mallory },
    { name: "uploader", scopes: ["upload"], token: uploader },
    { name: "other", scopes: ["upload"], token: other },
  ];
  const env = { BOXCAR_TOKEN: admin, BOXCAR_TOKENS: JSON.stringify(tokens), BOXCAR_CLIENT_RATE: "0" };
  const guests = { BOXCAR_GUESTS: "upload:shared/*" };
  const links = { BOXCAR_LINK_SECRET: "first-link-secret-of-32-characters" };
  server = await startTestServer({ ...env, ...guests, ...links }, { store: direct.store });
  const [segment] = await record({ count: 1, seconds: 2 });
  small = (await record({ count: 1, seconds: 1 }))[0]?.file ?? "";
  body = await readFile(segment?.file ?? "");
  for (const stream of ["alice/cam", "mallory/cam"]) {
    const init = { method: "PUT", body, headers: { ...as(admin), "idempotency-key": "same" } };
    expect((await server.fetch(`/mp4/api/segments/${stream}?start=${RECORDED_AT}`, init)).status).toBe(201);
  }
});
afterAll(async () => {
  await server.close();
  await direct.close();
  await rm(folder, { recursive: true });
});

const statusOf = async (path: string, init: RequestInit): Promise<number> => {
  const response = await server.fetch(path, init);
  await response.arrayBuffer();
  return response.status;
};

/** Status and body of a request whose head is sent as it is written. */
function raw(line: string, ...fields: string[]): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(server.port, "127.0.0.1");
    socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
    socket.on("error", reject).on("close", () => resolve({ status: Number(text.split(" ")[1]), text }));
    socket.write([line, ...fields, "Connection: close", "", ""].join("\r\n"));
  });
}

describe("a token", () => {
  it.each<[string, string, Record<string, string>]>([
    ["a parameter", `?token=${admin}`, {}],
    ["OAuth's parameter", `?access_token=${admin}`, {}],
    ["a parameter named as the field", `?authorization=Bearer%20${admin}`, {}],
    ["a cookie", "", { cookie: `token=${admin}; authorization=Bearer ${admin}` }],
    ["the field of proxies", "", { "proxy-authorization": `Bearer ${admin}` }],
    ["fields of other servers", "", { "x-api-key": admin, "x-auth-token": admin, "x-access-token": admin }],
    ["a password", "", { authorization: `Basic ${btoa(`admin:${admin}`)}` }],
    ["two tokens in one field", "", { authorization: `Bearer ${mallory}, Bearer ${admin}` }],
    ["its digest", "", { authorization: `Bearer ${createHash("sha256").update(admin).digest("hex")}` }],
    ["the name of a token", "", { authorization: "Bearer BOXCAR_TOKEN" }],
  ])("is not taken as %s", async (_, query, headers) => {
    expect([400, 401]).toContain(await statusOf(`/mp4/api/catalog${query}`, { headers }));
    expect([400, 401]).toContain(await statusOf(`/metrics${query}`, { headers }));
  });

  it("that stands second counts for nothing: two Authorization fields are never an administrator's", async () => {
    const field = (token: string): string => `Authorization: Bearer ${token}`;
    const line = "GET /metrics HTTP/1.1";
    expect((await raw(line, "Host: x", field(mallory), field(admin))).status).not.toBe(200);
    expect((await raw(line, "Host: x", field(admin))).status).toBe(200);
  });
});

describe("paths", () => {
  it.each([
    "/mp4/download/mallory/../alice/cam.mp4?id=1",
    "/mp4/download/mallory/%2e%2e/alice/cam.mp4?id=1",
    "/mp4/download/mallory%2F..%2Falice%2Fcam.mp4?id=1",
    "/mp4/download/mallory\\..\\alice\\cam.mp4?id=1",
    "/mp4/download/mallory/.%2e/alice/cam.mp4?id=1",
    "/mp4/download/mallory/cam.mp4;/../../alice/cam.mp4?id=1",
    "/mp4/download/mallory/cam.mp4?id=1",
    "http://mallory/mp4/download/alice/cam.mp4?id=1",
    "//mallory/mp4/download/alice/cam.mp4?id=1",
    "/mp4/snapshot/mallory/%2e%2e/alice/cam.jpg",
    "/mp4/sprite/mallory%2F..%2Falice/cam.jpg?start=0",
    `/mp4/api/timeline/mallory/%2e%2e/alice/cam?start=${RECORDED_AT}&share=1`,
    "/mp4/api/list/mallory%2F%2e%2e%2Falice%2Fcam",
    "/mp4/api/list/alice*%00",
  ])("do not lead to the streams of others: %s", async (path) => {
    const { status, text } = await raw(`GET ${path} HTTP/1.1`, "Host: x", `Authorization: Bearer ${mallory}`);
    expect([400, 403, 404], text).toContain(status);
  });

  it("of uploaded files lead to nothing else that lies in the store or on the disk", async () => {
    const segment = await server.parts.catalog.segment(1);
    const keys = [
      segment?.key ?? "",
      "catalog.db",
      "..%2Fcatalog.db",
      "%2e%2e/catalog.db",
      "/etc/passwd",
      "%2Fetc%2Fpasswd",
    ];
    keys.push("images/..%2F..%2Fcatalog.db", "images/%00", "uploads/", "pieces/x", "images");
    for (const key of keys)
      for (const area of ["/files/", "/public/uploads/"])
        expect([400, 404], area + key).toContain(await statusOf(area + key, { headers: as(admin) }));
  });
});

describe("what others began", () => {
  it("does not take their Idempotency-Key from them", async () => {
    const tiny = await readFile(small);
    const path = `/mp4/api/segments/shared/cam?start=${RECORDED_AT}`;
    const send = (sent: BodyInit, fields: Record<string, string>): ReturnType<TestServer["call"]> => {
      const headers = { ...fields, "idempotency-key": "seg-0001" };
      return server.call(path, { method: "PUT", body: sent, headers, duplex: "half" } as RequestInit);
    };
    const ids = new Set<number>();
    for (const [fields, sent] of [
      [{}, tiny],
      [as(uploader), body],
      [as(other), body],
    ] as const) {
      const first = await send(sent, fields);
      expect(first).toMatchObject({ status: 201, json: { data: { size: sent.length } } });
      ids.add((first.json.data as { id: number }).id);
      // A repeat is told nothing of others that are alike.
      const data = { ...(first.json.data as object), warnings: [] };
      for (const again of [sent, new Blob([sent]).stream()])
        expect(await send(again, fields)).toMatchObject({ status: 201, json: { data } });
      const longer = Buffer.concat([sent, Buffer.from([0, 0, 0, 8]), Buffer.from("free")]);
      for (const another of [longer, sent.subarray(1)])
        expect(await send(new Blob([another]).stream(), fields)).toMatchObject({ status: 422 });
    }
    expect(ids.size).toBe(3);
  });

  it("cannot be confirmed by another uploader of the stream, with another start", async () => {
    const begun = await server.call(`/mp4/api/segments/presign/shared/direct?size=${body.length}`, {
      ...{ method: "POST", headers: as(uploader) },
    });
    const { id, url } = begun.json.data as { id: number; url: string };
    expect((await fetch(url, { method: "PUT", body })).status).toBe(200);
    const confirm = (start: number): string => `/mp4/api/segments/confirm/shared/direct?id=${id}&start=${start}`;
    expect(await statusOf(confirm(5), { method: "POST" })).toBe(404);
    expect(await post(confirm(5), other)).toBe(404);
    const confirmed = await server.call(confirm(RECORDED_AT), { method: "POST", headers: as(uploader) });
    expect(confirmed).toMatchObject({ status: 201, json: { data: { id } } });
  });

  const post = (path: string, token: string): Promise<number> => statusOf(path, { method: "POST", headers: as(token) });

  it("cannot be confirmed under another stream", async () => {
    const begun = await server.call(`/mp4/api/segments/presign/alice/cam?size=${body.length}`, {
      ...{ method: "POST", headers: as(admin) },
    });
    const { id, url } = begun.json.data as { id: number; url: string };
    expect((await fetch(url, { method: "PUT", body })).status).toBe(200);
    const confirm = (stream: string): string => `/mp4/api/segments/confirm/${stream}?id=${id}&start=5`;
    expect(await post(confirm("mallory/cam"), mallory)).toBe(404);
    expect(await post(confirm("alice/cam"), mallory)).toBe(403);
    expect(await post(confirm("mallory%2F..%2Falice%2Fcam"), mallory)).toBe(400);
    expect(await post("/mp4/api/segments/confirm/mallory/cam?id=1", mallory)).toBe(404); // alice's, long ready
    expect(await post("/mp4/api/segments/presign/alice/cam?size=5", mallory)).toBe(403);
    expect(await post(confirm("alice/cam"), admin)).toBe(201);
  });

  it("does not answer to its Idempotency-Key under another stream", async () => {
    const headers = { ...as(mallory), "idempotency-key": "same" };
    const answer = await server.call(`/mp4/api/segments/mallory/cam?start=${String(RECORDED_AT)}`, {
      method: "PUT",
      body,
      headers,
    });
    expect(answer).toMatchObject({ status: 201, json: { data: { streamPath: "mallory/cam" } } });
  });

  it("in pieces cannot be seen, continued or ended by another token", async () => {
    const fields = { "tus-resumable": "1.0.0", "upload-length": "10" };
    const begun = await server.fetch("/api/uploads", { method: "POST", headers: { ...as(uploader), ...fields } });
    const path = begun.headers.get("location") ?? "";
    expect(begun.status).toBe(201);
    const piece = { "content-type": "application/offset+octet-stream", "upload-offset": "0" };
    const override = { "x-http-method-override": "PATCH" };
    for (const token of [other, mallory]) {
      const headers = { ...as(token), ...fields };
      const answers = [
        await statusOf(path, { headers }),
        await statusOf(path, { method: "HEAD", headers }),
        await statusOf(path, { method: "PATCH", headers: { ...headers, ...piece }, body: "12345" }),
        await statusOf(path, { method: "POST", headers: { ...headers, ...piece, ...override }, body: "12345" }),
        await statusOf(path, { method: "DELETE", headers }),
      ];
      expect(answers).toEqual(Array(5).fill(404));
    }
    const state = await server.call(path, { headers: { ...as(uploader), ...fields } });
    expect(state.json.data).toMatchObject({ offset: 0 });
  });

  it("cannot be deleted, by id or by time", async () => {
    expect(await post("/mp4/api/delete/mallory/cam?ids=1", mallory)).toBe(404);
    expect(await post("/mp4/api/delete/alice/cam?ids=1", mallory)).toBe(403);
    const init = { method: "POST", headers: { ...as(mallory), "content-type": "application/json" } };
    const named = JSON.stringify({ ids: [1], streamPath: "alice/cam" });
    expect(await statusOf("/mp4/api/delete/mallory/cam", { ...init, body: named })).toBe(404);
    expect(await server.parts.catalog.segment(1)).toBeDefined();
  });
});

describe("a screenshot", () => {
  const shoot = async (wanted: Record<string, unknown>): Promise<number> => {
    const headers = { ...as(mallory), "content-type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify({ width: 16, time: 0, ...wanted }) };
    return statusOf("/api/chat/getVideoScreenshot", init);
  };

  it("shows nothing of the streams of others, whichever way they are named", async () => {
    expect(await shoot({ streamPath: "alice/cam", time: RECORDED_AT })).toBe(403);
    expect(await shoot({ streamPath: "mallory/../alice/cam", time: RECORDED_AT })).toBe(400);
    for (const host of [
      "",
      server.url,
      server.url.replace("127.0.0.1", "localhost"),
      server.url.replace("http", "HTTP"),
    ])
      for (const path of ["alice/cam", "mallory/../alice/cam", "mallory/%2e%2e/alice/cam", "alice%2Fcam"])
        expect(await shoot({ videoUrl: `${host}/mp4/download/${path}.mp4?id=1` }), host + path).toBe(403);
    expect(await shoot({ videoUrl: "/mp4/download/mallory/cam.mp4?id=1" })).toBe(400);
    expect(await shoot({ videoUrl: "/files/images/20260131/1_0123456789ab.mp4" })).toBe(403);
    expect(await shoot({ videoUrl: "/mp4/download/mallory/cam.mp4?id=2" })).toBe(200);
  });
});

describe("a link", () => {
  it("names the server that its receivers reach, which a Host field may not choose for others", async () => {
    const path = `/mp4/api/timeline/mallory/cam?start=${RECORDED_AT}&share=1`;
    const answer = await raw(`GET ${path} HTTP/1.1`, "Host: evil.example", `Authorization: Bearer ${mallory}`);
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(/cache-control: no-store/i); // nobody else is ever given this answer
  });

  it("is not given to who holds one", async () => {
    const shared = await server.call("/mp4/download/mallory/cam.mp4?id=2&share=1", { headers: as(mallory) });
    const { url } = shared.json.data as { url: string };
    expect(await statusOf(url.slice(server.url.length), {})).toBe(200);
    expect(await statusOf(`${url.slice(server.url.length)}&share=1`, {})).toBe(403);
  });
});

it("nobody is told of the machine when the store fails, but the log is", async () => {
  const reason = "connect ECONNREFUSED 10.1.2.3:9000 as key-id-of-the-store in /srv/secret";
  const store = { ...direct.store, put: () => Promise.reject(storeFailed("k", reason)) };
  const failed = await startTestServer({ BOXCAR_TOKEN: admin }, { store });
  const chat = new FormData();
  chat.append("img", new File([png], "dot.png"));
  const answers = [
    await failed.fetch("/mp4/api/segments/a/b?start=5", { method: "PUT", body, headers: as(admin) }),
    await failed.fetch("/api/chat/uploadAliyun", { method: "POST", body: chat, headers: as(admin) }),
  ];
  for (const answer of answers) {
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toMatch(/ECONNREFUSED|10\.1|key-id|srv/);
  }
  expect(failed.logged.filter(({ fields }) => String(fields?.error).includes(reason))).toHaveLength(answers.length);
  await failed.close();
});

it("ends an upload that is not allowed, instead of taking all of its bytes", async () => {
  const socket = connect(server.port, "127.0.0.1");
  socket.setEncoding("latin1");
  const size = 2 ** 36; // more than could be sent while the test may run
  let answer = "";
  let sent = 0;
  socket.on("data", (chunk: string) => (answer += chunk));
  const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()).on("error", () => resolve()));
  const head = ["PUT /mp4/api/segments/alice/cam HTTP/1.1", "Host: x", `Authorization: Bearer ${mallory}`];
  socket.write([...head, `Content-Length: ${size}`, "", ""].join("\r\n"));
  const chunk = new Uint8Array(65_536);
  while (!socket.destroyed && sent < size) {
    sent += chunk.length;
    if (socket.write(chunk)) await new Promise((resolve) => setImmediate(resolve));
    else await Promise.race([closed, new Promise<void>((resolve) => socket.once("drain", resolve))]);
  }
  await closed;
  expect(answer).toMatch(/^HTTP\/1.1 403 /);
  expect(sent).toBeLessThan(size);
});
