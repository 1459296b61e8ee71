import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { chromiumPath } from "../browser/chromium.ts";
import { recordNumbered } from "../browser/numbered-recording.ts";
import { random, seedOf } from "../support/random.ts";
import { sizeOf } from "./numbers.ts";

const execute = promisify(execFile);
const chance = random(seedOf(17));

function hasZbar(): boolean {
  try {
    execFileSync("zbarimg", ["--version"]);
    return true;
  } catch {
    console.warn("SKIPPING the reading of QR codes: there is no zbarimg (Debian package zbar-tools)");
    return false;
  }
}
const zbar = hasZbar();

let folder: string;
let server: TestServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "boxcar-qr-"));
  server = await startTestServer();
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function picture(path: string): Promise<{ type: string | null; bytes: Buffer }> {
  const response = await server.fetch(path);
  const bytes = Buffer.from(await response.arrayBuffer());
  expect({ status: response.status, body: response.status === 200 ? "" : bytes.toString() }).toEqual({
    status: 200,
    body: "",
  });
  expect(response.headers.get("content-length")).toBe(String(bytes.length));
  return { type: response.headers.get("content-type"), bytes };
}

/** What a scanner reads in a PNG, as UTF-8: left to itself, it guesses the encoding of every text. */
async function scanned(png: Uint8Array): Promise<string> {
  const file = join(folder, `${chance.below(1 << 30)}.png`);
  await writeFile(file, png);
  const { stdout } = await execute("zbarimg", ["--quiet", "--raw", "--oneshot", "-Sbinary", file]);
  return stdout.replace(/\n$/, "");
}

/** A document of the server as Chromium shows it. */
async function drawn(path: string): Promise<Buffer> {
  const file = join(folder, `drawn-${chance.below(1 << 30)}.png`);
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${join(folder, "profile")}`];
  const shot = ["--window-size=800,800", `--screenshot=${file}`, server.url + path];
  await execute(chromiumPath ?? "", [...flags, ...shot]);
  return readFile(file);
}

const codeOf = (text: string, more = ""): string => `/api/chat/qrcode?text=${encodeURIComponent(text)}${more}`;

describe("a QR code", () => {
  it.skipIf(!zbar)("reads as its text: links, other scripts, and as much as fits", async () => {
    const random = Array.from({ length: 1500 }, () => String.fromCharCode(97 + chance.below(26))).join("");
    for (const text of [
      "a",
      "https://boxcar.example/mp4/download/live/cam1.mp4?start=1&signature=x+y",
      "群二维码 ✓",
      random,
    ]) {
      const { type, bytes } = await picture(codeOf(text, "&size=1200"));
      expect(type).toBe("image/png");
      expect(await scanned(bytes), `seed ${chance.seed}`).toBe(text);
    }
  });

  it("is at most as large as asked, in whole pixels a module", async () => {
    for (const size of [64, 300, 1000]) {
      const { width, height } = sizeOf((await picture(codeOf("hello", `&size=${size}`))).bytes);
      expect(width).toBe(height);
      expect(width % 29, "21 modules and the quiet zone").toBe(0);
      expect(size - width).toBeGreaterThanOrEqual(0);
      expect(size - width).toBeLessThan(29);
    }
  });

  it("may be an SVG, in which nothing can run", async () => {
    const { type, bytes } = await picture(codeOf("<script>alert(1)</script>", "&type=svg"));
    expect(type).toBe("image/svg+xml");
    expect(bytes.toString()).toMatch(
      /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 \d+ \d+" shape-rendering="crispEdges"><path d="[Mhvz\d -]+"\/><\/svg>$/,
    );
    const { headers } = await server.fetch(codeOf("x", "&type=svg"));
    expect(headers.get("content-security-policy")).toContain("sandbox");
  });

  it.skipIf(!zbar || chromiumPath === undefined)("reads as its text in an SVG that a browser draws", async () => {
    const text = "https://boxcar.example/群?a=1&b=%20";
    expect(await scanned(await drawn(codeOf(text, "&type=svg")))).toBe(text);
  });

  it.skipIf(!zbar)("of a shared download leads a guest to the download", async () => {
    const token = "0123456789-abcdefgh";
    const env = { BOXCAR_TOKEN: token, BOXCAR_LINK_SECRET: "a-secret-of-at-least-32-characters" };
    const [file = ""] = await recordNumbered({ folder, name: "shared", segments: 1, seconds: 1 });
    const locked = await startTestServer(env);
    try {
      const headers = { authorization: `Bearer ${token}` };
      const put = { method: "PUT", body: await readFile(file), headers };
      await locked.call("/mp4/api/segments/live/cam1?start=1769853600000", put);
      const path = "/mp4/download/live/cam1.mp4?start=1769853600000&duration=1s";
      expect((await locked.call(path)).status).toBe(401);
      const { qr, url } = (await locked.call(`${path}&share=1`, { headers })).json.data as { qr: string; url: string };
      const code = await fetch(`${qr}&size=600`);
      expect(code.status, "what is signed cannot be changed").toBe(403);
      const link = await scanned(new Uint8Array(await (await fetch(qr)).arrayBuffer()));
      expect(link).toBe(url);
      const media = await fetch(link);
      expect({ status: media.status, type: media.headers.get("content-type") }).toEqual({
        status: 200,
        type: "video/mp4",
      });
      await media.arrayBuffer();
    } finally {
      await locked.close();
    }
  });

  it("is drawn in turn with other requests", async () => {
    const text = "x".repeat(2000);
    const answers: string[] = [];
    const ask = async (path: string): Promise<number> => {
      const response = await server.fetch(path);
      const answer = await response.text();
      answers.push(path === "/healthz" ? path : answer.startsWith("{") ? "refused" : "drawn");
      return response.status;
    };
    const codes = Array.from({ length: 40 }, (_, i) => ask(codeOf(`${text}${i}`, "&size=200")));
    const [healthy] = await Promise.all([ask("/healthz"), ...codes]);
    expect(healthy).toBe(200);
    expect(answers.lastIndexOf("drawn")).toBeGreaterThan(answers.indexOf("/healthz"));
    expect(answers.filter((answer) => answer === "drawn").length).toBe(40);
  });

  it.each([
    [codeOf(""), /1 to 2048 bytes/],
    [codeOf("x".repeat(2049)), /1 to 2048 bytes/],
    [codeOf("群".repeat(683)), /1 to 2048 bytes/],
    [codeOf("x".repeat(2000), "&size=100"), /too small/],
    [codeOf("x", "&size=0"), /size/],
    [codeOf("x", "&size=99999"), /size/],
    [codeOf("x", "&type=gif"), /type/],
    ["/api/chat/qrcode", /text/],
    ["/api/chat/groupQrcode/1?type=H5", /http/],
    ["/api/chat/groupQrcode/1?type=H5&http=nothing", /URL/],
    ["/api/chat/groupQrcode/1?chatType=all", /chatType/],
    [`/api/chat/groupQrcode/${"9".repeat(65)}`, /id/],
  ])("%s is refused in the envelope", async (path, message) => {
    const response = await server.fetch(path);
    const { msg, data } = (await response.json()) as { msg: string; data: string };
    expect({ status: response.status, msg }).toEqual({ status: 400, msg: "fail" });
    expect(data).toMatch(message);
  });
});

describe.skipIf(!zbar)("the card of a person or a group", () => {
  const card = async (path: string): Promise<string> => scanned((await picture(`/api/chat/groupQrcode/${path}`)).bytes);

  it("is JSON for the app", async () => {
    expect(JSON.parse(await card(`12?chatType=group&name=${encodeURIComponent("同学 群")}`))).toEqual({
      id: 12,
      name: "同学 群",
    });
    expect(JSON.parse(await card("7?chatType=single"))).toEqual({ id: 7, name: "" });
    const named = await card(`12?name=${encodeURIComponent("同学 \u{1F389}")}`);
    expect(named, "no scanner has to guess its encoding").toBe(
      String.raw`{"id":12,"name":"\u540c\u5b66 \ud83c\udf89"}`,
    );
  });

  it("is a URL for browsers", async () => {
    const page = (url: string): string => encodeURIComponent(url);
    expect(await card(`12?type=H5&http=${page("https://h5.example/join")}`)).toBe(
      "https://h5.example/join#/pages/setpageInfo/setpageInfo?action=autoAddGroup&id=12&chatType=group",
    );
    expect(await card(`12?type=H5&chatType=single&http=${page("https://h5.example/#/pages/add?from=qr")}`)).toBe(
      "https://h5.example/#/pages/add?from=qr&id=12&chatType=single",
    );
  });
});
