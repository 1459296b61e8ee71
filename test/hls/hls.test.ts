import { readFile, writeFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StreamedSegment } from "../../src/core/index.ts";
import { boundedSink } from "../../src/recordings/bounded-sink.ts";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { sourceSamples, type SourceSample } from "../support/judge.ts";
import { packets } from "../support/oracle.ts";
import { record, RECORDED_AT, type RecordedSegment } from "../support/recording.ts";
import { ffmpeg, ffprobePath } from "../support/tools.ts";

/** HLS of recordings: what the playlists list, judged by ffprobe, and how their files are served. */

const FRAME = 0.04;
const token = "0123456789-abcdefgh";
const authorization = `Bearer ${token}`;
const variables = {
  BOXCAR_TOKEN: token,
  ...{ BOXCAR_LINK_SECRET: "a-link-secret-of-32-characters-00", BOXCAR_GUESTS: "read" },
  ...{ BOXCAR_CLIENT_RATE: "0", BOXCAR_TOKEN_RATE: "0" },
};
let server: TestServer;

async function upload(stream: string, segments: readonly RecordedSegment[]): Promise<number[]> {
  const ids: number[] = [];
  for (const { file, startMs } of segments) {
    const init = { method: "PUT", body: await readFile(file), headers: { authorization } };
    const { status, json } = await server.call(`/mp4/api/segments/${stream}?start=${startMs}`, init);
    expect(status, json.message).toBe(201);
    ids.push((json.data as { id: number }).id);
  }
  return ids;
}

/** Starts a recording `seconds` after RECORDED_AT. */
const moved = (segments: readonly RecordedSegment[], seconds: number): RecordedSegment[] =>
  segments.map(({ file, startMs, endMs }) => ({
    file,
    startMs: startMs + seconds * 1000,
    endMs: endMs + seconds * 1000,
  }));

const between = (from: number, to: number): string =>
  `start=${RECORDED_AT + from * 1000}&end=${RECORDED_AT + to * 1000}`;

async function playlist(stream: string, name: string, query: string): Promise<string> {
  const reply = await server.fetch(`/mp4/hls/${stream}/${name}.m3u8?${query}`);
  const text = await reply.text();
  expect(reply.status, text).toBe(200);
  return text;
}

const urlsOf = (text: string): string[] => text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
const durationsOf = (text: string): number[] =>
  [...text.matchAll(/#EXTINF:([\d.]+),/g)].map((match) => Number(match[1]));

let steady: RecordedSegment[] = [];
let other: RecordedSegment[] = [];
beforeAll(async () => {
  server = await startTestServer(variables);
  steady = await record({ count: 3, seconds: 4 });
  other = moved(await record({ count: 1, seconds: 4, size: "320x240" }), 20);
  await upload("steady", steady);
  await upload("changing", [...steady, ...other]);
  // A second recorder starts before the first one is through, its sync samples at other times.
  await upload("taken", [...steady.slice(0, 2), ...moved(await record({ count: 1, seconds: 4, seed: 2 }), 6.3)]);
});
afterAll(() => server.close());

test("what was noted of a recording when it was indexed divides it as its index does", async () => {
  const noted = await playlist("steady", "v", between(0, 12));
  const indexed = await playlist("steady", "v", `${between(0, 12)}&segment=6001ms`);
  expect(urlsOf(noted).length).toBeGreaterThan(1);
  expect(indexed).toBe(noted);
});

test("a playlist that is asked for again lists what has come since", async () => {
  const [first, second] = steady.map((segment) => [segment]);
  await upload("coming", first ?? []);
  const ask = async (): Promise<number> =>
    durationsOf(await playlist("coming", "v", between(0, 12))).reduce((sum, lasts) => sum + lasts, 0);
  expect([await ask(), await ask()]).toEqual([4, 4]);
  await upload("coming", second ?? []);
  expect([await ask(), await ask()]).toEqual([8, 8]);
});

describe.skipIf(ffprobePath === undefined)("ffprobe", () => {
  /** That tracks hold the samples of the source, each once and in order, at their wall-clock times from the first picture on. */
  async function expectSource(
    url: string,
    source: Map<string, SourceSample[]>,
    types: readonly string[],
  ): Promise<void> {
    const tracks = (await packets(server.url + url)).filter(({ packets: found }) => found.length > 0);
    expect(tracks.map(({ type }) => type).sort()).toEqual([...types].sort());
    for (const { type, packets: found } of tracks) {
      const samples = source.get(type) ?? [];
      expect(
        found.map(({ hash }) => hash),
        type,
      ).toEqual(samples.map(({ hash }) => hash));
      // ffmpeg delays a whole track by its most negative composition offset: it is compared with itself.
      const origin = (samples[0]?.wall ?? 0) - (found[0]?.pts ?? 0);
      const off = found.map(({ pts }, i) => Math.abs(pts + origin - (samples[i]?.wall ?? 0)));
      expect(Math.max(...off), type).toBeLessThan(FRAME / 2);
    }
  }

  test.for([
    ["muxed", "index", ["video", "audio"]],
    ["split", "index", ["video", "audio"]],
    ["video", "v", ["video"]],
    ["audio", "a", ["audio"]],
  ] as const)("lists exactly the source's samples of %s tracks", async ([tracks, name, types]) => {
    const query = name === "index" ? `&tracks=${tracks}` : "";
    await expectSource(`/mp4/hls/steady/${name}.m3u8?${between(0, 12)}${query}`, await sourceSamples(steady), types);
  });

  test("finds media times on the wall clock, the first picture at the decode time, in each media segment", async () => {
    const text = await playlist("steady", "v", `${between(0, 12)}&segment=2s`);
    const init = await (await server.fetch(`/mp4/hls/steady/${/URI="(.*)"/.exec(text)?.[1] ?? ""}`)).arrayBuffer();
    expect(Buffer.from(init).includes("elst")).toBe(false);
    let at = RECORDED_AT / 1000;
    const durations = durationsOf(text);
    for (const [i, url] of urlsOf(text).entries()) {
      const bytes = await (await server.fetch(`/mp4/hls/steady/${url}`)).arrayBuffer();
      const view = new DataView(bytes);
      const tfdt = Buffer.from(bytes).indexOf("tfdt");
      // 25 pictures a second at ffmpeg's 12,800 ticks
      expect(Number(view.getBigUint64(tfdt + 8)) / 12_800).toBeCloseTo(at, 6);
      const trun = Buffer.from(bytes).indexOf("trun");
      expect(view.getUint8(trun + 4), "version of trun").toBe(1);
      expect(view.getInt32(trun + 16 + 12), "composition offset of the first sample").toBe(0);
      at += durations[i] ?? 0;
    }
  });

  test("lists pictures of both recorders at a take-over, none twice, in one that does not go back", async () => {
    const [track] = await packets(`${server.url}/mp4/hls/taken/v.m3u8?${between(0, 12)}`);
    const walls = track?.packets.map(({ pts }) => pts).sort((a, b) => a - b) ?? [];
    const steps = walls.slice(1).map((pts, i) => pts - (walls[i] ?? 0));
    expect(Math.min(...steps)).toBeGreaterThan(0.001);
    // What is presented after others that are left out is left out, too: at most the pictures of three B-frames.
    expect(Math.max(...steps)).toBeLessThan(4.5 * FRAME);
    expect((walls.at(-1) ?? 0) - (walls[0] ?? 0)).toBeCloseTo(10.3 - FRAME, 1);
    const text = await playlist("taken", "v", between(0, 12));
    expect(text.match(/#EXT-X-DISCONTINUITY/g)).toHaveLength(1);
    expect(text).toContain("#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:2026-01-31T10:00:07.300Z\n");
    expect(durationsOf(text).reduce((sum, one) => sum + one, 0)).toBeCloseTo((track?.packets.length ?? 0) * FRAME, 2);
  });
});

test("overlapping ranges share the URLs of all media and init segments", async () => {
  const whole = await playlist("changing", "av", `${between(0, 24)}&segment=2s`);
  const [from, to] = [3.3, 21.9];
  const part = await playlist("changing", "av", `${between(from, to)}&segment=2s`);
  const [all, some] = [urlsOf(whole), urlsOf(part)];
  const first = all.indexOf(some[0] ?? "");
  expect(first).toBeGreaterThan(0);
  expect(all.slice(first, first + some.length)).toEqual(some);
  expect(part.match(/#EXT-X-MAP.*/g)).toEqual(whole.match(/#EXT-X-MAP.*/g));
  expect(part).toContain("#EXT-X-START:TIME-OFFSET=1.3,PRECISE=YES\n");
  expect(new Set(all).size).toBe(all.length);
});

test("a gap and a changed size are a discontinuity with its time and its own init segment", async () => {
  const text = await playlist("changing", "av", between(0, 24));
  const [before = "", after = ""] = text.split("#EXT-X-DISCONTINUITY\n");
  expect(before).toContain("#EXT-X-PROGRAM-DATE-TIME:2026-01-31T10:00:00.000Z\n");
  expect(after).toMatch(
    /^#EXT-X-BOXCAR-CODECS:avc1\.\w+,mp4a\.40\.2\n#EXT-X-MAP:URI="[0-9a-f-]+\/av.mp4"\n#EXT-X-PROGRAM-DATE-TIME:2026-01-31T10:00:20.000Z\n/,
  );
  expect(text.match(/#EXT-X-MAP/g)).toHaveLength(2);
  expect(text.match(/#EXT-X-DISCONTINUITY/g)).toHaveLength(1);
  expect(text).toContain("#EXT-X-INDEPENDENT-SEGMENTS\n");
  expect(durationsOf(text).reduce((sum, one) => sum + one, 0)).toBeCloseTo(16, 3);
  expect(Number(/TARGETDURATION:(\d+)/.exec(text)?.[1])).toBe(Math.max(...durationsOf(text).map(Math.round)));
});

test("the multivariant playlist states what was measured", async () => {
  const text = await playlist("changing", "index", `${between(0, 24)}&segment=2s&tracks=muxed`);
  expect(text).toMatch(/CODECS="avc1\.[0-9a-fA-F]{6},mp4a\.40\.2",RESOLUTION=320x240,FRAME-RATE=25\.000/);
  const [url = "", iframes = ""] = [urlsOf(text)[0], /URI="(iframes.*)"/.exec(text)?.[1]];
  const media = await (await server.fetch(`/mp4/hls/changing/${url}`)).text();
  const rates = await Promise.all(
    urlsOf(media).map(async (name, i) => {
      const reply = await server.fetch(`/mp4/hls/changing/${name}`, { method: "HEAD" });
      return (Number(reply.headers.get("content-length")) * 8) / (durationsOf(media)[i] ?? 1);
    }),
  );
  const stated = Number(/[:,]BANDWIDTH=(\d+)/.exec(text)?.[1]);
  expect(stated).toBeGreaterThanOrEqual(Math.max(...rates));
  expect(stated).toBeLessThanOrEqual(Math.max(...rates) * 1.1);
  const syncs = await (await server.fetch(`/mp4/hls/changing/${iframes}`)).text();
  expect(syncs).toContain("#EXT-X-I-FRAMES-ONLY\n");
  expect(urlsOf(syncs)).toHaveLength(16);
});

test.each([
  { name: "by the clock", bframes: 0, earlyMs: 0 },
  { name: "with a clock that is off", bframes: 0, earlyMs: 30 },
  { name: "amid reordered pictures", bframes: 2, earlyMs: 0 },
])("a recording that goes on with the group of pictures before it is streamed behind that one, $name", async (each) => {
  // Cut every 4 s, with sync samples at 0 s and 6 s.
  const stream = `anywhere${String(each.bframes)}-${String(each.earlyMs)}`;
  const pattern = join(server.folder, `${stream}-%d.mp4`);
  const picture = ["-f", "lavfi", "-i", "testsrc2=size=96x64:rate=10", "-t", "12", "-c:v", "libx264"];
  const groups = [
    "-g",
    "60",
    "-keyint_min",
    "60",
    "-sc_threshold",
    "0",
    "-bf",
    String(each.bframes),
    "-pix_fmt",
    "yuv420p",
  ];
  const cut = ["-f", "segment", "-segment_time", "4", "-break_non_keyframes", "1", "-reset_timestamps", "1"];
  const fragments = ["-segment_format_options", "movflags=+empty_moov+frag_keyframe+default_base_moof"];
  await ffmpeg(["-v", "error", "-y", ...picture, ...groups, ...cut, ...fragments, pattern]);
  const files = [0, 1, 2].map((i) => {
    const startMs = RECORDED_AT + i * (4000 - each.earlyMs);
    return { file: pattern.replace("%d", String(i)), startMs, endMs: startMs + 4000 };
  });
  await upload(stream, files);
  const whole = await playlist(stream, "v", `${between(0, 12)}&segment=2s`);
  expect(durationsOf(whole).map(Math.round)).toEqual([4, 2, 2, 4]);
  expect(whole).not.toContain("INDEPENDENT");
  expect(whole).not.toContain("DISCONTINUITY");
  // What is shown at 9 s is decoded from the sync sample at 6 s on.
  expect(urlsOf(await playlist(stream, "v", `${between(9, 10)}&segment=2s`))).toEqual(urlsOf(whole).slice(2));
  if (ffprobePath === undefined) return;
  // It is decoded after what is decoded before it.
  const reply = await server.fetch(`/mp4/hls/${stream}/${/URI="(.*)"/.exec(whole)?.[1] ?? ""}`);
  const parts = [Buffer.from(await reply.arrayBuffer())];
  for (const url of urlsOf(whole)) {
    const media = await server.fetch(`/mp4/hls/${stream}/${url}`);
    parts.push(Buffer.from(await media.arrayBuffer()));
  }
  const file = join(server.folder, `${stream}.mp4`);
  await writeFile(file, Buffer.concat(parts));
  const [track] = await packets(file);
  const dts = track?.packets.map((packet) => packet.dts) ?? [];
  const sources = await Promise.all(files.map((source) => packets(source.file)));
  expect(dts).toHaveLength(sources.reduce((sum, [picture]) => sum + (picture?.packets.length ?? 0), 0));
  expect(Math.min(...dts.slice(1).map((time, i) => time - (dts[i] ?? 0)))).toBeGreaterThan(0);
});

test("media segments are immutable, and answer HEAD, ranges and conditions", async () => {
  const [url = ""] = urlsOf(await playlist("steady", "av", between(0, 12)));
  const path = `/mp4/hls/steady/${url}`;
  const whole = await server.fetch(path);
  const bytes = Buffer.from(await whole.arrayBuffer());
  const [etag, length] = [whole.headers.get("etag") ?? "", whole.headers.get("content-length")];
  expect(whole.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  expect(etag).toMatch(/^"[0-9a-f]{32}-m4s"$/);
  expect(length).toBe(String(bytes.length));
  expect((await server.fetch(path, { method: "HEAD" })).headers.get("content-length")).toBe(length);
  const part = await server.fetch(path, { headers: { range: "bytes=100-2099" } });
  expect([part.status, Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(100, 2100))]).toEqual([206, true]);
  expect((await server.fetch(path, { headers: { "if-none-match": etag } })).status).toBe(304);
  const list = await server.fetch(`/mp4/hls/steady/av.m3u8?${between(0, 12)}`, { method: "HEAD" });
  expect([list.status, list.headers.get("cache-control")]).toEqual([200, "public, max-age=3600"]);
  const open = await server.fetch(`/mp4/hls/steady/av.m3u8?start=${RECORDED_AT}`);
  expect(open.headers.get("cache-control")).toBe("public, no-cache");
});

test("playlists and manifests are compressed once for who takes them so", async () => {
  const origin = "https://player.example";
  const own = await startTestServer({ ...variables, BOXCAR_CORS_ORIGINS: origin });
  try {
    for (const { file, startMs } of [0, 12, 24, 36, 48].flatMap((seconds) => moved(steady, seconds))) {
      const init = { method: "PUT", body: await readFile(file), headers: { authorization } };
      await own.call(`/mp4/api/segments/steady?start=${startMs}`, init);
    }
    // Not by fetch, which decodes what it gets.
    const asked = async (path: string, headers: Record<string, string>) => {
      const reply = await new Promise<IncomingMessage>((resolve) => get(own.url + path, { headers }, resolve));
      return { status: reply.statusCode, headers: reply.headers, bytes: await buffer(reply) };
    };
    for (const path of [
      `hls/steady/av.m3u8?${between(0, 60)}&segment=2s`,
      `dash/steady/manifest.mpd?${between(0, 60)}`,
    ]) {
      const plain = await asked(`/mp4/${path}`, { "accept-encoding": "br, gzip;q=0" });
      const packed = await asked(`/mp4/${path}`, { "accept-encoding": "br, gzip;q=0.5" });
      expect(plain.headers["content-encoding"]).toBeUndefined();
      expect([packed.status, packed.headers["content-encoding"]]).toEqual([200, "gzip"]);
      expect(packed.bytes.length).toBe(Number(packed.headers["content-length"]));
      expect(gunzipSync(packed.bytes).equals(plain.bytes)).toBe(true);
      expect(packed.headers.etag).not.toBe(plain.headers.etag);
      for (const { headers } of [plain, packed]) expect(headers.vary).toBe("Origin, Accept-Encoding");
      const again = { "accept-encoding": "gzip", "if-none-match": packed.headers.etag ?? "" };
      const kept = await asked(`/mp4/${path}`, again);
      expect([kept.status, kept.headers["content-encoding"], kept.headers.etag]).toEqual([
        ...[304, undefined, packed.headers.etag],
      ]);
      expect((await asked(`/mp4/${path}`, { ...again, "accept-encoding": "identity" })).status).toBe(200);
    }
    const short = await asked(`/mp4/hls/steady/index.m3u8?${between(0, 12)}`, { "accept-encoding": "gzip" });
    expect([short.status, short.headers["content-encoding"]]).toEqual([200, undefined]);
  } finally {
    await own.close();
  }
});

test("what is not there is refused by name", async () => {
  const [id = 0] = await upload("gone", steady.slice(0, 1));
  const [media = ""] = urlsOf(await playlist("gone", "av", between(0, 4)));
  const refusal = async (path: string): Promise<unknown> => {
    const { status, json } = await server.call(`/mp4/hls/${path}`);
    return [status, json.error];
  };
  const from = `${id}-${RECORDED_AT}`;
  expect(await refusal("gone/poster.jpg")).toEqual([404, "unknown_media"]);
  expect(await refusal(`gone/${from}/av/7-50.m4s`)).toEqual([404, "unknown_media"]); // no sync sample
  expect(await refusal(`gone/${from}/av/0-5000.m4s`)).toEqual([404, "unknown_media"]);
  expect(await refusal(`steady/${media}`)).toEqual([404, "unknown_media"]);
  expect(await refusal(`gone/${id}-${RECORDED_AT + 3_600_000}/av/0-50.m4s`)).toEqual([404, "unknown_media"]);
  expect(await refusal(`gone/99999-${RECORDED_AT}/av/0-50.m4s`)).toEqual([404, "unknown_media"]);
  expect(await refusal("gone/0123456789abcdef-0123456789abcdef/av.mp4")).toEqual([404, "unknown_media"]);
  expect(await refusal(`gone/index.m3u8?${between(100, 200)}`)).toEqual([404, "not_recorded"]);
  expect(await refusal(`gone/index.m3u8?${between(0, 32 * 86_400)}`)).toEqual([400, "range_too_large"]);
  expect(await refusal(`gone/index.m3u8?${between(0, 4)}&segment=1s`)).toEqual([400, "bad_parameter"]);
  const headers = { authorization, "content-type": "application/json" };
  const removed = { method: "POST", headers, body: JSON.stringify({ ids: [id] }) };
  expect((await server.call("/mp4/api/delete/gone", removed)).status).toBe(200);
  expect(await refusal(`gone/${media}`)).toEqual([410, "segment_deleted"]);
});

test("a signed playlist leads to its own media segments, and to no others", async () => {
  const closed = await startTestServer({ ...variables, BOXCAR_GUESTS: "" });
  try {
    for (const { file, startMs } of steady) {
      const init = { method: "PUT", body: await readFile(file), headers: { authorization } };
      expect((await closed.call(`/mp4/api/segments/live/cam?start=${startMs}`, init)).status).toBe(201);
    }
    const base = "/mp4/hls/live/cam/";
    const status = async (path: string, headers: Record<string, string> = {}): Promise<number> =>
      (await closed.fetch(path, { headers })).status;
    expect(await status(`${base}index.m3u8?${between(0, 8)}`)).toBe(401);
    const { json } = await closed.call(`${base}index.m3u8?${between(0, 8)}&segment=2s&share=1`, {
      headers: { authorization },
    });
    const link = (json.data as { url: string }).url;
    const text = await (await fetch(link)).text();
    const list = await (await closed.fetch(urlsOf(text)[0] ?? "")).text();
    const media = urlsOf(list);
    const init = /URI="(.*)"/.exec(list)?.[1] ?? "";
    expect(media).toHaveLength(4);
    for (const url of [init, ...media]) expect(await status(base + url), url).toBe(200);
    const reply = await closed.fetch(base + (media[0] ?? ""));
    expect(reply.headers.get("cache-control")).toMatch(/^private, max-age=\d{4,5}, immutable$/);
    // The same signature names nothing outside of what its playlist lists.
    const open = await (await closed.fetch(`${base}av.m3u8?${between(8, 12)}`, { headers: { authorization } })).text();
    const query = (media[0] ?? "").slice((media[0] ?? "").indexOf("?"));
    expect(await status(`${base}${urlsOf(open)[0] ?? ""}${query}`)).toBe(403);
    expect(await status(`${base}${urlsOf(open)[0] ?? ""}${query.replace(/end=\d+/, "end=9999999999999")}`)).toBe(403);
    // A name that begins as one that is listed, and goes on to the end of its recording; and other tracks than the link's.
    const shared = await closed.call(`${base}index.m3u8?${between(0, 1)}&segment=2s&tracks=video&share=1`, {
      headers: { authorization },
    });
    const pictures = await (await fetch((shared.json.data as { url: string }).url)).text();
    const listed = urlsOf(await (await closed.fetch(urlsOf(pictures)[0] ?? "")).text());
    for (const url of listed) expect(await status(base + url), url).toBe(200);
    const lastOne = listed.at(-1) ?? "";
    const [, first = "", end = ""] = /\/(\d+)-(\d+)\.m4s/.exec(lastOne) ?? [];
    const named = (tracks: string, until: number): string =>
      base + lastOne.replace(/\/v\/.*\.m4s/, `/${tracks}/${first}-${until}.m4s`);
    const [length, all] = [Number(end) - Number(first), Number(end)];
    expect(await status(named("v", all))).toBe(200);
    for (const until of [all + 1, all + length]) {
      const open = named("v", until).replace(/\?.*/, "");
      expect(await status(open, { authorization })).toBe(200);
      expect(await status(named("v", until))).toBe(403);
    }
    for (const tracks of ["a", "av"]) expect(await status(named(tracks, all))).toBe(403);
    expect(await status(`/mp4/hls/live/other/${media[0] ?? ""}`)).toBe(403);
    expect(await status(`${base}av.m3u8${query}`)).toBe(403);
  } finally {
    await closed.close();
  }
});

test("a signed manifest leads to its media segments, and pages of an allowed origin may read both", async () => {
  const origin = "https://player.example";
  const closed = await startTestServer({ ...variables, BOXCAR_GUESTS: "", BOXCAR_CORS_ORIGINS: origin });
  try {
    for (const { file, startMs } of steady.slice(0, 2)) {
      const init = { method: "PUT", body: await readFile(file), headers: { authorization } };
      expect((await closed.call(`/mp4/api/segments/live/cam?start=${startMs}`, init)).status).toBe(201);
    }
    const path = `/mp4/dash/live/cam/manifest.mpd?${between(0, 8)}&segment=2s`;
    expect((await closed.fetch(path)).status).toBe(401);
    const { json } = await closed.call(`${path}&share=1`, { headers: { authorization } });
    const reply = await fetch((json.data as { url: string }).url, { headers: { origin } });
    expect(reply.headers.get("access-control-allow-origin")).toBe(origin);
    const text = await reply.text();
    const urls = [...text.matchAll(/(?:sourceURL|media)="([^"]*)"/g)].map(([, url = ""]) =>
      url.replaceAll("&amp;", "&"),
    );
    expect(urls).toHaveLength(10);
    for (const url of urls) {
      const media = await closed.fetch(`/mp4/hls/live/cam/${url}`, { headers: { origin, range: "bytes=0-99" } });
      expect([media.status, media.headers.get("access-control-allow-origin")], url).toEqual([206, origin]);
    }
    const foreign = await closed.fetch(`/mp4/hls/live/cam/${urls[1] ?? ""}`, {
      headers: { origin: "https://other.example" },
    });
    expect(foreign.headers.get("access-control-allow-origin")).not.toBe("https://other.example");
    // What players add to the URL of a playlist is not signed.
    const list = await closed.call(`/mp4/hls/live/cam/index.m3u8?${between(0, 8)}&share=1`, {
      headers: { authorization },
    });
    const { url } = list.json.data as { url: string };
    expect((await fetch(`${url}&_HLS_msn=0&_HLS_part=0`)).status).toBe(200);
    expect((await fetch(`${url}&segment=2s`)).status).toBe(403);
  } finally {
    await closed.close();
  }
});

test("a playlist takes so many media segments, and the one more is refused before it is listed", () => {
  let listed = 0;
  const sink = boundedSink({ begin: () => undefined, add: () => listed++ }, 3);
  const add = (): void => {
    sink.add({} as StreamedSegment);
  };
  for (let i = 0; i < 3; i++) add();
  expect(add).toThrow(/at most 3 media segments/);
  expect(listed).toBe(3);
});
