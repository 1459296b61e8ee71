import { readFile } from "node:fs/promises";
import { parse as parseHls, type types } from "hls-parser";
import { parse as parseMpd } from "mpd-parser";
import { afterAll, beforeAll, expect, test } from "vitest";
import { captionsBytes, clockCaptions } from "../../src/deliver/clock-captions.ts";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { record, RECORDED_AT } from "../support/recording.ts";

/** Gaps that are kept, and captions, in playlists and manifests. */

const SECRET = "a-link-secret-of-32-characters-00";
const token = "0123456789-abcdefgh";
const headers = { authorization: `Bearer ${token}` };
let server: TestServer;

/** Two recordings of 4 s; 17.5 s of nothing; one that goes on as they did; 2 s of nothing; a smaller picture. */
beforeAll(async () => {
  server = await startTestServer({ BOXCAR_TOKEN: token, BOXCAR_LINK_SECRET: SECRET, BOXCAR_TZ: "Asia/Shanghai" });
  const steady = await record({ count: 3, seconds: 4 });
  const [small] = await record({ count: 1, seconds: 4, size: "96x64" });
  for (const [i, file] of [...steady, small].entries()) {
    const start = RECORDED_AT + ([0, 4000, 25_500, 31_500][i] ?? 0);
    const init = { method: "PUT", body: await readFile(file?.file ?? ""), headers };
    expect((await server.call(`/mp4/api/segments/live/cam?start=${start}`, init)).status).toBe(201);
  }
});
afterAll(() => server.close());

const times = `start=${RECORDED_AT}&end=${RECORDED_AT + 60_000}&segment=4s`;
const ask = async (path: string): Promise<{ status: number; type: string | null; text: string }> => {
  const reply = await server.fetch(path, { headers });
  return { status: reply.status, type: reply.headers.get("content-type"), text: await reply.text() };
};
const media = async (name: string, query: string): Promise<types.MediaPlaylist & { source: string }> => {
  const { status, text } = await ask(`/mp4/hls/live/cam/${name}.m3u8?${query}`);
  expect(status, text).toBe(200);
  return parseHls(text) as types.MediaPlaylist & { source: string };
};
const sum = (segments: readonly { readonly duration: number }[]): number =>
  segments.reduce((total, { duration }) => total + duration, 0);

test("with gaps=keep a gap takes its time, in portions of a media segment, which nothing is named by", async () => {
  for (const name of ["av", "v", "a", "iframes", "captions"]) {
    const skipped = await media(name, times);
    expect(sum(skipped.segments), name).toBeCloseTo(16, 2);
    expect(
      skipped.segments.some(({ gap }) => gap),
      name,
    ).toBe(false);
    const { segments, targetDuration } = await media(name, `${times}&gaps=keep`);
    expect(sum(segments), name).toBeCloseTo(35.5, 2);
    const gaps = segments.filter(({ gap }) => gap);
    expect(
      gaps.map(({ duration }) => Number(duration.toFixed(2))),
      name,
    ).toEqual([3.5, 3.5, 3.5, 3.5, 3.5, 2]);
    expect(targetDuration, name).toBe(4);
    // Media times go on over the first; other parameters are a discontinuity, as ever.
    const breaks = segments.filter(({ discontinuity }) => discontinuity);
    expect(breaks.map(({ programDateTime }) => programDateTime?.getTime())).toEqual([RECORDED_AT + 31_500]);
    const walls = segments.flatMap(({ programDateTime }) => programDateTime?.getTime() ?? []);
    expect(walls).toEqual([0, 25_500, 31_500].map((ms) => RECORDED_AT + ms));
    expect(segments.filter(({ gap }) => !gap).map(({ uri }) => uri)).toEqual(skipped.segments.map(({ uri }) => uri));
    expect((await ask(`/mp4/hls/live/cam/${gaps[0]?.uri ?? ""}`)).status).toBe(404);
  }
  const index = (await ask(`/mp4/hls/live/cam/index.m3u8?${times}&gaps=keep`)).text;
  expect(index.match(/m3u8\?[^"\n]*gaps=keep/g)).toHaveLength(3);
});

test("gaps longer than a playlist may be are refused, and none is at the ends of a range", async () => {
  const body = await readFile((await record({ count: 1, seconds: 4 }))[0]?.file ?? "");
  for (const start of [RECORDED_AT, RECORDED_AT + 20 * 86_400_000])
    await server.call(`/mp4/api/segments/live/rare?start=${start}`, { method: "PUT", body, headers });
  const days = `start=${RECORDED_AT - 5000}&end=${RECORDED_AT + 21 * 86_400_000}`;
  const { status, text } = await ask(`/mp4/hls/live/rare/v.m3u8?${days}&gaps=keep`);
  expect([status, text]).toEqual([400, expect.stringContaining("range_too_large")]);
  expect((await ask(`/mp4/hls/live/rare/v.m3u8?${days}`)).status).toBe(200);
  const whole = `start=${RECORDED_AT - 60_000}&end=${RECORDED_AT + 60_000}`;
  expect((await media("v", `${whole}&gaps=keep`)).segments[0]?.gap).not.toBe(true);
});

test("with gaps=keep the periods of a manifest begin at their own times, with nothing between them", async () => {
  const { text } = await ask(`/mp4/dash/live/cam/manifest.mpd?${times}&gaps=keep`);
  const { duration } = parseMpd(text, { manifestUri: server.url });
  expect(duration).toBeCloseTo(35.5, 3);
  expect([...text.matchAll(/<Period ([^>]*)>/g)].map(([, attributes]) => attributes)).toEqual([
    'id="0" start="PT0S"',
    'id="1" start="PT25.5S"',
    'id="2" start="PT31.5S"',
  ]);
  const skipped = (await ask(`/mp4/dash/live/cam/manifest.mpd?${times}`)).text;
  expect(skipped.match(/<Period id="." duration="PT[48]S">/g)).toHaveLength(3);
});

/** The cues of a segment of captions: start and end in its own times, and text. */
const cuesOf = (text: string): string[] => [...text.matchAll(/^(\S+ --> \S+)\n(.*)$/gm)].map(([, a, b]) => `${a} ${b}`);

test("captions=clock is a rendition of subtitles that tells each second of the wall clock, at the media times", async () => {
  const from = `start=${RECORDED_AT + 500}&end=${RECORDED_AT + 8000}&segment=4s`;
  const { text } = await ask(`/mp4/hls/live/cam/index.m3u8?${from}&captions=clock`);
  const uri = /#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",.*URI="([^"]*)"/.exec(text)?.[1] ?? "";
  expect(text).toMatch(/#EXT-X-STREAM-INF:.*SUBTITLES="captions"/);
  expect(parseHls(text).isMasterPlaylist).toBe(true);
  expect((await ask(`/mp4/hls/live/cam/index.m3u8?${from}`)).text).not.toContain("SUBTITLES");
  const { text: list } = await ask(`/mp4/hls/live/cam/${uri}`);
  expect(list).not.toContain("EXT-X-MAP");
  const names = list.split("\n").filter((line) => line.endsWith(".vtt"));
  expect(names).toEqual([0, 4000].map((ms) => `clock/${RECORDED_AT + ms}-${RECORDED_AT + ms + 4000}+0800.vtt`));
  const first = await ask(`/mp4/hls/live/cam/${names[0] ?? ""}`);
  expect([first.status, first.type]).toEqual([200, "text/vtt; charset=utf-8"]);
  // 2026-01-31T10:00:00Z in ticks of 90 kHz, of which 33 bits are told.
  const ticks = (RECORDED_AT * 90) % 2 ** 33;
  expect(first.text.startsWith(`WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:${ticks}\n\n`)).toBe(true);
  expect(cuesOf(first.text)).toEqual(
    [0, 1, 2, 3].map((s) => `00:00:0${s}.000 --> 00:00:0${s + 1}.000 2026-01-31 18:00:0${s}+08:00`),
  );
  const zoned = await ask(`/mp4/hls/live/cam/captions.m3u8?${from}&tz=UTC`);
  expect(zoned.text).toContain("+0000.vtt");
  const part = await ask(`/mp4/hls/live/cam/clock/${RECORDED_AT + 250}-${RECORDED_AT + 1500}-0330.vtt`);
  expect(cuesOf(part.text)).toEqual([
    "00:00:00.000 --> 00:00:00.750 2026-01-31 06:30:00-03:30",
    "00:00:00.750 --> 00:00:01.250 2026-01-31 06:30:01-03:30",
  ]);
});

test("captions of a manifest stand at presentation times, in all of its periods", async () => {
  const { text } = await ask(`/mp4/dash/live/cam/manifest.mpd?${times}&captions=clock`);
  const names = [...text.matchAll(/media="(clock[^"]*)"/g)].map(([, name = ""]) => name);
  expect(names).toEqual(
    [0, 4000, 25_500, 31_500].map(
      (ms, i) => `clock/${RECORDED_AT + ms}-${RECORDED_AT + ms + 4000}+0800.${i * 4000}.vtt`,
    ),
  );
  const { text: cues } = await ask(`/mp4/hls/live/cam/${names[2] ?? ""}`);
  expect(cues).not.toContain("TIMESTAMP-MAP");
  expect(cuesOf(cues).slice(0, 2)).toEqual([
    "00:00:08.000 --> 00:00:08.500 2026-01-31 18:00:25+08:00",
    "00:00:08.500 --> 00:00:09.500 2026-01-31 18:00:26+08:00",
  ]);
});

test("captions of no time, of more than a day, or of no zone are unknown", async () => {
  const at = (from: number, to: number, rest: string): string =>
    `clock/${RECORDED_AT + from}-${RECORDED_AT + to}${rest}`;
  for (const name of [
    at(0, 0, "+0000.vtt"),
    at(5, 0, "+0000.vtt"),
    at(0, 86_400_001, "+0000.vtt"),
    at(0, 9, "+0860.vtt"),
  ])
    expect((await ask(`/mp4/hls/live/cam/${name}`)).status, name).toBe(404);
  const late = Number.MAX_SAFE_INTEGER;
  expect((await ask(`/mp4/hls/live/cam/clock/${late - 9}-${late}+0000.vtt`)).status).toBe(404);
});

test("a signed link to a playlist leads to its captions", async () => {
  const asked = `${times}&captions=clock&tz=%2B01:00&share=1`;
  const { json } = await server.call(`/mp4/hls/live/cam/index.m3u8?${asked}`, { headers });
  const index = await (await fetch((json.data as { url: string }).url)).text();
  const list = /TYPE=SUBTITLES.*URI="([^"]*)"/.exec(index)?.[1] ?? "";
  const text = await (await server.fetch(list)).text();
  const [name = ""] = /^clock.*$/m.exec(text) ?? [];
  expect(name).toContain("+0100.vtt?");
  expect((await server.fetch(`/mp4/hls/live/cam/${name}`)).status).toBe(200);
  expect((await server.fetch(`/mp4/hls/live/cam/${name.replace(/\?.*/, "")}`)).status).toBe(401);
});

test("captions of a day let others go on while they are made", async () => {
  let breaths = 0;
  const breathe = (): Promise<void> | undefined => (++breaths % 10_000 === 0 ? Promise.resolve() : undefined);
  const day = { startMs: 0, endMs: 86_400_000, offsetMinutes: 0 };
  const bytes = await clockCaptions(day, { breathe });
  expect(new TextDecoder().decode(bytes).match(/-->/g)).toHaveLength(86_400);
  expect(captionsBytes(day)).toBeGreaterThanOrEqual(bytes?.length ?? 0);
  expect(breaths).toBe(86_400);
});
