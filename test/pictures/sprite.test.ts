import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { chromiumPath, openPlayer } from "../browser/chromium.ts";
import { FPS, recordNumbered } from "../browser/numbered-recording.ts";
import { ffmpeg, hasEncoder } from "../support/tools.ts";
import { greyOf, numberIn, sizeOf } from "./numbers.ts";

const START = Date.UTC(2026, 0, 31, 10);
const SECONDS = 6;

let folder: string;
let server: TestServer;

/** Segments of `SECONDS` at these seconds; the n-th shows its frames from `first` + n × 150 on. */
async function upload(streamPath: string, files: readonly string[], starts: readonly number[]): Promise<void> {
  for (const [i, second] of starts.entries()) {
    const init = { method: "PUT", body: await readFile(files[i] ?? "") };
    const { status } = await server.call(`/mp4/api/segments/${streamPath}?start=${START + second * 1000}`, init);
    expect(status).toBe(201);
  }
}

interface Cue {
  readonly from: number;
  readonly to: number;
  readonly url: string;
  readonly part: { x: number; y: number; width: number; height: number };
}

async function storyboard(pathAndQuery: string): Promise<Cue[]> {
  const path = `/mp4/sprite/${pathAndQuery}`;
  const response = await server.fetch(path);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toMatch(/^text\/vtt/);
  const blocks = (await response.text()).trimEnd().split("\n\n");
  expect(blocks.shift()).toBe("WEBVTT");
  const seconds = (text: string): number => text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  return blocks.map((block) => {
    const [, from = "", to = "", link = "", fragment = ""] =
      /^([\d:.]+) --> ([\d:.]+)\n([^#]+)#xywh=([\d,]+)$/.exec(block) ?? [];
    const [x = 0, y = 0, width = 0, height = 0] = fragment.split(",").map(Number);
    const url = new URL(link, server.url + path);
    return { from: seconds(from), to: seconds(to), url: url.pathname + url.search, part: { x, y, width, height } };
  });
}

/** The frame number that each cue's part of its sheet shows. */
async function numbersOf(cues: readonly Cue[]): Promise<number[]> {
  const sheets = new Map<string, Awaited<ReturnType<typeof greyOf>>>();
  const numbers: number[] = [];
  for (const { url, part } of cues) {
    let grey = sheets.get(url);
    if (grey === undefined) {
      const response = await server.fetch(url);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe("image/jpeg");
      grey = await greyOf(new Uint8Array(await response.arrayBuffer()));
      sheets.set(url, grey);
    }
    numbers.push(numberIn(grey, part));
  }
  return numbers;
}

const range = (fromMs: number, toMs: number): string => `start=${START + fromMs}&end=${START + toMs}`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "boxcar-sprite-"));
  server = await startTestServer();
  const files = await recordNumbered({ folder, name: "a", segments: 4, seconds: SECONDS, size: "320x192" });
  await upload("live/cam1", files, [0, 6, 12, 18]);
  await upload("live/gap", files, [0, 6, 30]);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

describe("a storyboard", () => {
  it("shows the sync sample of each second, over joints", async () => {
    const cues = await storyboard(`live/cam1.vtt?${range(0, 24_000)}&interval=1s`);
    expect(cues).toHaveLength(24);
    expect(cues.map(({ from, to }) => [from, to])).toEqual(cues.map((_, i) => [i, i + 1]));
    expect(cues[11]?.part).toEqual({ x: 160, y: 96, width: 160, height: 96 });
    expect(await numbersOf(cues)).toEqual(cues.map((_, i) => i * FPS));
    const sheet = await server.fetch(cues[0]?.url ?? "");
    expect(sizeOf(new Uint8Array(await sheet.arrayBuffer()))).toEqual({ width: 1600, height: 3 * 96 });
  });

  it("has the times of the download: it starts anywhere, and gaps are left out or held", async () => {
    const late = await storyboard(`live/cam1.vtt?${range(2500, 9100)}&interval=2s`);
    expect(late.map(({ from, to }) => [from, to])).toEqual([
      [0, 2],
      [2, 4],
      [4, 6],
      [6, 6.6],
    ]);
    expect(await numbersOf(late)).toEqual([2, 4, 6, 8].map((second) => second * FPS));

    const skipped = await storyboard(`live/gap.vtt?${range(0, 36_000)}&interval=3s`);
    expect(await numbersOf(skipped)).toEqual([0, 3, 6, 9, 12, 15].map((second) => second * FPS));
    const kept = await storyboard(`live/gap.vtt?${range(0, 36_000)}&interval=6s&gaps=keep`);
    expect(await numbersOf(kept)).toEqual([0, 6, 11, 11, 11, 12].map((second) => second * FPS));
  });

  it("shows the sync sample of an earlier segment where one goes on with its group of pictures", async () => {
    const options = { folder, name: "anywhere", segments: 3, seconds: 4, group: 9, fragmented: true };
    await upload("live/anywhere", await recordNumbered(options), [0, 4, 8]);
    const cues = await storyboard(`live/anywhere.vtt?${range(2000, 12_000)}&interval=2s`);
    expect(await numbersOf(cues)).toEqual([0, 0, 0, 0, 9].map((second) => second * FPS));
  });

  it("chooses its interval, and goes on over several sheets", async () => {
    const cues = await storyboard(`live/cam1.vtt?${range(0, 24_000)}`);
    expect(cues).toHaveLength(24);
    const segments = Array.from({ length: 34 }, (_, i) => i);
    const [file = ""] = await recordNumbered({ folder, name: "long", segments: 1, seconds: SECONDS, size: "96x54" });
    await upload(
      "live/long",
      segments.map(() => file),
      segments.map((i) => i * SECONDS),
    );
    const all = await storyboard(`live/long.vtt?${range(0, 204_000)}`);
    expect(all.map(({ to }) => to).at(-1)).toBe(204);
    expect(all).toHaveLength(68); // 204 s in 3 s steps
    const fine = await storyboard(`live/long.vtt?${range(0, 204_000)}&interval=1s&width=48`);
    expect(fine).toHaveLength(204);
    expect(new Set(fine.map(({ url }) => url)).size).toBe(3);
    expect(await numbersOf(fine)).toEqual(fine.map((_, i) => (i % SECONDS) * FPS));
  });

  it.skipIf(chromiumPath === undefined)("has the cues in a browser that it is meant to have", async () => {
    const path = `live/cam1.vtt?${range(2500, 9100)}&interval=2s`;
    const player = await openPlayer(server.url);
    try {
      const cues = await player.cues(`/mp4/sprite/${path}`);
      const meant = await storyboard(path);
      expect(cues.map(({ from, to }) => [from, to])).toEqual(meant.map(({ from, to }) => [from, to]));
      const links = cues.map(({ text }) => new URL(text, `${server.url}/mp4/sprite/${path}`));
      expect(links.map(({ pathname, search }) => pathname + search)).toEqual(meant.map(({ url }) => url));
      expect(links.map(({ hash }) => hash)).toEqual(
        meant.map(({ part: { x, y, width, height } }) => `#xywh=${x},${y},${width},${height}`),
      );
    } finally {
      await player.close();
    }
  });

  it("takes its pictures from more segments than are read at once", async () => {
    const [file = ""] = await recordNumbered({
      folder,
      name: "short",
      segments: 1,
      seconds: 1,
      first: 77,
      size: "96x54",
    });
    const seconds = Array.from({ length: 130 }, (_, i) => i);
    await upload(
      "live/many",
      seconds.map(() => file),
      seconds,
    );
    const cues = await storyboard(`live/many.vtt?${range(0, 130_000)}&interval=1s&width=48`);
    expect(cues).toHaveLength(130);
    expect(new Set(await numbersOf(cues))).toEqual(new Set([77]));
  });

  it("keeps its places where the size or the codec's parameters change", async () => {
    const small = await recordNumbered({ folder, name: "small", segments: 1, seconds: 2, first: 500, size: "160x96" });
    const large = await recordNumbered({ folder, name: "large", segments: 1, seconds: 2, first: 700, size: "480x288" });
    await upload("live/mixed", [...small, ...large, ...small], [0, 2, 4]);
    const cues = await storyboard(`live/mixed.vtt?${range(0, 6000)}&interval=1s`);
    expect(await numbersOf(cues)).toEqual([500, 525, 700, 725, 500, 525]);
  });

  it.each([
    ["h264", "libx264", ["-x264-params", "open-gop=1:bframes=3:b-adapt=0:scenecut=0:keyint=24:min-keyint=12"]],
    ["hevc", "libx265", ["-x265-params", "log-level=none:open-gop=1:bframes=3:b-adapt=0:keyint=24:min-keyint=12"]],
  ])("shows sync samples of %s that are no restart of the decoder", async (name, encoder, options) => {
    if (!(await hasEncoder(encoder))) {
      console.warn(`SKIPPING open groups of pictures of ${name}: no encoder ${encoder}`);
      return;
    }
    const [plain = ""] = await recordNumbered({
      folder,
      name: `closed-${name}`,
      segments: 1,
      seconds: 10,
      size: "160x96",
    });
    const file = join(folder, `open-${name}.mp4`);
    await ffmpeg(["-v", "error", "-y", "-i", plain, "-an", "-vsync", "passthrough", "-c:v", encoder, ...options, file]);
    await upload(`live/open-${name}`, [file], [0]);
    for (const interval of [2, 3]) {
      const cues = await storyboard(`live/open-${name}.vtt?${range(0, 10_000)}&interval=${interval}s`);
      const before = (frame: number): number => frame - (frame % 24);
      expect(await numbersOf(cues), `${interval} s`).toEqual(cues.map((_, i) => before(i * interval * FPS)));
    }
  });

  it("stands upright", async () => {
    const [file = ""] = await recordNumbered({ folder, name: "up", segments: 1, seconds: 2, size: "320x192" });
    const turned = join(folder, "turned.mp4");
    await ffmpeg(["-v", "error", "-y", "-i", file, "-c", "copy", "-metadata:s:v:0", "rotate=90", turned]);
    await upload("live/up", [turned], [0]);
    const [cue] = await storyboard(`live/up.vtt?${range(0, 2000)}&width=96`);
    expect(cue?.part).toEqual({ x: 0, y: 0, width: 96, height: 160 });
  });

  it("answers conditions", async () => {
    const path = `/mp4/sprite/live/cam1.vtt?${range(0, 24_000)}`;
    const etag = (await server.fetch(path)).headers.get("etag") ?? "";
    expect((await server.fetch(path, { headers: { "if-none-match": etag } })).status).toBe(304);
  });

  it.each([
    ["live/cam1.vtt", 400, "missing_start"],
    [`live/cam1.vtt?${range(0, 1000)}&interval=0.5`, 400, "too_many_tiles"],
    [`live/cam1.vtt?${range(0, 1000)}&interval=abc`, 400, "bad_duration"],
    [`live/cam1.vtt?${range(0, 1000)}&width=1000`, 400, "bad_parameter"],
    [`live/cam1.jpg?${range(0, 1000)}&sheet=1`, 404, "unknown_sheet"],
    [`live/cam1.png?${range(0, 1000)}`, 404, "unknown_format"],
    [`live/none.vtt?${range(0, 1000)}`, 404, "not_recorded"],
  ])("%s answers %i %s", async (path, status, error) => {
    const answer = await server.call(`/mp4/sprite/${path}`);
    expect({ status: answer.status, error: answer.json.error }).toEqual({ status, error });
  });
});
