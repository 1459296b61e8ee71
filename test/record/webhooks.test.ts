import { createHmac } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Webhooks } from "../../src/record/webhooks.ts";
import { SourceAllowance } from "../../src/runtime/outbound/source-allowance.ts";
import { webhookPost } from "../../src/runtime/outbound/webhook-post.ts";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { openTestCatalog } from "../catalog/open.ts";
import { record } from "../support/recording.ts";

const secret = "0123456789abcdef0123456789abcdef";

interface Received {
  readonly path: string;
  readonly id: string;
  readonly isSigned: boolean;
  readonly body: { readonly type: string; readonly timestamp: string; readonly data: Record<string, unknown> };
}

let consumer: Server;
let server: TestServer;
const received: Received[] = [];
beforeAll(async () => {
  const refusedOnce = new Set<string>();
  consumer = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature } = request.headers;
      const signed = createHmac("sha256", secret)
        .update(`${String(id)}.${String(timestamp)}.${text}`)
        .digest("base64");
      const isRecent = Math.abs(Number(timestamp) - Date.now() / 1000) < 60;
      const isSigned = signature === `v1,${signed}` && isRecent;
      received.push({ path: request.url ?? "", id: String(id), isSigned, body: JSON.parse(text) as Received["body"] });
      const isFirst = request.url === "/moody" && !refusedOnce.has(String(id));
      if (isFirst) refusedOnce.add(String(id));
      response.writeHead(isFirst ? 500 : 204, { location: "/elsewhere" }).end();
    });
  }).listen(0);
  await once(consumer, "listening");
  const { port } = consumer.address() as AddressInfo;
  server = await startTestServer({
    BOXCAR_WEBHOOKS: ["127.0.0.1", "127.0.0.1", "127.0.0.2"]
      .map((host, i) => `http://${host}:${port}/${["calm", "moody", "private"][i] ?? ""}`)
      .join(","),
    BOXCAR_WEBHOOK_SECRET: secret,
    BOXCAR_SOURCES_ALLOW: "127.0.0.1",
  });
});
afterAll(async () => {
  await server.close();
  consumer.close();
});

const to = (path: string): Received[] => received.filter((one) => one.path === path);

test("consumers are told once of each recording, segment and event, signed, and again when they failed", async () => {
  const [segment] = await record({ count: 1, seconds: 6, fragmented: true });
  const stream = new Uint8Array(await readFile(segment?.file ?? ""));
  let end: () => void = () => undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(stream);
      end = () => {
        controller.close();
      };
    },
  });
  const init = { method: "POST", body, duplex: "half" } as RequestInit;
  const pushing = server.call("/mp4/live/live/a?fragment=2s", init);
  await expect.poll(() => to("/calm").some((one) => one.body.type === "record_start"), { timeout: 5000 }).toBe(true);
  const event = { streamPath: "live/a", eventId: "42", eventName: "Door", eventLevel: "high" };
  expect((await server.call("/mp4/api/event/start", { method: "POST", body: JSON.stringify(event) })).status).toBe(200);
  end();
  expect((await pushing).status).toBe(200);
  await expect.poll(() => to("/calm").length, { timeout: 5000 }).toBe(6);
  await expect.poll(() => to("/moody").length, { timeout: 10_000 }).toBe(12);
  expect(received.every(({ isSigned }) => isSigned)).toBe(true);
  const types = to("/calm").map((one) => one.body.type);
  expect(types.toSorted()).toEqual(["event", "record_end", "record_start", "segment", "segment", "segment"]);
  const ids = to("/calm").map(({ id }) => id);
  expect(new Set(ids).size).toBe(6);
  expect(new Set(to("/moody").map(({ id }) => id))).toEqual(new Set(ids));
  const rows = (await server.call("/mp4/api/list/live/a")).json.data as { id: number; startTime: string }[];
  const told = to("/calm").filter((one) => one.body.type === "segment");
  expect(told.map((one) => one.body.data.id).toSorted()).toEqual(rows.map(({ id }) => id).toSorted());
  expect(told[0]?.body.data).toMatchObject({ streamPath: "live/a", durationMs: 2000 });
  const [noted] = to("/calm").filter((one) => one.body.type === "event");
  expect(noted?.body.data).toMatchObject({ eventId: "42", eventName: "Door", eventLevel: "high" });
  expect(to("/private")).toEqual([]);
  expect(to("/elsewhere")).toEqual([]);
  const refusals = server.logged.filter(({ message }) => message === "a webhook was not taken");
  expect(JSON.stringify(refusals)).toContain("may not be reached");
  expect(JSON.stringify(server.lines)).not.toContain(secret);
});

test("one that wants another protocol, sends a head without end or leaves has not taken it", async () => {
  const heads: Record<string, string> = {
    "/upgrade": "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
    "/head": `HTTP/1.1 204 No Content\r\nx: ${"y".repeat(1 << 20)}`,
    "/leaves": "",
    "/hints": `${"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".repeat(100)}HTTP/1.1 204 No Content\r\n\r\n`,
  };
  const odd = createTcpServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", (text) => socket.end(heads[String(text).split(" ")[1] ?? ""] ?? ""));
  }).listen(0);
  await once(odd, "listening");
  const post = webhookPost(new SourceAllowance(["127.0.0.1"]));
  const answer = (path: string): Promise<unknown> =>
    post(`http://127.0.0.1:${(odd.address() as AddressInfo).port}${path}`, {}, "{}").catch(() => "none");
  expect(await Promise.all(Object.keys(heads).map(answer))).toEqual(["none", "none", "none", 204]);
  odd.close();
});

test("over TLS a consumer's name is stated, and no address (RFC 6066 section 3)", async () => {
  const hellos: string[] = [];
  const secure = createTcpServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", (hello) => {
      hellos.push(hello.toString("latin1"));
      socket.destroy();
    });
  }).listen(0);
  await once(secure, "listening");
  const post = webhookPost(new SourceAllowance(["127.0.0.0/8", "::1/128"]));
  const { port } = secure.address() as AddressInfo;
  for (const host of ["localhost", "127.0.0.1"])
    await expect(post(`https://${host}:${port}/`, {}, "{}")).rejects.toThrow(/ECONNRESET|disconnected/);
  expect(hellos.map((hello) => hello.includes("localhost"))).toEqual([true, false]);
  expect(hellos.map((hello) => hello.includes("127.0.0.1"))).toEqual([false, false]);
  secure.close();
});

test("a consumer that does not answer holds up no other one, and what is due to one is told without pauses", async () => {
  const clock = (): number => Date.now();
  const opened = await openTestCatalog();
  const answered: string[] = [];
  let asked = 0;
  let release: () => void = () => undefined;
  const silence = new Promise<number>((resolve) => {
    release = () => {
      resolve(204);
    };
  });
  const webhooks = new Webhooks({
    catalog: opened.catalog,
    clock,
    log: () => undefined,
    secret,
    consumers: ["https://silent.example/", "https://prompt.example/"],
    post: (url, headers) => {
      asked += 1;
      if (url.includes("silent")) return silence;
      answered.push(headers["webhook-id"] ?? "");
      return Promise.resolve(204);
    },
  });
  for (let i = 0; i < 40; i++) await webhooks.tell("event", String(i), {});
  webhooks.start();
  await expect.poll(() => answered.length, { timeout: 5000 }).toBe(40);
  expect(new Set(answered).size).toBe(40);
  expect(asked - answered.length).toBe(16);
  await webhooks.tell("event", "late", {});
  await expect.poll(() => answered.at(-1), { timeout: 5000 }).toBe("event.late");
  release();
  await webhooks.close();
  await opened.close();
});

test("what waits since the clock was ahead is told once it is right", async () => {
  let aheadMs = 366 * 86_400_000;
  const opened = await openTestCatalog();
  const answered: string[] = [];
  const webhooks = new Webhooks({
    catalog: opened.catalog,
    clock: () => Date.now() + aheadMs,
    log: () => undefined,
    secret,
    consumers: ["https://consumer.example/"],
    post: (_, headers) => {
      answered.push(headers["webhook-id"] ?? "");
      return Promise.resolve(204);
    },
  });
  await webhooks.tell("event", "ahead", {});
  aheadMs = 0;
  webhooks.start();
  await expect.poll(() => answered, { timeout: 5000 }).toEqual(["event.ahead"]);
  await webhooks.close();
  await opened.close();
});

test("webhooks without a secret are refused at the start", async () => {
  await expect(startTestServer({ BOXCAR_WEBHOOKS: "https://example.com/hook" })).rejects.toThrow(
    "BOXCAR_WEBHOOK_SECRET",
  );
  await expect(startTestServer({ BOXCAR_WEBHOOKS: "https://me:pass@example.com/" })).rejects.toThrow("BOXCAR_WEBHOOKS");
});
