import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { RECORDED_AT, record } from "../support/recording.ts";

/** Every link that a reply holds leads to the stream that was asked for, however the request wrote its path. */

const token = "0123456789-abcdefgh";
const headers = { authorization: `Bearer ${token}` };
/** Those that others could be mistaken for come with these others. */
const streams = [
  "shared/cam1",
  "cam1",
  "a/b/c",
  "c",
  "a%2Fb",
  "100% #1?&=+",
  "群/像 1",
  "..x/.y",
  "a;b,c:d@e",
  "%2e%2e/z",
];
const nowMs = RECORDED_AT + 3_600_000;
const range = `start=${String(RECORDED_AT)}&end=${String(RECORDED_AT + 4000)}`;

let server: TestServer;
beforeAll(async () => {
  const secrets = { BOXCAR_TOKEN: token, BOXCAR_LINK_SECRET: "link-secret-of-at-least-32-characters" };
  const rates = { BOXCAR_CLIENT_RATE: "0", BOXCAR_TOKEN_RATE: "0" };
  server = await startTestServer({ ...secrets, ...rates }, { clock: () => nowMs });
  const bodies = await Promise.all((await record({ count: 2, seconds: 2 })).map(({ file }) => readFile(file)));
  for (const stream of streams) {
    for (const [i, body] of bodies.entries()) {
      const start = RECORDED_AT + i * 2000;
      const path = `/mp4/api/segments/${spellings(stream)[0] ?? ""}?start=${String(start)}`;
      expect((await server.call(path, { method: "PUT", body, headers })).status, stream).toBe(201);
    }
  }
});
afterAll(() => server.close());

/** A stream path as it stands in URLs: the usual way first. */
function spellings(stream: string): string[] {
  const usual = stream.split("/").map(encodeURIComponent).join("/");
  const every = [...new TextEncoder().encode(stream)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
  return [usual, encodeURIComponent(stream), encodeURIComponent(stream).toLowerCase(), every];
}

/** The stream that a URL of the server names, read as RFC 3986 has it: slashes first, then escapes. */
function streamOf(url: URL, call: string): string {
  const path = url.pathname.slice(`/mp4/${call}/`.length).replace(/\.(?:f?mp4|jpg|vtt)$/, "");
  return path.split("/").map(decodeURIComponent).join("/");
}

describe.each(streams)("links of the stream %s", (stream) => {
  // Some spellings of a name with upper and lower case mean another one.
  const asked = spellings(stream).filter((path) => decodeURIComponent(path) === stream);

  it.each([
    ["download", ".mp4", ""],
    ["download", ".fmp4", ""],
    ["api/timeline", "", ""],
    ["snapshot", ".jpg", "time"],
    ["sprite", ".vtt", ""],
    ["sprite", ".jpg", ""],
  ])("to %s%s name it", async (call, ending, time) => {
    const query = time === "" ? range : `time=${String(RECORDED_AT)}`;
    for (const path of asked) {
      const { status, json } = await server.call(`/mp4/${call}/${path}${ending}?${query}&share=1`, { headers });
      expect({ path, status, message: json.message }).toEqual({ path, status: 200, message: "" });
      const url = new URL((json.data as { url: string }).url);
      expect(streamOf(url, call), path).toBe(stream);
      expect((await fetch(url)).status, path).toBe(200);
    }
  });

  it("from a storyboard to its sheets name it, however a signed link is written", async () => {
    const shared = await server.call(`/mp4/sprite/${asked[0] ?? ""}.vtt?${range}&share=1`, { headers });
    const link = new URL((shared.json.data as { url: string }).url);
    for (const path of asked) {
      const followed = new URL(`${server.url}/mp4/sprite/${path}.vtt${link.search}`);
      const text = await (await fetch(followed)).text();
      const sheets = [...text.matchAll(/^\S+\.jpg\?[^#\s]+/gm)].map(([sheet]) => new URL(sheet, followed));
      expect(sheets.length, path).toBeGreaterThan(0);
      for (const sheet of sheets) expect(streamOf(sheet, "sprite"), path).toBe(stream);
      expect((await fetch(sheets[0] ?? "")).status, path).toBe(200);
    }
  });
});

it("from a refused change of codec to the parts that can be had name the stream", async () => {
  const stream = "群/a%2Fb #1";
  for (const [i, video] of (["h264", "mpeg4"] as const).entries()) {
    const [segment] = await record({ count: 1, seconds: 2, video, audio: null });
    const path = `/mp4/api/segments/${spellings(stream)[0] ?? ""}?start=${String(RECORDED_AT + i * 2000)}`;
    const body = await readFile(segment?.file ?? "");
    expect((await server.call(path, { method: "PUT", body, headers })).status).toBe(201);
  }
  for (const path of spellings(stream).slice(0, 2)) {
    const { json } = await server.call(`/mp4/api/timeline/${path}?${range}`, { headers });
    expect(json.error).toBe("codec_change");
    const urls = (json.spans as { url: string }[]).map(({ url }) => new URL(url, server.url));
    expect(urls.map((url) => streamOf(url, "download"))).toEqual([stream, stream]);
    for (const url of urls) expect((await fetch(url, { method: "HEAD", headers })).status).toBe(200);
  }
});
