import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { random, seedOf } from "../support/random.ts";
import { RECORDED_AT, record } from "../support/recording.ts";

const token = "0123456789-abcdefgh";
const secret = "first link secret of 32 characters".replaceAll(" ", "-");
const authorization = `Bearer ${token}`;
const at = (seconds: number): string => encodeURIComponent(new Date(RECORDED_AT + seconds * 1000).toISOString());

/** The clock stands still here: no bucket would fill up again. */
const unlimited = { BOXCAR_CLIENT_RATE: "0", BOXCAR_TOKEN_RATE: "0" };

let nowMs = RECORDED_AT + 3_600_000;
let server: TestServer;
const start = async (env: Record<string, string> = {}): Promise<TestServer> => {
  const variables = { BOXCAR_TOKEN: token, BOXCAR_LINK_SECRET: secret, ...unlimited, ...env };
  const started = await startTestServer(variables, { clock: () => nowMs });
  const segments = await record({ count: 3, seconds: 2 });
  for (const stream of ["live/cam1", "live/cam2"])
    for (const [i, { file }] of segments.entries()) {
      const init = { method: "PUT", body: await readFile(file), headers: { authorization } };
      const { status } = await started.call(`/mp4/api/segments/${stream}?start=${RECORDED_AT + i * 2000}`, init);
      expect(status).toBe(201);
    }
  return started;
};
beforeAll(async () => {
  server = await start();
});
afterAll(() => server.close());

/** Path and parameters without their escapes and order. */
function meaning(link: string): string {
  const { pathname, searchParams } = new URL(link, "http://host");
  return JSON.stringify([pathname.replace(/%[0-9a-f]{2}/gi, decodeURIComponent), [...searchParams].toSorted()]);
}

interface Shared {
  readonly url: string;
  readonly expires: string;
  readonly qr: string;
  readonly qrSvg: string;
}

/** The link that sharing a call gives, as path and query. */
async function share(path: string, on = server): Promise<Shared> {
  const joined = `${path}${path.includes("?") ? "&" : "?"}share=1`;
  const { status, json } = await on.call(joined, { headers: { authorization } });
  expect({ status, message: json.message }).toEqual({ status: 200, message: "" });
  return json.data as Shared;
}
const pathOf = (url: string): string => url.slice(new URL(url).origin.length);
const statusOf = async (path: string, init?: RequestInit, on = server): Promise<number> =>
  (await on.fetch(path, init)).status;

const range = `/mp4/download/live/cam1.mp4?start=${at(1)}&end=${at(4)}`;

describe("a signed link", () => {
  it("gives the same bytes as the token does, also in ranges, and answers HEAD", async () => {
    const { url, expires } = await share(`${range}&lifetime=2h`);
    expect(expires).toBe(new Date(nowMs + 7_200_000).toISOString());
    expect(await statusOf(range)).toBe(401);
    const whole = await (await server.fetch(range, { headers: { authorization } })).arrayBuffer();
    const linked = await fetch(url);
    expect(linked.headers.get("cache-control")).toMatch(/^private/);
    const settled = await fetch((await share("/mp4/download/live/cam1.mp4?id=1&lifetime=60s")).url);
    expect(settled.headers.get("cache-control")).toBe("private, max-age=60, immutable");
    await settled.arrayBuffer();
    expect(Buffer.from(await linked.arrayBuffer()).equals(Buffer.from(whole))).toBe(true);
    const part = await fetch(url, { headers: { range: "bytes=100-299" } });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer()).equals(Buffer.from(whole).subarray(100, 300))).toBe(true);
    const head = await fetch(url, { method: "HEAD" });
    expect(head.headers.get("content-length")).toBe(String(whole.byteLength));
  });

  it.each([
    ["a timeline", `/mp4/api/timeline/live/cam1?start=${at(1)}&end=${at(4)}`, "application/json"],
    ["a snapshot", `/mp4/snapshot/live/cam1.jpg?time=${at(1)}&width=64`, "image/jpeg"],
    ["a sheet", `/mp4/sprite/live/cam1.jpg?start=${at(0)}&end=${at(4)}`, "image/jpeg"],
    ["a segment", "/mp4/download/live/cam1.mp4?id=1&filename=a%20b.mp4", "video/mp4"],
  ])("opens %s", async (_, path, type) => {
    const response = await fetch((await share(path)).url);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toContain(type);
  });

  it("to a storyboard also opens its sheets, as long as itself", async () => {
    const { url, expires } = await share(`/mp4/sprite/live/cam1.vtt?start=${at(0)}&end=${at(4)}`);
    const text = await (await fetch(url)).text();
    const [sheet = ""] = /^\S+\.jpg\S+/m.exec(text) ?? [];
    const sheetUrl = new URL(sheet, url);
    expect((await fetch(sheetUrl)).headers.get("content-type")).toBe("image/jpeg");
    expect(sheetUrl.searchParams.get("expires")).toBe(String(Date.parse(expires) / 1000));
    sheetUrl.searchParams.set("start", String(RECORDED_AT + 1000));
    expect((await fetch(sheetUrl)).status).toBe(403);
  });

  it("opens an uploaded file, and no other", async () => {
    const form = (): FormData => {
      const body = new FormData();
      const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
      body.append("img", new File([Buffer.from(png, "base64")], "dot.png", { type: "image/png" }));
      return body;
    };
    const put = async (): Promise<string> => {
      const init = { method: "POST", body: form(), headers: { authorization } };
      const { json } = await server.call("/api/chat/uploadAliyun", init);
      return pathOf((json.data as { url: string }[])[0]?.url ?? "");
    };
    const [file, other] = [await put(), await put()];
    const link = pathOf((await share(file)).url);
    expect(await statusOf(file)).toBe(401);
    expect(await statusOf(link)).toBe(200);
    expect(await statusOf(link.replace(file, other))).toBe(403);
  });

  it("comes with a link to its QR code, which also opens without a token", async () => {
    const { qr, qrSvg, url } = await share(range);
    for (const [link, type] of [
      [qr, "image/png"],
      [qrSvg, "image/svg+xml"],
    ] as const) {
      const response = await fetch(link);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe(type);
      expect(new URL(link).searchParams.get("text")).toBe(url);
    }
    const other = new URL(qr);
    other.searchParams.set("text", "https://evil.example");
    expect((await fetch(other)).status).toBe(403);
  });

  it("that is longer than a QR code holds comes without one", async () => {
    const { url, qr, qrSvg } = await share(`${range}&filename=${encodeURIComponent("群".repeat(240))}.mp4`);
    expect(url.length).toBeGreaterThan(2048);
    expect({ qr, qrSvg }).toEqual({ qr: null, qrSvg: null });
    expect((await fetch(url)).status).toBe(200);
  });

  it("cannot be altered in any parameter, moved, prolonged or shared on", async () => {
    const link = new URL((await share(`${range}&filename=a.mp4&gaps=keep&cut=keyframe`)).url);
    const names = [...link.searchParams.keys()];
    expect(names.toSorted()).toEqual(["cut", "end", "expires", "filename", "gaps", "signature", "start"]);
    const altered: URL[] = [];
    const change = (edit: (url: URL) => void): void => {
      const url = new URL(link);
      edit(url);
      altered.push(url);
    };
    for (const name of names) {
      change((url) => url.searchParams.delete(name));
      change((url) => url.searchParams.append(name, url.searchParams.get(name) ?? ""));
      change((url) => url.searchParams.set(name, `${url.searchParams.get(name) ?? ""}0`));
      change((url) => url.searchParams.set(name, ""));
      change((url) => {
        const value = url.searchParams.get(name) ?? "";
        url.searchParams.delete(name);
        url.searchParams.set(name.toUpperCase(), value);
      });
    }
    for (const extra of ["share=1", "inline=1", "id=1", "range=0~1", "x=", "lifetime=9h", "expires=9999999999"])
      altered.push(new URL(`${link.href}&${extra}`));
    change((url) => (url.pathname = url.pathname.replace("cam1", "cam2")));
    change((url) => (url.pathname = url.pathname.replace(".mp4", ".fmp4")));
    change((url) => (url.pathname = "/mp4/api/catalog"));
    change((url) => (url.pathname = "/metrics"));
    change((url) => (url.pathname = url.pathname.replace("live/cam1", "live//cam1")));
    for (const url of altered) {
      const response = await fetch(url);
      const about = pathOf(url.href);
      if (!url.searchParams.has("signature")) expect(response.status, about).toBe(401);
      else {
        expect(response.status, about).toBe(403);
        expect(((await response.json()) as { error: string }).error, about).toBe("bad_link");
      }
    }
    expect(altered.length).toBeGreaterThan(40);
  });

  it("cannot be altered in any character", async () => {
    const dice = random(seedOf(61));
    const link = pathOf((await share(range)).url);
    for (let i = 0; i < 300; i++) {
      const place = 1 + dice.below(link.length - 1);
      const other = dice.pick(Array.from("abcXYZ019-_.~%&=/?+"));
      const altered = link.slice(0, place) + other + link.slice(place + 1);
      if (meaning(altered) === meaning(link)) continue;
      const status = await statusOf(altered);
      expect([400, 401, 403, 404], `seed ${dice.seed}: ${altered}`).toContain(status);
    }
  });

  it("means the same with its parameters in another order, or escaped in another way", async () => {
    const link = new URL((await share(`${range}&filename=a%20b.mp4`)).url);
    const pairs = [...link.searchParams].toReversed();
    const escaped = (text: string): string =>
      [...new TextEncoder().encode(text)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
    const query = pairs.map(([name, value]) => `${name}=${escaped(value)}`).join("&");
    expect(await statusOf(`${link.pathname}?${query}`)).toBe(200);
    expect(await statusOf(`${link.pathname.replace("live/cam1", "live%2Fcam1")}?${query}`)).toBe(200);
  });

  it("allows nothing but to read", async () => {
    const link = pathOf((await share(range)).url);
    for (const method of ["POST", "PUT", "DELETE", "PATCH"])
      expect([401, 405], method).toContain(await statusOf(link, { method }));
    const other = link.replace("/mp4/download/live/cam1.mp4", "/mp4/api/delete/live/cam1");
    expect(await statusOf(other, { method: "POST" })).toBe(401);
  });

  it("ends when it says, to the second", async () => {
    const before = nowMs;
    const link = pathOf((await share(`${range}&lifetime=60s`)).url);
    nowMs = before + 60_000;
    expect(await statusOf(link)).toBe(200);
    nowMs = before + 61_000;
    const { status, json } = await server.call(link);
    expect({ status, error: json.error }).toEqual({ status: 403, error: "link_expired" });
    expect(await statusOf(link, { headers: { authorization } })).toBe(200); // the token is enough by itself
    nowMs = before;
  });

  it("states absolute times, so that it keeps its meaning when more is recorded", async () => {
    const { url } = await share(`/mp4/download/live/cam1.mp4?start=${at(1)}`);
    expect(new URL(url).searchParams.get("end")).toBe(new Date(RECORDED_AT + 6000).toISOString());
  });

  it.each([
    ["timeline", "/mp4/api/timeline/live/cam1?start=10:00:01&duration=3s&cut=keyframe&tz=UTC", { cut: "keyframe" }],
    ["sprite", "/mp4/sprite/live/cam1.vtt?range=10:00:01~10:00:04&width=64", { width: "64" }],
  ])("to a %s states absolute times, too: 10:00 is not another day tomorrow", async (_, path, others) => {
    const { searchParams } = new URL((await share(path)).url);
    searchParams.delete("expires");
    searchParams.delete("signature");
    const times = { start: "2026-01-31T10:00:01.000Z", end: "2026-01-31T10:00:04.000Z" };
    expect(Object.fromEntries(searchParams)).toEqual({ ...times, ...others });
  });

  it("to a snapshot states an absolute time, or none for the newest picture", async () => {
    const timeOf = async (query: string): Promise<string | null> =>
      new URL((await share(`/mp4/snapshot/live/cam1.jpg${query}`)).url).searchParams.get("time");
    expect(await timeOf("?time=10:00:01&tz=UTC")).toBe("2026-01-31T10:00:01.000Z");
    expect(await timeOf("")).toBeNull();
  });

  it("is not given for what cannot be had, for longer than is allowed, or to who may not read", async () => {
    const refused = async (path: string, headers: Record<string, string> = { authorization }): Promise<unknown> => {
      const { status, json } = await server.call(`${path}&share=1`, { headers });
      return [status, json.error];
    };
    expect(await refused(`${range}&lifetime=8h`, {})).toEqual([401, "unauthorized"]);
    expect(await refused(`${range}&lifetime=200h`)).toEqual([400, "lifetime_too_long"]);
    expect(await refused(`${range}&lifetime=soon`)).toEqual([400, "bad_duration"]);
    expect(await refused("/mp4/download/live/nothing.mp4?start=0&end=5")).toEqual([404, "not_recorded"]);
    expect(await refused("/mp4/download/live/cam1.mp4?id=999")).toEqual([404, "unknown_id"]);
  });
});

describe("the secrets of links", () => {
  const next = "second-link-secret-of-32-characters";

  it("can be changed without breaking links: two are accepted, the first signs", async () => {
    const old = pathOf((await share("/mp4/download/live/cam1.mp4?id=1")).url);
    const both = await start({ BOXCAR_LINK_SECRET: `${next} ${secret}` });
    const fresh = pathOf((await share("/mp4/download/live/cam1.mp4?id=1", both)).url);
    expect(await statusOf(old, {}, both)).toBe(200);
    expect(await statusOf(fresh, {}, both)).toBe(200);
    expect(await statusOf(fresh)).toBe(403);
    await both.close();
    const changed = await start({ BOXCAR_LINK_SECRET: next });
    expect(await statusOf(old, {}, changed)).toBe(403);
    expect(await statusOf(fresh, {}, changed)).toBe(200);
    await changed.close();
  });

  it("that are not there are said to be missing, and no link is accepted", async () => {
    const without = await start({ BOXCAR_LINK_SECRET: "" });
    const init = { headers: { authorization } };
    const { status, json } = await without.call("/mp4/download/live/cam1.mp4?id=1&share=1", init);
    expect({ status, error: json.error }).toEqual({ status: 501, error: "not_available" });
    const old = pathOf((await share("/mp4/download/live/cam1.mp4?id=1")).url);
    expect(await statusOf(old, {}, without)).toBe(403);
    await without.close();
  });

  it("go with the public address of the server", async () => {
    const named = await start({ BOXCAR_PUBLIC_URL: "https://video.example.org" });
    const { url, qr } = await share("/mp4/download/live/cam1.mp4?id=1", named);
    expect([new URL(url).origin, new URL(qr).origin]).toEqual([
      "https://video.example.org",
      "https://video.example.org",
    ]);
    await named.close();
  });
});
