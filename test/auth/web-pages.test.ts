import { request, type IncomingHttpHeaders } from "node:http";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { addSegment, startTestServer, type TestServer } from "../app/test-server.ts";
import { png, writeForm } from "../support/forms.ts";

const token = "0123456789-abcdefgh";
const admin = { authorization: `Bearer ${token}` };
const evil = "https://evil.example";
const app = "https://app.example.org";
const running: TestServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Sends a request as it is written: fetch has its own mind about Host and Origin. */
function send(
  { port }: TestServer,
  path: string,
  headers: Record<string, string> = {},
  { method = "GET", body }: { method?: string; body?: Uint8Array | string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, method, headers }, (response) => {
      let text = "";
      response.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

async function start(env: Record<string, string>): Promise<TestServer> {
  const server = await startTestServer(env);
  running.push(server);
  await addSegment(server.parts, { streamPath: "live/cam", startMs: 0, endMs: 1000 }, new Uint8Array(9));
  return server;
}

const guests = { BOXCAR_TOKEN: token, BOXCAR_GUESTS: "read,upload" };

/** A form as a page of any origin can send it, without asking its browser's user or the server. */
async function upload(server: TestServer, headers: Record<string, string>): Promise<number> {
  const form = writeForm([{ name: "img", fileName: "a.png", value: png }]);
  const fields = { "content-type": form.contentType, ...headers };
  return (await send(server, "/api/chat/uploadAliyun", fields, { method: "POST", body: form.body })).status;
}

describe("what guests may do", () => {
  it("foreign pages may not have their browsers do", async () => {
    const server = await start(guests);
    const own = `127.0.0.1:${server.port}`;
    for (const headers of [
      { origin: evil },
      { origin: "null" },
      { origin: `http://${own}.evil.example` },
      { origin: `http://127.0.0.1:${server.port + 1}` },
      { origin: evil, "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site", origin: `http://127.0.0.1:1` },
      { "sec-fetch-site": "rubbish" },
    ])
      expect(await upload(server, headers), JSON.stringify(headers)).toBe(403);
    for (const headers of [
      {}, // programs say nothing of an origin
      { origin: `http://${own}` },
      { origin: `https://${own}` }, // TLS in front
      { origin: `http://${own}`, "sec-fetch-site": "same-origin" },
      { "sec-fetch-site": "none" },
      { origin: evil, ...admin }, // a page that has the token is no stranger
      { origin: evil, "sec-fetch-site": "cross-site", ...admin },
    ])
      expect(await upload(server, headers), JSON.stringify(headers)).toBe(200);
  });

  it("listed pages may do, and all of them under *", async () => {
    const listed = await start({ ...guests, BOXCAR_CORS_ORIGINS: app });
    expect(await upload(listed, { origin: app, "sec-fetch-site": "cross-site" })).toBe(200);
    expect(await upload(listed, { origin: evil })).toBe(403);
    const all = await start({ ...guests, BOXCAR_CORS_ORIGINS: "*" });
    expect(await upload(all, { origin: evil, "sec-fetch-site": "cross-site" })).toBe(200);
  });

  it("pages whose name was made to point to the server may not do", async () => {
    const server = await start({
      ...guests,
      BOXCAR_PUBLIC_URL: "https://video.example.org",
      BOXCAR_HOSTS: "nvr,cam.lan",
    });
    const list = async (host: string, fields = {}): Promise<number> =>
      (await send(server, "/mp4/api/list/live/cam", { host, ...fields })).status;
    for (const host of [
      "evil.example",
      "video.example.org.evil.example",
      "nvr.evil.example",
      "localhost.evil.example",
    ]) {
      expect(await list(host), host).toBe(421);
      expect(await upload(server, { host, origin: `http://${host}` }), host).toBe(400); // the chat front end's 421
      expect(await upload(server, { host, origin: `http://${host}`, "sec-fetch-site": "same-origin" }), host).toBe(400);
      expect(await list(host, admin), host).toBe(200);
    }
    for (const host of [
      "localhost:99",
      "127.0.0.1",
      "[::1]:8080",
      "cam.localhost",
      "nvr:8080",
      "CAM.lan",
      "video.example.org",
    ])
      expect(await list(host), host).toBe(200);
    // What is open to anyone is so under every name: probes and other services ask under names of their own.
    for (const path of ["/healthz", "/readyz", "/docs"])
      expect((await send(server, path, { host: "evil.example" })).status, path).toBe(200);
  });

  it("may be done under any name where TLS has proven it", async () => {
    const server = await start({ ...guests, BOXCAR_TRUSTED_PROXIES: "127.0.0.1" });
    const list = async (fields: Record<string, string>): Promise<number> =>
      (await send(server, "/mp4/api/list/live/cam", fields)).status;
    expect(await list({ host: "video.example.org", "x-forwarded-proto": "https" })).toBe(200);
    expect(await list({ host: "video.example.org", "x-forwarded-proto": "http" })).toBe(421);
    expect(
      await list({ host: "127.0.0.1", "x-forwarded-proto": "http", "x-forwarded-host": "video.example.org" }),
    ).toBe(421);
    const direct = await start(guests);
    const { status } = await send(direct, "/mp4/api/list/live/cam", {
      host: "evil.example",
      "x-forwarded-proto": "https",
    });
    expect(status).toBe(421); // nobody believes a page that says so itself
  });

  it("is nothing where they are not asked for it", async () => {
    const server = await start({ BOXCAR_TOKEN: token });
    const { status } = await send(server, "/mp4/api/list/live/cam", { host: "evil.example" });
    expect(status).toBe(401);
  });
});

describe("an open server", () => {
  const remove = (server: TestServer, fields: Record<string, string>): Promise<Answer> =>
    send(server, "/mp4/api/delete/live/cam?ids=77", fields, { method: "POST" });

  it.each(["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via"])(
    "changes nothing for a proxy, which %s betrays, and says what to configure",
    async (name) => {
      const server = await start({});
      const { status, text } = await remove(server, { [name]: "for=192.0.2.1" });
      expect(status).toBe(403);
      expect(JSON.parse(text)).toMatchObject({ error: "behind_proxy" });
      expect(text).toContain("BOXCAR_TOKEN");
      expect(await upload(server, { [name]: "192.0.2.1" })).toBe(403);
      expect((await send(server, "/mp4/api/list/live/cam", { [name]: "192.0.2.1" })).status).toBe(200);
      const warnings = server.logged.filter(({ message }) => message.includes("proxy"));
      expect(warnings).toHaveLength(1);
      expect((await remove(server, {})).status).toBe(404); // its own machine may
    },
  );

  it("is told apart by what browsers say, also without Origin, and never lets all pages in", async () => {
    const server = await start({ BOXCAR_CORS_ORIGINS: "*" });
    expect((await remove(server, { "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await remove(server, { origin: evil })).status).toBe(403);
    expect((await remove(server, { "sec-fetch-site": "same-origin" })).status).toBe(404);
  });

  it("answers under its public name", async () => {
    const server = await start({ BOXCAR_PUBLIC_URL: "http://boxcar.lan:8080" });
    expect((await send(server, "/healthz", { host: "boxcar.lan:8080" })).status).toBe(200);
    expect((await send(server, "/healthz", { host: "evil.lan:8080" })).status).toBe(421);
  });
});

describe("the page of the API", () => {
  it("can be framed by nobody", async () => {
    const { headers } = await send(await start({}), "/docs");
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    expect(headers["x-frame-options"]).toBe("DENY");
  });
});

describe("which pages may show a reply in their own context", () => {
  const policyOf = async (server: TestServer, path: string, fields: Record<string, string> = {}): Promise<unknown> =>
    (await send(server, path, fields)).headers["cross-origin-resource-policy"];
  const download = "/mp4/download/live/cam.mp4?id=1";
  const paths = ["/", "/healthz", "/docs", "/docs/start.js", "/openapi.json", "/nothing", "/mp4/api/catalog", download];
  paths.push("/mp4/download/%", "/api/chat/qrcode?text=x", "/metrics", `${download}&share=1`);

  it("is said on everything: none but the server's own", async () => {
    for (const env of [{}, guests, { BOXCAR_TOKEN: token, BOXCAR_CORS_ORIGINS: app }]) {
      const server = await start(env);
      for (const path of paths) expect(await policyOf(server, path), path).toBe("same-origin");
      expect(await policyOf(server, download, { range: "bytes=99-" })).toBe("same-origin");
      if ("BOXCAR_TOKEN" in env) expect(await policyOf(server, download, admin)).toBe("same-origin");
    }
  });

  it("is any for what is given away: links, public files, and what guests read where other origins may call", async () => {
    const secret = "secret-of-signed-links-of-32-characters";
    const server = await start({ BOXCAR_TOKEN: token, BOXCAR_LINK_SECRET: secret, BOXCAR_FILES_PUBLIC: "1" });
    const { text } = await send(server, `${download}&share=1`, admin);
    const { url, qr } = (JSON.parse(text) as { data: { url: string; qr: string } }).data;
    for (const link of [url, qr]) {
      const { pathname, search } = new URL(link);
      expect(await policyOf(server, pathname + search)).toBe("cross-origin");
      expect(await policyOf(server, `${pathname + search}0`)).toBe("same-origin"); // refused
    }
    const form = writeForm([{ name: "img", fileName: "a.png", value: png }]);
    const fields = { "content-type": form.contentType, ...admin };
    const sent = await send(server, "/api/chat/uploadAliyun", fields, { method: "POST", body: form.body });
    const [file] = (JSON.parse(sent.text) as { data: { path: string }[] }).data;
    expect(await policyOf(server, `/files/${file?.path ?? ""}`)).toBe("cross-origin");
    const listed = await start({ ...guests, BOXCAR_CORS_ORIGINS: app });
    expect(await policyOf(listed, download)).toBe("cross-origin");
  });
});

describe("a reply that caches keep", () => {
  it("is the same for pages and programs under *", async () => {
    const server = await start({ ...guests, BOXCAR_CORS_ORIGINS: "*" });
    for (const fields of [{}, { origin: evil }, { range: "bytes=0-1" }, { "if-none-match": "*" }] as Record<
      string,
      string
    >[]) {
      const { headers } = await send(server, "/mp4/download/live/cam.mp4?id=1", fields);
      expect(headers["access-control-allow-origin"]).toBe("*");
      expect(headers["access-control-expose-headers"]).toContain("Content-Range");
      expect(headers.vary).toBeUndefined();
    }
  });

  it("says that it depends on the origin where these are listed", async () => {
    const server = await start({ ...guests, BOXCAR_CORS_ORIGINS: app });
    for (const fields of [{}, { origin: evil }, { origin: app }] as Record<string, string>[]) {
      const { headers } = await send(server, "/mp4/download/live/cam.mp4?id=1", fields);
      expect(headers.vary).toBe("Origin");
    }
  });
});

describe("links behind a proxy that ends TLS", () => {
  let server: TestServer;
  afterAll(() => server.close());

  it("name what clients see, when the proxy is trusted", async () => {
    server = await startTestServer({ ...guests, BOXCAR_TRUSTED_PROXIES: "127.0.0.1", BOXCAR_CORS_ORIGINS: "*" });
    const form = writeForm([{ name: "img", fileName: "a.png", value: png }]);
    const urlFor = async (fields: Record<string, string>): Promise<string> => {
      const headers = { "content-type": form.contentType, ...fields };
      const sent = await send(server, "/api/chat/uploadAliyun", headers, { method: "POST", body: form.body });
      return new URL((JSON.parse(sent.text) as { data: { url: string }[] }).data[0]?.url ?? "").origin;
    };
    const proto = { "x-forwarded-proto": "https" };
    expect(await urlFor({ host: "video.example.org", ...proto })).toBe("https://video.example.org");
    expect(await urlFor({ ...proto, "x-forwarded-host": "evil.example, video.example.org:8443" })).toBe(
      "https://video.example.org:8443",
    );
    for (const bad of ["javascript", "https://x", "", "ftp"])
      expect(await urlFor({ "x-forwarded-proto": bad })).toBe(server.url);
    for (const bad of ["a/b", "a@b", "a b", "a?b", ""])
      expect(await urlFor({ "x-forwarded-host": bad })).toBe(server.url);
  });
});
