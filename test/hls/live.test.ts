import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse as parseMpd } from "mpd-parser";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { packets } from "../support/oracle.ts";
import { record } from "../support/recording.ts";

/** HLS of what is being recorded: what its playlists list while it grows, and once it is over. */

let server: TestServer;
/** By how much the server's clock is ahead, milliseconds. */
let aheadMs = 0;
let sourceFile: string;
let stream: Buffer<ArrayBuffer>;
/** Where each movie fragment of the stream begins, and its end. */
let fragments: number[];
beforeAll(async () => {
  const clock = (): number => Date.now() + aheadMs;
  server = await startTestServer({ BOXCAR_LINK_SECRET: "a-link-secret-of-32-characters-00" }, { clock });
  const [segment] = await record({ count: 1, seconds: 16, fragmented: true });
  sourceFile = segment?.file ?? "";
  stream = await readFile(sourceFile);
  fragments = [];
  for (let at = 0; at < stream.length; at += stream.readUInt32BE(at)) {
    if (stream.toString("latin1", at + 4, at + 8) === "moof") fragments.push(at);
  }
  fragments.push(stream.length);
});
afterAll(() => server.close());

/** A push that is sent fragment by fragment. */
function push(streamPath: string): { send: (fragments: number) => Promise<void>; end: () => Promise<unknown> } {
  let controller: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given;
    },
  });
  const init = { method: "POST", body, duplex: "half" };
  const reply = server.call(`/mp4/live/${streamPath}?fragment=6s`, init);
  let [sent, next] = [0, 0];
  return {
    send: async (count) => {
      next = Math.min(next + count, fragments.length - 1);
      const end = fragments[next] ?? 0;
      controller.enqueue(stream.subarray(sent, end));
      sent = end;
      for (;;) {
        const jobs = (await server.call("/mp4/api/jobs")).json.data as { streamPath: string; bytes: number }[];
        if (jobs.some((job) => job.streamPath === streamPath && job.bytes >= sent)) return;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    end: async () => {
      controller.close();
      return (await reply).json;
    },
  };
}

async function playlist(streamPath: string, name: string, query: string): Promise<string> {
  const reply = await server.fetch(`/mp4/hls/${streamPath}/${name}.m3u8?${query}`);
  const text = await reply.text();
  expect(reply.status, text).toBe(200);
  return text;
}

const urlsOf = (text: string): string[] => text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
const numberOf = (text: string, tag: string): number => Number(new RegExp(`#EXT-X-${tag}:(\\d+)`).exec(text)?.[1]);

async function bytesOf(streamPath: string, url: string): Promise<{ etag: string | null; bytes: Buffer }> {
  const reply = await server.fetch(`/mp4/hls/${streamPath}/${url}`);
  expect(reply.status, url).toBe(200);
  return { etag: reply.headers.get("etag"), bytes: Buffer.from(await reply.arrayBuffer()) };
}

test("a playlist grows with its recording, and what it has named stays as it is", async () => {
  const begunMs = Date.now();
  const { send, end } = push("live/growing");
  await send(2);
  // The start of a recording is settled a second after its first part.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const query = `start=${begunMs - 60_000}&segment=2s`;
  const seen = new Map<string, { etag: string | null; bytes: Buffer }>();
  let before: string[] = [];
  for (let number = 3; number < fragments.length; number++) {
    await send(1);
    for (const name of ["v", "a"]) {
      const text = await playlist("live/growing", name, query);
      expect(text).toContain("#EXT-X-PLAYLIST-TYPE:EVENT");
      expect(text).not.toContain("#EXT-X-ENDLIST");
      expect(numberOf(text, "MEDIA-SEQUENCE")).toBe(0);
      const map = /URI="(.*)"/.exec(text)?.[1] ?? "";
      for (const url of [map, ...urlsOf(text)]) {
        if (!seen.has(url)) seen.set(url, await bytesOf("live/growing", url));
      }
      if (name === "a") continue;
      const urls = urlsOf(text);
      expect(urls.slice(0, before.length)).toEqual(before);
      before = urls;
    }
  }
  expect(before.length).toBeGreaterThan(4);
  expect(await end()).toMatchObject({ data: { state: "ended", segments: 3 } });
  const over = await playlist("live/growing", "v", query);
  expect(over).toContain("#EXT-X-ENDLIST");
  expect(urlsOf(over).slice(0, before.length)).toEqual(before);
  for (const [url, then] of seen) {
    const now = await bytesOf("live/growing", url);
    expect(now.etag, url).toBe(then.etag);
    expect(now.bytes.equals(then.bytes), url).toBe(true);
  }
});

test("a playlist that slides keeps the number of each media segment, in all renditions", async () => {
  const { send, end } = push("live/sliding");
  await send(2);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await send(fragments.length - 4);
  const master = await playlist("live/sliding", "index", "window=20s&segment=2s");
  expect(urlsOf(master)).toEqual(["v.m3u8?window=20000ms&segment=2000ms"]);
  const first = await playlist("live/sliding", "v", "window=20s&segment=2s");
  expect(first).not.toContain("#EXT-X-PLAYLIST-TYPE");
  const sequence = numberOf(first, "MEDIA-SEQUENCE");
  await send(1);
  const [more, sound] = [
    await playlist("live/sliding", "v", "window=20s&segment=2s"),
    await playlist("live/sliding", "a", "window=20s&segment=2s"),
  ];
  expect(numberOf(more, "MEDIA-SEQUENCE")).toBe(sequence + urlsOf(more).indexOf(urlsOf(first)[0] ?? "") * -1);
  expect(numberOf(sound, "MEDIA-SEQUENCE")).toBe(numberOf(more, "MEDIA-SEQUENCE"));
  expect(urlsOf(more).length).toBeGreaterThan(urlsOf(first).length - 1);
  const manifest = async (query: string): Promise<string> =>
    (await server.fetch(`/mp4/dash/live/sliding/manifest.mpd?segment=2s&${query}`)).text();
  const [sliding, growing] = [await manifest("window=20s"), await manifest(`start=${Date.now() - 60_000}`)];
  for (const text of [sliding, growing]) {
    expect(text).toMatch(/type="dynamic".* minimumUpdatePeriod="PT2S"/);
    const media = [...text.matchAll(/media="([^"]*\/v\/[^"]*)"/g)].map(([, url]) => url);
    expect(media.length).toBeGreaterThan(4);
    expect(media).toEqual(urlsOf(more).slice(0, media.length));
  }
  expect(sliding).toMatch(/availabilityStartTime="1970-01-01T00:00:00.000Z".* timeShiftBufferDepth="PT20S"/);
  expect(sliding).toMatch(/<Period id="[0-9a-f]{16}-0" start="PT0S">/);
  expect(growing).not.toContain("timeShiftBufferDepth");
  await end();
  expect(await playlist("live/sliding", "v", "window=20s&segment=2s")).toContain("#EXT-X-ENDLIST");
  const over = await manifest("window=20s");
  expect(over).toContain('type="dynamic"');
  expect(over).not.toContain("minimumUpdatePeriod");
  expect(await manifest(`start=${Date.now() - 60_000}`)).toContain('type="static"');
});

test("a window stays as it is while nothing comes", async () => {
  const { send, end } = push("live/pausing");
  await send(2);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await send(fragments.length - 4);
  const before = await playlist("live/pausing", "v", "window=20s&segment=2s");
  aheadMs = 60_000;
  try {
    expect(await playlist("live/pausing", "v", "window=20s&segment=2s")).toBe(before);
  } finally {
    aheadMs = 0;
    await end();
  }
});

test("a playlist that grows goes on with its numbers when the recordings it began with are deleted", async () => {
  const begunMs = Date.now();
  const { send, end } = push("live/shortened");
  await send(2);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await send(fragments.length - 4);
  const query = `start=${begunMs - 60_000}&segment=2s`;
  const manifest = async (): Promise<string> =>
    (await server.fetch(`/mp4/dash/live/shortened/manifest.mpd?${query}`)).text();
  const originOf = (text: string): string[] =>
    [...text.matchAll(/(?:availabilityStartTime|presentationTimeOffset|start)="[^"]*"/g)].map(([found]) => found);
  const begun = originOf(await manifest());
  const before = urlsOf(await playlist("live/shortened", "v", query));
  const ids = before[0]?.split("-")[0] ?? "";
  const gone = before.filter((url) => url.startsWith(`${ids}-`)).length;
  await vi.waitUntil(async () => {
    const { status } = await server.call(`/mp4/api/delete/live/shortened?ids=${ids}`, { method: "POST" });
    return status === 200;
  });
  const after = await playlist("live/shortened", "v", query);
  expect(urlsOf(after)).toEqual(before.slice(gone));
  expect(numberOf(after, "MEDIA-SEQUENCE")).toBe(gone);
  expect(after).not.toContain("#EXT-X-PLAYLIST-TYPE");
  expect(originOf(await manifest())).toEqual(begun);
  await end();
});

test("a stream is followed from its newest sync sample to its end, over all its segments, as it was sent", async () => {
  const { send, end } = push("live/followed");
  await send(2);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await send(1);
  const head = await server.fetch("/mp4/live/live/followed.mp4", { method: "HEAD" });
  expect([head.status, head.headers.get("content-type")]).toEqual([200, "video/mp4"]);
  const reply = await server.fetch("/mp4/live/live/followed.mp4");
  expect(reply.status).toBe(200);
  const body = reply.arrayBuffer();
  for (let number = 3; number < fragments.length; number++) await send(1);
  await end();
  const path = join(server.folder, "followed.mp4");
  await writeFile(path, new Uint8Array(await body));
  const [followed, source] = [await packets(path), await packets(sourceFile)];
  for (const { type, packets: found } of followed) {
    const hashes = found.map(({ hash }) => hash);
    const all = source.find((track) => track.type === type)?.packets ?? [];
    expect(hashes.length, type).toBeGreaterThan(all.length / 2);
    expect(hashes, type).toEqual(all.slice(-hashes.length).map(({ hash }) => hash));
    expect(Math.abs(found[0]?.pts ?? 1), type).toBeLessThan(0.1);
    expect(Math.max(...found.slice(1).map(({ pts }, i) => pts - (found[i]?.pts ?? 0))), type).toBeLessThan(0.3);
  }
  expect(followed.map(({ type }) => type).sort()).toEqual(["audio", "video"]);
  const { status, json } = await server.call("/mp4/live/live/followed.mp4");
  expect([status, json.error]).toEqual([404, "not_recorded"]);
});

/** A line of a playlist that names a file: its attributes, and the file. */
const named = (text: string, tag: string): { line: string; url: string }[] =>
  [...text.matchAll(new RegExp(`^#EXT-X-${tag}:(.*)$`, "gm"))].map(([, line = ""]) => ({
    line,
    url: /URI="([^"]*)"/.exec(line)?.[1] ?? "",
  }));

test("with latency=low a playlist lists parts as they come, which its hint has named, and each sample is in one", async () => {
  const { send, end } = push("live/low");
  await send(2);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await send(1);
  const query = `start=${Date.now() - 60_000}&segment=2s&latency=low`;
  const seen = { v: new Map<string, string>(), a: new Map<string, string>() };
  const whole = new Map<string, string[]>();
  const read = (name: "v" | "a", text: string): void => {
    let parts: string[] = [];
    for (const line of text.split("\n")) {
      const [, url] = /^#EXT-X-PART:.*URI="([^"]*)"/.exec(line) ?? [];
      if (url !== undefined) {
        parts.push(url);
        const known = seen[name].get(url);
        if (known !== undefined) expect(line).toBe(known);
        seen[name].set(url, line);
      } else if (line.endsWith(".m4s")) {
        if (parts.length > 0) whole.set(line, parts);
        parts = [];
      }
    }
  };
  const first = await playlist("live/low", "index", query);
  expect(urlsOf(first)[0]).toContain("latency=low");
  let [msn, part] = [0, 0];
  const hints: string[] = [];
  for (let number = 4; number < fragments.length; number++) {
    const waiting = (["v", "a"] as const).map((name) =>
      playlist("live/low", name, `${query}&_HLS_msn=${msn}&_HLS_part=${part}`),
    );
    await send(1);
    const [v = "", a = ""] = await Promise.all(waiting);
    read("v", v);
    read("a", a);
    expect(v).toMatch(
      /#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=18,PART-HOLD-BACK=1.5\n#EXT-X-PART-INF:PART-TARGET=0.5\n/,
    );
    for (const [text, other] of [
      [v, "a"],
      [a, "v"],
    ] as const) {
      const durations = named(text, "PART").map(({ line }) => Number(/DURATION=([\d.]+)/.exec(line)?.[1]));
      expect(Math.max(...durations)).toBeLessThanOrEqual(0.5);
      const [hint] = named(text, "PRELOAD-HINT");
      if (hint !== undefined) hints.push(hint.url);
      const [, at = ""] = /^(.*\.\d+)-/.exec(hint?.url ?? "") ?? [];
      expect(seen[other === "a" ? "v" : "a"].has(hint?.url ?? "")).toBe(false);
      const last = numberOf(text, "MEDIA-SEQUENCE") + urlsOf(text).length;
      const next = Number(at.split(".").at(-1));
      const [report] = named(text, "RENDITION-REPORT");
      expect(report?.url).toContain(`${other}.m3u8?`);
      // Nothing is hinted at while one recording is closed and the next one has not begun.
      const reported = next > 0 ? `LAST-MSN=${last},LAST-PART=${next - 1}` : `LAST-MSN=${last - 1}`;
      if (hint !== undefined) expect(report?.line).toContain(reported);
      [msn, part] = [last, next];
    }
  }
  const { url: hinted = "" } = named(await playlist("live/low", "v", query), "PRELOAD-HINT")[0] ?? {};
  const preloaded = server.fetch(`/mp4/hls/live/low/${hinted}`);
  await end();
  expect((await preloaded).status).toBe(200);
  // What is listed of it when it is over is what was listed before.
  const over = await playlist("live/low", "v", query);
  expect(over).toContain("#EXT-X-ENDLIST");
  expect(over).not.toContain("#EXT-X-PART");
  const media = urlsOf(over);
  for (const name of whole.keys()) if (name.includes("/v/")) expect(media).toContain(name);
  const hashesOf = async (urls: readonly string[]): Promise<string[]> => {
    const files = await Promise.all(urls.map(async (url) => (await bytesOf("live/low", url)).bytes));
    const path = join(server.folder, "parts.mp4");
    await writeFile(path, Buffer.concat(files));
    return (await packets(path)).flatMap(({ packets: found }) => found.map(({ hash }) => hash));
  };
  expect(hints.length).toBeGreaterThan(10);
  expect(hints.slice(0, -2).filter((url) => !seen.v.has(url) && !seen.a.has(url))).toEqual([]);
  const source = await packets(sourceFile);
  for (const [name, type] of [
    ["v", "video"],
    ["a", "audio"],
  ] as const) {
    const list = await playlist("live/low", name, query);
    const init = /URI="(.*)"/.exec(list)?.[1] ?? "";
    const all = source.find((track) => track.type === type)?.packets.map(({ hash }) => hash) ?? [];
    const found = await hashesOf([init, ...seen[name].keys()]);
    expect(found.length, name).toBeGreaterThan(all.length - 2.5 * (type === "video" ? 25 : 47));
    expect(found, name).toEqual(all.slice(0, found.length));
    expect(await hashesOf([init, ...urlsOf(list)]), name).toEqual(all);
    const [url = "", parts = []] = [...whole].findLast(([of]) => of.includes(`/${name}/`)) ?? [];
    expect(await hashesOf([init, url])).toEqual(await hashesOf([init, ...parts]));
  }
});

/** The media segments of a manifest's pictures or sound. */
const mediaOf = (manifest: string, tracks: "v" | "a"): string[] =>
  [...manifest.matchAll(/media="([^"]*)"/g)]
    .map(([, url = ""]) => url.replaceAll("&amp;", "&"))
    .filter((url) => url.includes(`/${tracks}/`));

test("with latency=low a manifest lists the media segment that grows, which is sent part by part", async () => {
  const { send, end } = push("live/grown");
  await send(2);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await send(3);
  const query = `start=${Date.now() - 60_000}&segment=2s&latency=low`;
  const path = `/mp4/dash/live/grown/manifest.mpd?${query}`;
  const text = await (await server.fetch(path)).text();
  expect(text).toMatch(/<MPD .*type="dynamic".* minimumUpdatePeriod="PT0.5S" suggestedPresentationDelay="PT2.5S"/);
  expect(text).toMatch(
    /<ServiceDescription id="0">\n<Latency target="2500"\/>\n<PlaybackRate min="0.96" max="1.04"\/>/,
  );
  expect(text).toMatch(/<SegmentList .* availabilityTimeOffset="1.5" availabilityTimeComplete="false">/);
  expect(text).toMatch(/<UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="20/);
  const [, clock = ""] = /<UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="([^"]*)"/.exec(text) ?? [];
  const told = await server.fetch(clock);
  expect([told.status, told.headers.get("cache-control")]).toEqual([200, "no-store"]);
  expect(Math.abs(Date.parse(await told.text()) - Date.now())).toBeLessThan(5000);
  const parsed = parseMpd(text, { manifestUri: `${server.url}${path}` });
  const listed = mediaOf(text, "v");
  const growing = listed.at(-1) ?? "";
  expect(growing).toMatch(/\/v\/\d+\.all-2000\.m4s$/);
  expect(parsed.playlists[0]?.segments.map(({ resolvedUri }) => resolvedUri)).toEqual(
    listed.map((url) => `${server.url}/mp4/hls/live/grown/${url}`),
  );
  const usual = await (await server.fetch(path.replace("&latency=low", ""))).text();
  expect(usual).not.toContain("http-iso"); // dash.js stood still for twelve seconds with it
  expect(usual).toContain("utc:direct:2014");
  expect(mediaOf(usual, "v")).toEqual(listed.slice(0, -1));

  const reply = await server.fetch(`/mp4/hls/live/grown/${growing}`);
  expect([reply.status, reply.headers.get("content-length")]).toEqual([200, null]);
  const reader = reply.body?.getReader();
  const chunks = [(await reader?.read())?.value ?? new Uint8Array()];
  expect(Buffer.from(chunks[0] ?? []).toString("latin1", 4, 8)).toBe("moof");
  const share = await server.call(`${path}&tracks=video&share=1`);
  const signed = await (await fetch((share.json.data as { url: string }).url)).text();
  const link = mediaOf(signed, "v").at(-1) ?? "";
  const linked = server.fetch(`/mp4/hls/live/grown/${link}`).then((one) => one.arrayBuffer());
  await send(fragments.length - 8);
  for (let step = await reader?.read(); step?.value !== undefined; step = await reader?.read()) chunks.push(step.value);
  await end();
  const grown = Buffer.concat(chunks);
  expect(Buffer.from(await linked).equals(grown)).toBe(true);
  const sound = await server.call(`/mp4/hls/live/grown/${link.replace("/v/", "/a/")}`);
  expect([sound.status, sound.json.error]).toEqual([403, "forbidden"]);

  const over = mediaOf(await (await server.fetch(path)).text(), "v");
  const first = /(\d+)\.all/.exec(growing)?.[1] ?? "";
  const whole = over.find((url) => url.includes(`/v/${first}-`)) ?? "";
  expect(over.slice(0, listed.length)).toEqual([...listed.slice(0, -1), whole]);
  expect((await bytesOf("live/grown", growing)).bytes.equals(grown)).toBe(true);
  const { url: init = "" } = named(await playlist("live/grown", "v", query), "MAP")[0] ?? {};
  const hashesOf = async (url: string): Promise<string[]> => {
    const files = await Promise.all([init, url].map(async (one) => (await bytesOf("live/grown", one)).bytes));
    const file = join(server.folder, "grown.mp4");
    await writeFile(file, Buffer.concat(files));
    return (await packets(file)).flatMap(({ packets: found }) => found.map(({ hash }) => hash));
  };
  expect(await hashesOf(growing)).toEqual(await hashesOf(whole));
  const { status, json } = await server.call(`/mp4/hls/live/grown/${growing.replace(/\d+\.all/, "1.all")}`);
  expect([status, json.error]).toEqual([404, "unknown_media"]);
});

test("a reload that asks for nonsense, or for what does not come, is refused", async () => {
  const { send, end } = push("live/late");
  await send(2);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await send(4);
  const query = `start=${Date.now() - 60_000}&segment=2s&latency=low`;
  const refusal = async (path: string): Promise<unknown> => {
    const { status, json } = await server.call(`/mp4/hls/live/late/${path}`);
    return [status, json.error];
  };
  const text = await playlist("live/late", "v", query);
  const last = urlsOf(text).length;
  expect(await refusal(`v.m3u8?${query}&_HLS_part=1`)).toEqual([400, "bad_parameter"]);
  expect(await refusal(`v.m3u8?${query}&_HLS_msn=x`)).toEqual([400, "bad_parameter"]);
  expect(await refusal(`v.m3u8?${query}&_HLS_msn=${last + 5}`)).toEqual([400, "bad_parameter"]);
  const { url: hinted = "" } = named(text, "PRELOAD-HINT")[0] ?? {};
  const beyond = hinted.replace(/\.(\d+)-/, (_, part) => `.${Number(part) + 1}-`);
  expect(await refusal(beyond)).toEqual([404, "unknown_media"]);
  expect(await refusal(hinted.replace(/(\d+)(\.\d+)-/, (_, first, part) => `${Number(first) + 1}${part}-`))).toEqual([
    404,
    "unknown_media",
  ]);
  // Who leaves is waited for no longer, and those there are do not hold up the end.
  const leaving = new AbortController();
  const left = server.fetch(`/mp4/hls/live/late/${hinted}`, { signal: leaving.signal }).catch(() => "left");
  leaving.abort();
  expect(await left).toBe("left");
  expect(await (await server.fetch(`/mp4/hls/live/late/v.m3u8?${query}&_HLS_msn=${last - 1}`)).text()).toBe(text);
  const waiting = server.fetch(`/mp4/hls/live/late/v.m3u8?${query}&_HLS_msn=${last + 1}`);
  await end();
  expect(await (await waiting).text()).toContain("#EXT-X-ENDLIST");
});

test("a reload with _HLS_skip lists what is newer than six target durations, and says how much it leaves out", async () => {
  const start = Date.now() - 30_000;
  const init = { method: "PUT", body: stream };
  expect((await server.call(`/mp4/api/segments/live/skipped?start=${start}`, init)).status).toBe(201);
  const { send, end } = push("live/skipped");
  await send(2);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await send(8);
  for (const latency of ["", "&latency=low"]) {
    const query = `start=${start}&segment=2s${latency}`;
    const [whole, part] = [
      await playlist("live/skipped", "v", query),
      await playlist("live/skipped", "v", `${query}&_HLS_skip=YES`),
    ];
    expect(whole).toMatch(/#EXT-X-SERVER-CONTROL:(CAN-BLOCK-RELOAD=YES,)?CAN-SKIP-UNTIL=18[,\n]/);
    expect(whole).not.toContain("#EXT-X-SKIP");
    const skipped = Number(/#EXT-X-SKIP:SKIPPED-SEGMENTS=(\d+)\n/.exec(part)?.[1]);
    expect(skipped).toBeGreaterThan(0);
    expect(urlsOf(part)).toEqual(urlsOf(whole).slice(skipped));
    const lasting = (from: number): number =>
      [...whole.matchAll(/#EXTINF:([\d.]+)/g)].slice(from).reduce((sum, [, seconds]) => sum + Number(seconds), 0);
    expect(lasting(skipped)).toBeGreaterThanOrEqual(18);
    expect(lasting(skipped + 1)).toBeLessThan(18);
    expect(part).toContain("#EXT-X-VERSION:9\n");
    // All behind the first that is listed is as it was.
    const [url = ""] = urlsOf(part);
    expect(part.slice(part.indexOf(url))).toBe(whole.slice(whole.indexOf(url)));
  }
  await end();
  expect(await playlist("live/skipped", "v", `start=${start}&_HLS_skip=YES`)).not.toContain("SKIP");
});

test("a window is no range, and has its bounds", async () => {
  for (const query of ["window=1s", "window=60s&start=2026-01-01T00:00:00Z"]) {
    const { status, json } = await server.call(`/mp4/hls/live/growing/v.m3u8?${query}`);
    expect([status, json.error], query).toEqual([400, "bad_parameter"]);
  }
});
