/** What holds for the connections of a server on each runtime, whatever a client does on one. */
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { random, seedOf } from "../support/random.ts";
import { RECORDED_AT, recordLarge } from "../support/recording.ts";
import { auth, token, upload } from "./client.ts";
import { isInstalled, servers, startEdge, type Edge } from "./edges.ts";
import { head, rawClient } from "./raw-client.ts";

const chance = random(seedOf(21));
const LARGE = 16 << 20;

describe.each(servers.filter(isInstalled))("a connection to the server on %s", (name) => {
  let folder: string;
  let edge: Edge;
  let path: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "boxcar-connections-"));
    edge = await startEdge(name, {
      BOXCAR_DATA: folder,
      BOXCAR_TOKEN: token,
      BOXCAR_CLIENT_RATE: "0",
      BOXCAR_TOKEN_RATE: "0",
    });
    path = (await upload(edge.url, "large", RECORDED_AT, await recordLarge(LARGE))).url;
  });
  afterAll(async () => {
    await edge.stop();
    await rm(folder, { recursive: true });
  });

  const gauge = async (kind: string): Promise<number> => {
    const text = await (await fetch(`${edge.url}/metrics`, { headers: auth })).text();
    return Number(new RegExp(`^boxcar_${kind} (\\d+)$`, "m").exec(text)?.[1]);
  };
  const until = (kind: string, count: number): Promise<void> =>
    expect.poll(() => gauge(kind), { interval: 50, timeout: 10_000 }).toBe(count);

  it.each([2, 20, 600])("holds one slot for %i pipelined downloads, and none when it is closed", async (count) => {
    const client = await rawClient(edge.url, false);
    await client.write(head("GET", path).repeat(count));
    await until("downloads", 1);
    client.socket.destroy();
    await until("downloads", 0);
  });

  it("gives its slot back whenever it is closed", async () => {
    for (let round = 0; round < 12; round++) {
      const client = await rawClient(edge.url, chance.below(2) === 0);
      const text =
        head("GET", path).repeat(1 + chance.below(8)) +
        head("PUT", "/mp4/api/segments/a?start=1", { "content-length": "9" });
      await client.write(text.slice(0, 1 + chance.below(text.length)));
      await new Promise((resolve) => setTimeout(resolve, chance.below(60)));
      if (chance.below(2) === 0) client.socket.destroy();
      else client.socket.resetAndDestroy();
    }
    await until("downloads", 0);
    await until("uploads", 0);
  });

  it("answers pipelined requests in their order, more of them than wait in line", async () => {
    const count = 100;
    const client = await rawClient(edge.url);
    const asked = Array.from({ length: count }, (_, i) => head("GET", path, { range: `bytes=${i}-${2 * i}` }));
    await client.write(asked.join("") + head("GET", "/healthz", { connection: "close" }));
    await client.closed;
    const found = [
      ...client
        .received()
        .toString("latin1")
        .matchAll(/content-range: bytes (\d+)-/gi),
    ];
    expect(found.map(([, first]) => Number(first))).toEqual(Array.from({ length: count }, (_, i) => i));
    await until("downloads", 0);
  });

  it("reads on for a client that is refused while it sends, and closes then", async () => {
    const body = new Uint8Array(24 << 20);
    const fields = { "content-length": String(body.length) };
    const refused: [string, number][] = [
      [head("PUT", "/mp4/api/segments/a?start=1", { ...fields, authorization: "Bearer wrong-token-0123" }), 401],
      [head("PUT", "/mp4/api/segments/a?start=never", fields), 400],
      [head("PUT", "/mp4/api/segments/a?start=1", fields), 422],
      [head("POST", "/nothing", fields), 404],
      [head("POST", "/api/chat/getVideoScreenshot", { ...fields, "content-type": "application/json" }), 413],
      [head("DELETE", "/api/uploads/none", { ...fields, "tus-resumable": "1.0.0" }), 404],
    ];
    for (const [text, status] of refused) {
      // Reads only when everything is sent, as simple clients do.
      const client = await rawClient(edge.url, false);
      await client.write(text);
      await client.write(body);
      const chunks: Buffer[] = [];
      client.socket.on("data", (chunk: Buffer) => chunks.push(chunk));
      client.socket.resume();
      await client.closed;
      const reply = Buffer.concat(chunks).toString("latin1");
      expect(reply, text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(reply, text).toMatch(/^connection: close\r$/im);
      expect(reply, text).not.toMatch(/keep-alive/i);
      expect(reply, text).toMatch(/"error":|"msg":/);
    }
    await until("uploads", 0);
  });

  it("asks for a body that is held back once it is wanted, and not when it is refused", async () => {
    const fields = { expect: "100-continue", "content-length": "3" };
    const ask = (more: Record<string, string>): Promise<[string, number]> =>
      answered(head("PUT", "/mp4/api/segments/a?start=1", { ...fields, ...more }), "not");
    expect(await ask({})).toEqual([expect.stringMatching(/^HTTP\/1.1 100 [^]*HTTP\/1.1 422 /), 1]);
    for (const wrong of [{ authorization: "Bearer wrong-token-0123" }, { "content-encoding": "gzip" }])
      expect(await ask(wrong)).toEqual([expect.stringMatching(/^HTTP\/1.1 4(01|15) /), 0]);
  });

  /** Sends a body when it is asked for. @returns all that came, and how many times it was asked for */
  async function answered(text: string, body: string): Promise<[string, number]> {
    const client = await rawClient(edge.url);
    let asked = 0;
    client.socket.on("data", (chunk: Buffer) => {
      if (!chunk.toString("latin1").startsWith("HTTP/1.1 100")) return;
      asked++;
      void client.write(body);
    });
    await client.write(text);
    await expect.poll(() => client.received().includes("HTTP/1.1 4"), { timeout: 5000 }).toBe(true);
    client.socket.destroy();
    return [client.received().toString("latin1"), asked];
  }

  it("refuses a GET or HEAD with a large body, and reads on no further than for others", async () => {
    const small = await rawClient(edge.url);
    await small.write(`${head("GET", path, { range: "bytes=0-9", "content-length": "9" })}123456789`);
    await small.write(head("GET", "/healthz", { connection: "close" }));
    await small.closed;
    const replies = small
      .received()
      .toString("latin1")
      .matchAll(/HTTP\/1.1 (\d+) /g);
    expect([...replies].map(([, status]) => status)).toEqual(["206", "200"]);
    for (const fields of [{ "content-length": String(2 ** 40) }, { "transfer-encoding": "chunked" }] as const) {
      for (const method of ["GET", "HEAD"]) {
        const client = await rawClient(edge.url);
        await client.write(head(method, path, fields));
        const body = "transfer-encoding" in fields ? `40000000\r\n` : "";
        await client.write(body);
        const chunk = new Uint8Array(1 << 20);
        let sent = 0;
        for (; sent < 600 && !client.socket.destroyed; sent++) await client.write(chunk);
        await client.closed;
        expect(client.received().toString("latin1")).toMatch(/^HTTP\/1.1 400 [^]*^connection: close\r$/im);
        expect(sent).toBeLessThan(600);
      }
    }
    await until("downloads", 0);
  });

  it("refuses a body of chunks of a byte, and is closed", async () => {
    const fields = { "transfer-encoding": "chunked", "content-type": "video/mp4" };
    const box = "\0p\0\0moov"; // of 7 MiB
    const refused: [string, string][] = [
      [head("PUT", "/mp4/api/segments/a?start=1", fields), "chunks_too_small"],
      [head("POST", "/mp4/live/a", fields), "chunks_too_small"],
      [head("PUT", "/mp4/api/segments/a?start=never", fields), "bad_time"],
    ];
    for (const [text, error] of refused) {
      const client = await rawClient(edge.url);
      await client.write(`${text}8\r\n${box}\r\n`);
      await client.write("1\r\nx\r\n".repeat(20_000));
      await client.closed;
      const reply = client.received().toString("latin1");
      expect(reply).toMatch(/^HTTP\/1.1 400 [^]*^connection: close\r$/im);
      expect(reply).toContain(`"error":"${error}"`);
    }
    await until("uploads", 0);
  });

  it("refuses by name what makes no URL, and reads only so much of its body", async () => {
    const hosts = ["a<b", "1.2.3.4.5", "256.256.256.256", "9999999999", "a b", "a@b", "a/b", "a:b", "a:99999", ""];
    const fields = { "transfer-encoding": "chunked" };
    const refused = [
      ...hosts.map((host) => head("PUT", "/mp4/api/segments/a?start=1", { ...fields, host })),
      head("PUT", "/mp4\\api", fields),
      head("OPTIONS", "*", fields),
      head("PUT", "http://256.256.256.256/healthz", fields),
      "PUT /healthz HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n",
      ...["/healthz", "http://127.0.0.1/healthz"].map((target) =>
        head("PUT", target, fields).replace("\r\n", "\r\nHost: 127.0.0.1\r\n"),
      ),
    ];
    // Bun refuses it by itself, and closes.
    const named = (text: string): boolean => name !== "bun" || !text.startsWith("OPTIONS *");
    for (const text of refused) {
      const client = await rawClient(edge.url);
      await client.write(`${text}5\r\nhello\r\n`);
      await expect
        .poll(() => client.received().toString("latin1"), { message: text, timeout: 10_000 })
        .toMatch(named(text) ? /"error":"bad_url"/ : /\r\n\r\n$/);
      const reply = client.received().toString("latin1");
      expect(reply, text).toMatch(/^HTTP\/1.1 400 /);
      expect(reply, text).toMatch(/^connection: close\r$/im);
      if (named(text)) expect(reply, text).toMatch(/^x-request-id: /im);
      await client.write("0\r\n\r\n");
      await client.closed;
    }
    for (const host of ["127.1", "LOCALHOST.", "[::1]:80"]) {
      const client = await rawClient(edge.url);
      await client.write(head("GET", "/healthz", { host, connection: "close" }));
      await client.closed;
      expect(client.received().toString("latin1"), host).toMatch(/^HTTP\/1.1 200 /);
    }
    const old = await rawClient(edge.url);
    await old.write("GET /healthz HTTP/1.0\r\n\r\n");
    await old.closed;
    expect(old.received().toString("latin1")).toMatch(/^HTTP\/1.1 200 /);
  });

  it("fails no request of a pool that uploads what is refused", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 3 });
    const { hostname, port } = new URL(edge.url);
    /** @param pauseMs after the first half of the body */
    const ask = (method: string, path: string, fields: object, body: Uint8Array, pauseMs: number): Promise<number> =>
      new Promise((resolve, reject) => {
        const headers = { ...auth, connection: "keep-alive", "content-length": body.length, ...fields };
        const sent = request({ agent, host: hostname, port, method, path, headers }, (response) => {
          response
            .resume()
            .once("end", () => resolve(response.statusCode ?? 0))
            .once("error", reject);
        });
        sent.once("error", reject).write(body.subarray(0, body.length / 2));
        setTimeout(() => sent.end(body.subarray(body.length / 2)), pauseMs);
      });
    const wrong = { authorization: "Bearer wrong-token-0123" };
    const turns = Array.from({ length: 48 }, async (_, i) => {
      if (i % 2 > 0) return [await ask("GET", "/healthz", {}, new Uint8Array(0), 0), 200];
      const body = new Uint8Array(chance.pick([1000, 1 << 20, 4 << 20]));
      return [await ask("PUT", "/mp4/api/segments/a?start=1", wrong, body, chance.pick([0, 0, 50, 700])), 401];
    });
    for (const [status, wanted] of await Promise.all(turns)) expect(status, `seed ${chance.seed}`).toBe(wanted);
    agent.destroy();
  });
});
