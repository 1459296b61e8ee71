import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../src/config/config.ts";
import type { Store } from "../../src/base/ports.ts";
import { openNodeParts } from "../../src/runtime/node/node-parts.ts";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { encoderOf, FPS, recordNumbered, type NumberedOptions } from "../browser/numbered-recording.ts";
import { random, seedOf } from "../support/random.ts";
import { ffmpeg, ffprobe, ffprobePath, hasEncoder } from "../support/tools.ts";
import { greyOf, numberIn, sizeOf } from "./numbers.ts";

const START = Date.UTC(2026, 0, 31, 10);
const SECONDS = 6;
const SEGMENTS = 3;
const FRAME_MS = 1000 / FPS;
const chance = random(seedOf(11));

let folder: string;
let server: TestServer;

async function upload(streamPath: string, file: string, startMs: number): Promise<void> {
  const init = { method: "PUT", body: await readFile(file) };
  const { status, json } = await server.call(`/mp4/api/segments/${streamPath}?start=${startMs}`, init);
  expect({ status, message: json.message }).toEqual({ status: 201, message: "" });
}

async function record(streamPath: string, options: Partial<NumberedOptions> = {}): Promise<string[]> {
  const name = streamPath.replaceAll("/", "-");
  const { seconds = SECONDS } = options;
  const files = await recordNumbered({ folder, name, segments: SEGMENTS, ...options, seconds });
  for (const [i, file] of files.entries()) await upload(streamPath, file, START + i * seconds * 1000);
  return files;
}

async function snapshot(pathAndQuery: string): Promise<{ status: number; headers: Headers; bytes: Uint8Array }> {
  const { status, headers, ...response } = await server.fetch(`/mp4/snapshot/${pathAndQuery}`).then(async (answer) => ({
    status: answer.status,
    headers: answer.headers,
    bytes: new Uint8Array(await answer.arrayBuffer()),
  }));
  return { status, headers, ...response };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "boxcar-snapshot-"));
  server = await startTestServer({ BOXCAR_DECODERS: "8" });
  await record("live/cam1");
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

describe("of a group of pictures over several segments", () => {
  // Sync samples at 0 and 9 s: none in the second segment, and a late one in the third.
  const stream = "live/anywhere";
  beforeAll(() => record(stream, { group: 9, seconds: 4, fragmented: true }));

  it("a snapshot is the very frame that is shown at the moment", async () => {
    const frames = [0, 99, 100, 101, 150, 199, 200, 224, 225, 226, 299];
    const seen: number[] = [];
    for (const frame of frames) {
      // Fragments of ffmpeg put the picture some 20 ms behind their start, where the sound has its priming.
      const { status, bytes } = await snapshot(`${stream}.png?time=${START + frame * FRAME_MS + 30}`);
      expect(status).toBe(200);
      seen.push(numberIn(await greyOf(bytes)));
    }
    expect(seen).toEqual(frames);
  });

  it("seek=keyframe gives the sync sample before it, from an earlier segment, too", async () => {
    const seen: number[] = [];
    for (const ms of [500, 4000, 8500, 9500]) {
      const { headers, bytes } = await snapshot(`${stream}.png?seek=keyframe&time=${START + ms}`);
      seen.push(numberIn(await greyOf(bytes)));
      expect(headers.get("boxcar-time")).toBe(new Date(START + (seen.at(-1) ?? 0) * FRAME_MS).toISOString());
    }
    expect(seen).toEqual([0, 0, 0, 225]);
  });

  it("a picture of what follows a gap is the first one that can be decoded", async () => {
    const alone = "live/anywhere-alone";
    const files = [1, 2].map((i) => join(folder, `live-anywhere-${i}.mp4`));
    for (const [i, file] of files.entries()) await upload(alone, file, START + i * 60_000);
    expect((await snapshot(`${alone}.png?time=${START + 1000}`)).status).toBe(422);
    const { bytes } = await snapshot(`${alone}.png?time=${START + 60_000}`);
    expect(numberIn(await greyOf(bytes))).toBe(225);
  });
});

describe.each([
  ["h264", {}],
  ["h264", { fragmented: true }],
  ["vp9", {}],
  ["av1", {}],
] as const)("of %s %j", (video, options) => {
  it("a snapshot is the very frame that is shown at the moment", async (test) => {
    if (!(await hasEncoder(encoderOf(video)))) test.skip(`no encoder for ${video}`);
    const stream = `live/${video}${"fragmented" in options ? "-f" : ""}`;
    const segments = video === "h264" ? SEGMENTS : 1;
    await record(stream, { ...options, video, segments });
    const frames = segments * SECONDS * FPS;
    const moments = [0, FPS, 2 * FPS - 1, frames - 1, chance.below(frames)];
    for (const frame of moments) {
      // anywhere in its time, but for the half millisecond that is rounding
      const ms = Math.ceil(frame * FRAME_MS) + chance.below(FRAME_MS - 1);
      const { status, headers, bytes } = await snapshot(`${stream}.png?time=${START + ms}`);
      expect(status).toBe(200);
      const name = `seed ${chance.seed}, ${stream}, ${ms} ms`;
      expect(numberIn(await greyOf(bytes)), name).toBe(frame);
      expect(headers.get("boxcar-time"), name).toBe(new Date(Math.round(START + frame * FRAME_MS)).toISOString());
    }
  });
});

describe.each([
  ["h264", "libx264", ["-x264-params", "open-gop=1:bframes=3:b-adapt=0:scenecut=0:keyint=24:min-keyint=12"]],
  [
    "hevc",
    "libx265",
    [
      "-tag:v",
      "hvc1",
      "-x265-params",
      "log-level=none:open-gop=1:bframes=3:b-adapt=0:scenecut=0:keyint=24:min-keyint=12",
    ],
  ],
  ["mpeg4", "mpeg4", ["-q:v", "2", "-bf", "2", "-g", "25"]],
] as const)(
  "of %s with pictures that are decoded after a sync sample and shown before it",
  (name, encoder, options) => {
    it("a snapshot is the very frame, too", async (test) => {
      if (!(await hasEncoder(encoder))) test.skip(`no encoder ${encoder}`);
      const [plain = ""] = await recordNumbered({ folder, name: `closed-${name}`, segments: 1, seconds: 5 });
      const file = join(folder, `open-${name}.mp4`);
      await ffmpeg([
        "-v",
        "error",
        "-y",
        "-i",
        plain,
        "-an",
        "-vsync",
        "passthrough",
        "-c:v",
        encoder,
        ...options,
        file,
      ]);
      if (ffprobePath !== undefined) expect(await leadingSamples(file)).toBeGreaterThan(0);
      await upload(`live/open-${name}`, file, START);
      for (const frame of [0, 21, 23, 24, 25, 26, 124]) {
        const { status, bytes } = await snapshot(`live/open-${name}.png?time=${START + frame * FRAME_MS}`);
        expect({ frame, status }).toEqual({ frame, status: 200 });
        expect(numberIn(await greyOf(bytes)), `frame ${frame}`).toBe(frame);
      }
    });
  },
);

describe("a snapshot", () => {
  it("has the pixels that ffmpeg decodes from the source, exactly", async () => {
    const [file = ""] = await recordNumbered({ folder, name: "source", segments: 1, seconds: 3, size: "320x180" });
    await upload("live/source", file, START);
    for (const frame of [0, 24, 25, 74]) {
      const out = join(folder, `frame-${frame}.png`);
      await ffmpeg(["-v", "error", "-y", "-i", file, "-vf", `select=eq(n\\,${frame})`, "-frames:v", "1", out]);
      const { bytes } = await snapshot(`live/source.png?time=${START + frame * FRAME_MS}`);
      expect(await sameFrame(bytes, await readFile(out)), `frame ${frame}`).toBe(true);
    }
  });

  it("without a time is the newest frame; with seek=keyframe the sync sample before", async () => {
    const newest = await snapshot("live/cam1.jpg");
    expect(newest.headers.get("content-type")).toBe("image/jpeg");
    expect(newest.headers.get("cache-control")).toBe("public, no-cache");
    expect(numberIn(await greyOf(newest.bytes))).toBe(SEGMENTS * SECONDS * FPS - 1);
    const fast = await snapshot(`live/cam1.jpg?time=${START + 7900}&seek=keyframe`);
    expect(numberIn(await greyOf(fast.bytes))).toBe(7 * FPS);
  });

  it("is as wide as asked, keeping its proportions", async () => {
    const { bytes } = await snapshot(`live/cam1.jpg?time=${START}&width=80`);
    expect(sizeOf(bytes)).toEqual({ width: 80, height: 48 });
    const odd = await snapshot(`live/cam1.png?time=${START}&width=333`);
    expect(sizeOf(odd.bytes)).toEqual({ width: 333, height: 200 });
  });

  it("is turned and stretched as its source says", async () => {
    const [file = ""] = await recordNumbered({ folder, name: "plain", segments: 1, seconds: 1, size: "320x180" });
    const turned = join(folder, "turned.mp4");
    await ffmpeg(["-v", "error", "-y", "-i", file, "-c", "copy", "-metadata:s:v:0", "rotate=90", turned]);
    await upload("live/turned", turned, START);
    expect(sizeOf((await snapshot(`live/turned.jpg?time=${START}`)).bytes)).toEqual({ width: 180, height: 320 });
    expect(sizeOf((await snapshot(`live/turned.jpg?time=${START}&width=90`)).bytes)).toEqual({
      width: 90,
      height: 160,
    });

    for (const degrees of [90, 180, 270]) {
      const source = join(folder, `turned-${degrees}.mp4`);
      const [out, rotate] = [join(folder, `upright-${degrees}.png`), `rotate=${degrees}`];
      await ffmpeg(["-v", "error", "-y", "-i", file, "-c", "copy", "-metadata:s:v:0", rotate, source]);
      await ffmpeg(["-v", "error", "-y", "-i", source, "-frames:v", "1", out]); // turned by ffmpeg itself
      await upload(`live/turned-${degrees}`, source, START);
      const { bytes } = await snapshot(`live/turned-${degrees}.png?time=${START}`);
      expect(await sameFrame(bytes, await readFile(out)), rotate).toBe(true);
    }

    const wide = join(folder, "wide.mp4");
    await ffmpeg(["-v", "error", "-y", "-i", file, "-vf", "setsar=4/3", "-c:v", "libx264", "-an", wide]);
    await upload("live/wide", wide, START);
    expect(sizeOf((await snapshot(`live/wide.png?time=${START}`)).bytes)).toEqual({ width: 427, height: 180 });
    expect(sizeOf((await snapshot(`live/wide.png?time=${START}&width=320`)).bytes)).toEqual({
      width: 320,
      height: 135,
    });
  });

  it("is held in a distance that is no gap, and is not there in a gap", async () => {
    const [file = ""] = await recordNumbered({ folder, name: "hole", segments: 1, seconds: 2 });
    await upload("live/hole", file, START);
    await upload("live/hole", file, START + 2300);
    expect(numberIn(await greyOf((await snapshot(`live/hole.png?time=${START + 2200}`)).bytes))).toBe(2 * FPS - 1);
    expect((await snapshot(`live/hole.png?time=${START + 2300}`)).headers.get("boxcar-time")).toMatch(/02\.300Z$/);
    for (const ms of [-1, 5000, 3_600_000]) {
      const { status, json } = await server.call(`/mp4/snapshot/live/hole.png?time=${START + ms}`);
      expect({ ms, status, error: json.error }).toEqual({ ms, status: 404, error: "not_recorded" });
    }
  });

  it("answers conditions and HEAD", async () => {
    const path = `/mp4/snapshot/live/cam1.jpg?time=${START + 100}`;
    const first = await server.fetch(path);
    const etag = first.headers.get("etag") ?? "";
    const bytes = await first.arrayBuffer();
    expect(first.headers.get("cache-control")).toBe("public, max-age=86400");
    expect(first.headers.get("x-content-type-options")).toBe("nosniff");
    const head = await server.fetch(path, { method: "HEAD" });
    expect(head.headers.get("content-length")).toBe(String(bytes.byteLength));
    expect(head.headers.get("etag")).toBe(etag);
    expect((await server.fetch(path, { headers: { "if-none-match": etag } })).status).toBe(304);
    expect((await server.fetch(path, { headers: { "if-match": '"other"' } })).status).toBe(412);
  });

  it.each([
    ["live/cam1.jpg?time=abc", 400, "bad_time"],
    ["live/cam1.jpg?time=-5", 400, "bad_time"],
    ["live/cam1.jpg?time=NaN", 400, "bad_time"],
    ["live/cam1.jpg?width=0", 400, "bad_parameter"],
    ["live/cam1.jpg?width=3841", 400, "bad_parameter"],
    ["live/cam1.jpg?wdith=100", 400, "bad_parameter"],
    ["live/cam1.gif", 404, "unknown_format"],
    ["live/none.jpg", 404, "not_recorded"],
  ])("%s answers %i %s", async (path, status, error) => {
    const answer = await server.call(`/mp4/snapshot/${path}`);
    expect({ status: answer.status, error: answer.json.error }).toEqual({ status, error });
  });

  it("of a recording without video cannot be", async () => {
    const file = join(folder, "sound.mp4");
    await ffmpeg(["-v", "error", "-y", "-f", "lavfi", "-i", "sine=d=2", "-c:a", "aac", file]);
    await upload("live/sound", file, START);
    const { status, json } = await server.call(`/mp4/snapshot/live/sound.jpg?time=${START}`);
    expect({ status, error: json.error }).toEqual({ status: 422, error: "no_picture" });
  });
});

it.skipIf(ffprobePath === undefined)("reads only the bytes from the sync sample to the picture", async () => {
  const opened = await openNodeParts(readConfig({ BOXCAR_DATA: await mkdtemp(join(folder, "counted-")) }));
  let read: { offset: number; length: number }[] = [];
  const store: Store = {
    put: (key, body, size) => opened.store.put(key, body, size),
    get: (key, span, ifMatch) => {
      read.push(span);
      return opened.store.get(key, span, ifMatch);
    },
    head: (key) => opened.store.head(key),
    delete: (key) => opened.store.delete(key),
    list: (prefix) => opened.store.list(prefix),
  };
  const counting = await startTestServer({}, { ...opened, store });
  try {
    const file = join(folder, "long.mp4");
    const noise = "testsrc2=size=640x360:rate=25,noise=alls=20:allf=t:all_seed=1";
    const source = ["-f", "lavfi", "-i", noise, "-f", "lavfi", "-i", "sine=sample_rate=48000", "-t", "60"];
    const coding = ["-c:v", "libx264", "-preset", "ultrafast", "-b:v", "800k", "-g", "50", "-c:a", "aac"];
    await ffmpeg(["-v", "error", "-y", ...source, ...coding, "-movflags", "+faststart", file]);
    const body = await readFile(file);
    const entries = "packet=pos,size,pts_time,flags";
    const listed = await ffprobe([
      "-v",
      "error",
      "-select_streams",
      "v",
      "-show_entries",
      entries,
      "-of",
      "csv=p=0",
      file,
    ]);
    const samples = listed
      .trim()
      .split("\n")
      .map((line) => {
        const [pts, size, position, flags = ""] = line.split(",");
        return {
          ms: Math.round(Number(pts) * 1000),
          offset: Number(position),
          length: Number(size),
          sync: flags.startsWith("K"),
        };
      });
    await counting.fetch(`/mp4/api/segments/a?start=${START}`, { method: "PUT", body });
    for (const [ms, seek] of [
      [31_900, "exact"],
      [31_900, "keyframe"],
      [59_990, "exact"],
    ] as const) {
      read = [];
      const answer = await counting.fetch(`/mp4/snapshot/a.jpg?time=${START + ms}&seek=${seek}`);
      expect(answer.status).toBe(200);
      const bytes = read.reduce((sum, span) => sum + span.length, 0);
      console.log(`${ms} ms, ${seek}: ${bytes} of ${body.length} bytes read`);
      const sync = samples.findLast((sample) => sample.sync && sample.ms <= ms);
      const wanted = seek === "exact" ? samples.findLast((sample) => sample.ms <= ms) : sync;
      expect(Math.min(...read.map(({ offset }) => offset)), "from the sync sample on").toBe(sync?.offset);
      expect(Math.max(...read.map(({ offset, length }) => offset + length)), "to the picture").toBe(
        (wanted?.offset ?? 0) + (wanted?.length ?? 0),
      );
      // A group of pictures is 1/30 of the file; the sound that lies between is read along.
      expect(bytes).toBeLessThan(body.length / (seek === "exact" ? 20 : 100));
      expect(bytes).toBeGreaterThan(0);
    }
    read = [];
    await counting.fetch(`/mp4/snapshot/a.jpg?time=${START + 31_900}`);
    expect(read, "a picture that is kept is not read again").toEqual([]);
  } finally {
    await counting.close();
    await opened.close();
  }
});

/** Samples that are decoded after a sync sample and shown before it. */
async function leadingSamples(file: string): Promise<number> {
  const entries = ["-select_streams", "v", "-show_entries", "packet=pts,flags", "-of", "csv=p=0"];
  let [sync, count] = [Number.NEGATIVE_INFINITY, 0];
  for (const line of (await ffprobe(["-v", "error", ...entries, file])).trim().split("\n")) {
    const [pts = "", flags = ""] = line.split(",");
    if (flags.startsWith("K")) sync = Number(pts);
    else if (Number(pts) < sync) count++;
  }
  return count;
}

async function sameFrame(a: Uint8Array, b: Uint8Array): Promise<boolean> {
  const rgb = async (picture: Uint8Array): Promise<string> => {
    const file = join(folder, `rgb-${chance.below(1 << 30)}.png`);
    const { writeFile } = await import("node:fs/promises");
    await writeFile(file, picture);
    return (await ffmpeg(["-v", "error", "-i", file, "-pix_fmt", "rgb24", "-f", "md5", "-"])).stdout;
  };
  return (await rgb(a)) === (await rgb(b));
}
