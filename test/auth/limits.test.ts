import { request, type IncomingMessage } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { RateLimit } from "../../src/auth/rate-limit.ts";
import { Slots } from "../../src/auth/slots.ts";
import { addSegment, startTestServer, type TestServer } from "../app/test-server.ts";
import { random, seedOf } from "../support/random.ts";

const token = "0123456789-abcdefgh";
const second = "abcdefgh-0123456789";
const authorization = `Bearer ${token}`;
const tokens = JSON.stringify([
  { name: "first", scopes: ["admin"], token },
  { name: "second", scopes: ["admin"], token: second },
]);

let nowMs = 1_769_860_800_000;
const servers: TestServer[] = [];
async function start(env: Record<string, string>): Promise<TestServer> {
  const server = await startTestServer({ BOXCAR_TOKENS: tokens, ...env }, { clock: () => nowMs });
  servers.push(server);
  return server;
}
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const ask = async (server: TestServer, fields: Record<string, string> = {}): Promise<number> => {
  const response = await server.fetch("/healthz", { headers: fields });
  await response.arrayBuffer();
  return response.status;
};

describe("the rate of a client", () => {
  it("is limited, and says what is left and when to try again", async () => {
    const server = await start({ BOXCAR_CLIENT_RATE: "4", BOXCAR_TOKEN_RATE: "0" });
    const answers: unknown[] = [];
    for (let i = 0; i < 5; i++) {
      const { status, headers } = await server.fetch("/healthz");
      answers.push([status, headers.get("ratelimit-policy"), headers.get("ratelimit"), headers.get("retry-after")]);
    }
    const policy = '"client";q=4;w=60';
    expect(answers).toEqual([
      [200, policy, '"client";r=3;t=15', null],
      [200, policy, '"client";r=2;t=30', null],
      [200, policy, '"client";r=1;t=45', null],
      [200, policy, '"client";r=0;t=60', null],
      [429, policy, '"client";r=0;t=15', "15"],
    ]);
    const { json } = await server.call("/healthz");
    expect(json).toMatchObject({ code: 429, error: "too_many_requests", retryAfterSeconds: 15 });
    nowMs += 15_000;
    expect(await ask(server)).toBe(200);
    expect(await ask(server)).toBe(429);
  });

  it("counts tries of tokens, and refused calls, which then say nothing of the token any more", async () => {
    const server = await start({ BOXCAR_CLIENT_RATE: "10" });
    const statuses: number[] = [];
    for (let i = 0; i < 12; i++) statuses.push(await ask(server, { authorization: `Bearer wrong-token-number-${i}` }));
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
    expect(await ask(server, { authorization })).toBe(429);
  });

  it("counts requests without a URL, which are logged like others", async () => {
    const server = await start({ BOXCAR_CLIENT_RATE: "3" });
    const askHost = (host: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const sent = request({ host: "127.0.0.1", port: server.port, path: "/healthz", headers: { host } }, (reply) => {
          reply.resume().once("end", () => resolve(reply.statusCode ?? 0));
        });
        sent.once("error", reject).end();
      });
    const statuses: number[] = [];
    for (const host of ["a<b", "a b", "256.256.256.256", "a@b"]) statuses.push(await askHost(host));
    expect(statuses).toEqual([400, 400, 400, 429]);
    const requests = server.lines.filter(({ message }) => message === "request");
    expect(requests.map(({ fields }) => fields?.status)).toEqual(statuses);
    expect(server.logged).toEqual([]);
  });

  it("has the chat front end's envelope where that calls", async () => {
    const server = await start({ BOXCAR_CLIENT_RATE: "1" });
    await ask(server);
    const response = await server.fetch("/api/chat/qrcode?text=a", { headers: { authorization } });
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after")).toBe("60");
    expect(await response.json()).toMatchObject({ msg: "fail" });
  });

  it("is not got around with X-Forwarded-For and its like", async () => {
    const server = await start({ BOXCAR_CLIENT_RATE: "5" });
    const names = ["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip", "true-client-ip", "x-client-ip"];
    const statuses: number[] = [];
    for (const [i, name] of names.entries()) statuses.push(await ask(server, { [name]: `203.0.113.${i}` }));
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
  });

  it("goes by the client that a trusted proxy saw, not by what that client wrote itself", async () => {
    const server = await start({ BOXCAR_CLIENT_RATE: "2", BOXCAR_TRUSTED_PROXIES: "127.0.0.1, 10.0.0.0/8" });
    const from = (forwarded: string): Promise<number> => ask(server, { "x-forwarded-for": forwarded });
    expect([await from("203.0.113.1"), await from("203.0.113.1"), await from("203.0.113.1")]).toEqual([200, 200, 429]);
    expect(await from("203.0.113.2")).toBe(200);
    // Written by the client, in front of what the proxy added.
    expect(await from("198.51.100.7, 203.0.113.1")).toBe(429);
    expect(await from("203.0.113.99, 203.0.113.1, 10.1.2.3")).toBe(429);
    // One client of IPv6 has a whole network.
    expect([await from("2001:db8::1"), await from("2001:db8::2"), await from("2001:db8::3")]).toEqual([200, 200, 429]);
    expect(await from("2001:db8:0:1::1")).toBe(200);
  });

  it("is not limited with 0, nor on a server without tokens", async () => {
    const unlimited = await start({ BOXCAR_CLIENT_RATE: "0", BOXCAR_TOKEN_RATE: "0" });
    const open = await start({ BOXCAR_TOKENS: "[]", BOXCAR_CLIENT_RATE: "1" });
    for (const server of [unlimited, open]) {
      const response = await server.fetch("/healthz");
      expect(response.headers.get("ratelimit")).toBeNull();
      expect([await ask(server), await ask(server)]).toEqual([200, 200]);
    }
  });
});

describe("the rate of a token", () => {
  it("is limited over all clients, each token by itself", async () => {
    const server = await start({
      ...{ BOXCAR_CLIENT_RATE: "100", BOXCAR_TOKEN_RATE: "3", BOXCAR_TRUSTED_PROXIES: "127.0.0.1" },
    });
    const from = (client: string, presented: string): Promise<number> =>
      ask(server, { "x-forwarded-for": client, authorization: `Bearer ${presented}` });
    const statuses: number[] = [];
    for (const client of ["203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"])
      statuses.push(await from(client, token));
    expect(statuses).toEqual([200, 200, 200, 429]);
    expect(await from("203.0.113.1", second)).toBe(200);
    expect(await ask(server, { "x-forwarded-for": "203.0.113.1" })).toBe(200);
    const { headers } = await server.fetch("/healthz", { headers: { authorization: `Bearer ${second}` } });
    expect(headers.get("ratelimit-policy")).toBe('"client";q=100;w=60, "token";q=3;w=60');
    expect(headers.get("ratelimit")).toBe('"client";r=99;t=1, "token";r=1;t=40');
  });
});

describe("a token bucket", () => {
  it("never gives out more than its rate, and gives it out, for any pattern of requests", () => {
    const dice = random(seedOf(8));
    for (let round = 0; round < 50; round++) {
      const perMinute = 1 + dice.below(50);
      let now = 1_000_000;
      const rate = new RateLimit(perMinute, () => now);
      const granted: number[] = [];
      for (let i = 0; i < 400; i++) {
        now += dice.below(dice.pick([1, 100, 3000]));
        const permit = rate.take("key");
        if (permit.granted) granted.push(now);
        else {
          // What it says to wait is enough, and all but a second of it is needed.
          const at = now;
          now = at + permit.seconds * 1000;
          expect(rate.take("key").granted, `seed ${dice.seed}`).toBe(true);
          granted.push(now);
        }
      }
      for (const [i, start] of granted.entries()) {
        const within = granted.slice(i).filter((time) => time - start < 60_000).length;
        expect(within, `seed ${dice.seed}, ${perMinute} a minute`).toBeLessThanOrEqual(2 * perMinute);
      }
      expect(granted.length).toBeGreaterThan(perMinute);
    }
  });

  it("remembers 10,000 keys at most, and none whose bucket is full again", () => {
    let now = 0;
    const rate = new RateLimit(60, () => now);
    for (let i = 0; i < 50_000; i++) rate.take(`client ${i}`);
    expect(rate.size).toBe(10_000);
    now = 1000; // one permit comes back in a second
    rate.take("another");
    expect(rate.size).toBe(1);
  });

  it("starts anew when the clock is set back, and keeps nobody waiting until it is as late again", () => {
    let now = 10_000_000;
    const rate = new RateLimit(2, () => now);
    const take = (): unknown[] => [rate.take("key"), rate.take("key"), rate.take("key")].map(({ granted }) => granted);
    rate.take("other");
    expect(take()).toEqual([true, true, false]);
    now -= 3_600_000;
    expect(take()).toEqual([true, true, false]);
    expect(rate.size).toBe(1);
    now += 30_000;
    expect(take()).toEqual([true, false, false]);
  });
});

describe("slots", () => {
  it("are never more than the limits, and all come back, for any order of taking and giving", () => {
    const dice = random(seedOf(9));
    const slots = new Slots(6, 3);
    const held: { client: string; release: () => void }[] = [];
    for (let i = 0; i < 5000; i++) {
      const client = dice.pick(["a", "b", "c", "d"]);
      const mine = held.filter((slot) => slot.client === client).length;
      if (dice.below(2) === 0) {
        const release = slots.take({ name: client, known: true });
        expect(release !== undefined, `seed ${dice.seed}`).toBe(held.length < 6 && mine < 3);
        if (release !== undefined) held.push({ client, release });
      } else {
        const [slot] = held.splice(dice.below(Math.max(1, held.length)), 1);
        slot?.release();
        slot?.release(); // the second time does nothing
      }
      expect(slots.taken).toBe(held.length);
    }
  });
});

/** A request whose reply is left unread. */
function hold(server: TestServer, path: string, fields: Record<string, string> = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { authorization, ...fields };
    request({ host: "127.0.0.1", port: server.port, path, headers, agent: false }, resolve).on("error", reject).end();
  });
}

describe("what runs at once", () => {
  const path = "/mp4/download/live/cam.mp4?id=1";
  /** More than sockets hold: the download runs as long as it is not read. */
  const large = new Uint8Array(64 * 2 ** 20);

  const running = async (server: TestServer, kind: string): Promise<number> => {
    const text = await (await server.fetch("/metrics", { headers: { authorization } })).text();
    return Number(new RegExp(`^boxcar_${kind} (\\d+)$`, "m").exec(text)?.[1]);
  };
  const until = (server: TestServer, kind: string, count: number): Promise<void> =>
    expect.poll(() => running(server, kind), { interval: 20, timeout: 10_000 }).toBe(count);

  it("is limited for downloads, for each client to a quarter, and comes free with them", async () => {
    const limits = { BOXCAR_DOWNLOADS: "8", BOXCAR_TRUSTED_PROXIES: "127.0.0.1", BOXCAR_CLIENT_RATE: "0" };
    const server = await start({ ...limits, BOXCAR_TOKEN_RATE: "0" });
    await addSegment(server.parts, { streamPath: "live/cam", startMs: 0, endMs: 1000 }, large);
    const from = (client: string): Record<string, string> => ({ "x-forwarded-for": client });
    const held: IncomingMessage[] = [];
    for (const client of ["203.0.113.1", "203.0.113.2", "203.0.113.3"])
      for (let i = 0; i < 2; i++) held.push(await hold(server, path, from(client)));
    expect(held.map(({ statusCode }) => statusCode)).toEqual(Array(6).fill(200));
    expect(await running(server, "downloads")).toBe(6);

    const third = await server.fetch(path, { headers: { authorization, ...from("203.0.113.1") } });
    expect(third.status).toBe(429);
    expect(third.headers.get("retry-after")).toBe("5");
    expect(await third.json()).toMatchObject({ error: "too_many_downloads" });
    for (let i = 0; i < 2; i++) held.push(await hold(server, path, from("203.0.113.4")));
    expect((await server.fetch(path, { headers: { authorization, ...from("203.0.113.5") } })).status).toBe(429);
    expect(await running(server, "downloads")).toBe(8);

    held[0]?.destroy(); // a client that goes away
    await until(server, "downloads", 7);
    held[1]?.resume(); // one that reads to the end
    await until(server, "downloads", 6);
    for (const response of held) response.destroy();
    await until(server, "downloads", 0);
  });

  it("is given back by every kind of reply", async () => {
    const server = await start({ BOXCAR_DOWNLOADS: "1", BOXCAR_CLIENT_RATE: "0", BOXCAR_TOKEN_RATE: "0" });
    await addSegment(server.parts, { streamPath: "live/cam", startMs: 0, endMs: 1000 }, new Uint8Array(5000));
    const whole = await server.fetch(path, { headers: { authorization } });
    const etag = whole.headers.get("etag") ?? "";
    await whole.arrayBuffer();
    await until(server, "downloads", 0);
    const statuses: number[] = [];
    for (const [method, url, fields] of [
      ["HEAD", path, {}],
      ["GET", path, { "if-none-match": etag }],
      ["GET", path, { range: "bytes=9999-" }],
      ["GET", path, { range: "bytes=1-2" }],
      ["GET", path, { range: "bytes=1-2,5-6" }],
      ["GET", path, { "if-match": '"other"' }],
      ["GET", `${path}&cut=none`, {}],
      ["GET", `${path}&share=1`, {}],
      ["GET", path.replace("id=1", "id=2"), {}],
      ["GET", "/files/none", {}],
      ["GET", path, {}],
    ] as const) {
      const response = await server.fetch(url, { method, headers: { authorization, ...fields } });
      await response.arrayBuffer();
      statuses.push(response.status);
      await until(server, "downloads", 0);
    }
    expect(statuses).toEqual([200, 304, 416, 206, 206, 412, 400, 501, 404, 404, 200]);
  });

  it("is limited for uploads, and given back when one breaks off", async () => {
    const server = await start({ BOXCAR_UPLOADS: "4", BOXCAR_CLIENT_RATE: "0", BOXCAR_TOKEN_RATE: "0" });
    const url = "/mp4/api/segments/live/cam?start=5";
    const sent = request({
      ...{ host: "127.0.0.1", port: server.port, path: url, method: "PUT", agent: false },
      headers: { authorization, "content-length": "100000" },
    });
    const broken = new Promise((resolve) => sent.on("error", resolve));
    sent.write(new Uint8Array(10));
    await until(server, "uploads", 1);
    const refused = await server.fetch(url, { method: "PUT", body: "x", headers: { authorization } });
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("5");
    expect(await refused.json()).toMatchObject({ error: "too_many_uploads" });
    const form = new FormData();
    form.append("img", new File(["x"], "x.png"));
    const chat = await server.fetch("/api/chat/uploadAliyun", {
      ...{ method: "POST", body: form, headers: { authorization } },
    });
    expect([chat.status, await chat.json()]).toMatchObject([429, { msg: "fail" }]);
    sent.destroy();
    await broken;
    await until(server, "uploads", 0);
    expect((await server.fetch(url, { method: "PUT", body: "x", headers: { authorization } })).status).toBe(422);
  });
});
