/** Clients that send or read too slowly, and such as are only slow. */
import { request, type ClientRequest, type IncomingMessage } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { addSegment, startTestServer, type TestServer } from "./test-server.ts";

const token = "0123456789-abcdefgh";
let server: TestServer;
afterEach(() => server.close());

const running = async (kind: string): Promise<number> => {
  const text = await (await server.fetch("/metrics", { headers: { authorization: `Bearer ${token}` } })).text();
  return Number(new RegExp(`^boxcar_${kind} (\\d+)$`, "m").exec(text)?.[1]);
};
const until = (kind: string, count: number): Promise<void> =>
  expect.poll(() => running(kind), { interval: 20, timeout: 20_000 }).toBe(count);

/** Opens a request and gives it with its reply, which may be long in coming. */
function open(method: string, path: string, fields: object): { sent: ClientRequest; reply: Promise<IncomingMessage> } {
  const options = { host: "127.0.0.1", port: server.port, method, path, agent: false, headers: { ...fields } };
  const sent = request(options);
  const reply = new Promise<IncomingMessage>((resolve, reject) => sent.once("response", resolve).once("error", reject));
  reply.catch(() => undefined);
  return { sent, reply };
}

const textOf = async (reply: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of reply) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

/** Sends a byte now and then until the reply comes. */
function trickle(sent: ClientRequest): void {
  const timer = setInterval(() => sent.write("x"), 100);
  for (const event of ["response", "error", "close"]) sent.once(event, () => clearInterval(timer));
}

const body = { "content-length": "1000000", authorization: `Bearer ${token}` };

describe("an upload", () => {
  it.each([
    ["PUT", "/mp4/api/segments/a?start=1", body],
    ["POST", "/api/chat/uploadAliyun", { ...body, "content-type": "multipart/form-data; boundary=x" }],
    [
      "POST",
      "/api/uploads",
      {
        ...{ ...body, "content-type": "application/offset+octet-stream" },
        ...{ "tus-resumable": "1.0.0", "upload-length": "1000000" },
      },
    ],
  ])("of a byte now and then is refused after its grace, and leaves its slot: %s %s", async (method, path, fields) => {
    server = await startTestServer({ BOXCAR_TOKEN: token, BOXCAR_UPLOAD_GRACE: "1", BOXCAR_CLIENT_RATE: "0" });
    const { sent, reply } = open(method, path, fields);
    if (method === "PUT") sent.write(Buffer.from("0000000c667479706973366d000dbba066726565", "hex")); // ftyp, free
    trickle(sent);
    const answer = await reply;
    expect(answer.headers.connection).toBe("close");
    expect(await textOf(answer)).toContain(" bytes a second that are the least");
    if (!path.includes("chat")) expect(answer.statusCode).toBe(408);
    await until("uploads", 0);
    sent.destroy();
  });

  it("in real time, with pauses shorter than its grace, is taken", async () => {
    server = await startTestServer({
      ...{ BOXCAR_TOKEN: token, BOXCAR_UPLOAD_GRACE: "2", BOXCAR_LEAST_UPLOAD_RATE: "10000" },
    });
    const bytes = new Uint8Array(60_000).fill(1);
    const { sent, reply } = open("PUT", "/mp4/api/segments/a?start=1", { ...body, "content-length": bytes.length });
    for (const [i, pauseMs] of [200, 1000, 200, 200, 1000, 200].entries()) {
      sent.write(bytes.subarray(i * 10_000, (i + 1) * 10_000));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    sent.end();
    expect((await reply).statusCode).toBe(422); // all of it was read, and is no MP4
  });
});

describe("a download", () => {
  const large = new Uint8Array(48 << 20);

  it("that is not read is cut off after its grace, and leaves its slot", async () => {
    const rates = { BOXCAR_DOWNLOAD_GRACE: "1", BOXCAR_LEAST_DOWNLOAD_RATE: "10000000" };
    server = await startTestServer({ BOXCAR_TOKEN: token, BOXCAR_GUESTS: "read", ...rates });
    await addSegment(server.parts, { streamPath: "a", startMs: 0, endMs: 1000 }, large);
    const { sent, reply } = open("GET", "/mp4/download/a.mp4?id=1", {});
    sent.end();
    const answer = await reply;
    answer.pause();
    const broken = new Promise((resolve) => answer.once("error", resolve));
    await until("downloads", 1);
    await until("downloads", 0);
    answer.resume();
    expect(await broken).toMatchObject({ code: "ECONNRESET" });
    await expect.poll(() => server.lines.map(({ message }) => message)).toContain("download cut off");
  });

  it("by a client without a token leaves slots to those with one, also at the same address", async () => {
    server = await startTestServer({
      ...{ BOXCAR_TOKEN: token, BOXCAR_GUESTS: "read,upload", BOXCAR_CLIENT_RATE: "0" },
      ...{ BOXCAR_TRUSTED_PROXIES: "127.0.0.1", BOXCAR_DOWNLOADS: "8", BOXCAR_UPLOADS: "8" },
    });
    await addSegment(server.parts, { streamPath: "a", startMs: 0, endMs: 1000 }, large);
    const path = "/mp4/download/a.mp4?id=1";
    const held: ClientRequest[] = [];
    const statuses: (number | undefined)[] = [];
    for (let i = 0; i < 8; i++) {
      const { sent, reply } = open("GET", path, { "x-forwarded-for": `203.0.113.${i}` });
      held.push(sent.end());
      const answer = await reply;
      answer.pause();
      statuses.push(answer.statusCode);
    }
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 429, 429]);
    const fields = { "x-forwarded-for": "203.0.113.0", authorization: `Bearer ${token}` };
    const whole = await server.fetch(path, { headers: { ...fields, range: "bytes=0-9" } });
    expect([whole.status, (await whole.arrayBuffer()).byteLength]).toEqual([206, 10]);

    const sending = Array.from({ length: 6 }, (_, i) => {
      const { sent } = open("PUT", "/mp4/api/segments/b?start=1", {
        ...{ "x-forwarded-for": `203.0.113.${i}`, "content-length": "1000" },
      });
      sent.on("error", () => undefined).write("x");
      return sent;
    });
    await until("uploads", 6);
    const put = (headers: Record<string, string>): Promise<Response> =>
      server.fetch("/mp4/api/segments/b?start=1", { method: "PUT", body: "x", headers });
    const guest = await put({ "x-forwarded-for": "203.0.113.9" });
    expect(guest.status).toBe(429);
    expect(((await guest.json()) as { message: string }).message).toContain("6 of clients without a token");
    expect((await put(fields)).status).toBe(422);
    for (const each of [...held, ...sending]) each.destroy();
    await until("uploads", 0);
    await until("downloads", 0);
  });
});
