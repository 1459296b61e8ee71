import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RECORDED_AT } from "../support/recording.ts";
import { packets, type Packet } from "../support/oracle.ts";
import { ffmpeg, ffprobePath } from "../support/tools.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

/** Seconds of each source. */
const LENGTH = 22;
const FPS = 25;

let server: TestServer;
let folder = "";
beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(join(tmpdir(), "boxcar-copied-"));
  await Promise.all([
    source("closed", "keyint=50"),
    source("open", "keyint=50:open-gop=1"),
    source("ntsc", "keyint=50", "30000/1001"),
  ]);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** An encode with three B-frames, all pictures unlike each other. */
async function source(name: string, parameters: string, rate = String(FPS)): Promise<void> {
  const noise = "noise=alls=12:allf=t:all_seed=7";
  await ffmpeg([
    ...["-v", "error", "-f", "lavfi", "-i", `testsrc2=size=96x64:rate=${rate},${noise}`],
    ...["-f", "lavfi", "-i", "sine=frequency=440", "-t", String(LENGTH), "-c:a", "aac"],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-x264-params"],
    ...[`${parameters}:min-keyint=5:scenecut=0:bframes=3:b-adapt=0`, join(folder, `${name}.mp4`)],
  ]);
}

/** What ffmpeg decodes of the sources. */
const decoded = new Map<string, Promise<string[]>>();
function picturesOf(source: string): Promise<string[]> {
  const known = decoded.get(source) ?? pictures(join(folder, `${source}.mp4`));
  decoded.set(source, known);
  return known;
}

/** What ffmpeg decodes of a file: an MD5 a picture. */
async function pictures(file: string): Promise<string[]> {
  const { stdout, stderr } = await ffmpeg([
    ...["-v", "error", "-i", file, "-map", "0:v", "-vsync", "passthrough", "-f", "framemd5", "-"],
  ]);
  expect(stderr).toBe("");
  return [...stdout.matchAll(/^0,.*, *(\w+)$/gm)].map(([, md5]) => md5 ?? "");
}

/** Parts of a source, and when each starts to be shown in it, seconds. */
interface Parts {
  readonly files: readonly string[];
  readonly at: readonly number[];
}

/** Cuts a source anew for each part, as people do: `-ss X -t Y -c copy`. */
async function copied(name: string, seconds: number): Promise<Parts> {
  const at = Array.from({ length: Math.floor(LENGTH / seconds) }, (_, i) => Math.round(i * seconds * 1000) / 1000);
  const files = at.map((from) => join(folder, `${name}-${seconds}-${from}.mp4`));
  await Promise.all(
    files.map((file, i) =>
      ffmpeg([
        ...["-v", "error", "-ss", String(at[i]), "-t", String(seconds), "-i", join(folder, `${name}.mp4`)],
        ...["-c", "copy", file],
      ]),
    ),
  );
  return { files, at };
}

/** Lets a recorder of ffmpeg's part a source: it shows each part from the picture that is decoded first on. */
async function parted(name: string, seconds: number, ...options: readonly string[]): Promise<Parts> {
  const source = join(folder, `${name}.mp4`);
  await ffmpeg([
    ...["-v", "error", "-i", source, "-c", "copy", "-f", "segment"],
    ...["-segment_time", String(seconds), "-reset_timestamps", "1", ...options],
    ...["-segment_format", "mp4", join(folder, `${name}${seconds}-%03d.mp4`)],
  ]);
  const names = (await readdir(folder)).filter((each) => each.startsWith(`${name}${seconds}-`)).sort();
  const files = names.map((each) => join(folder, each));
  const known = new Map((await pictureTrack(source)).map(({ hash, pts }) => [hash, pts]));
  const firsts = await Promise.all(files.map(async (file) => (await pictureTrack(file))[0]?.hash ?? ""));
  return { files, at: firsts.map((hash) => known.get(hash) ?? Number.NaN) };
}

async function pictureTrack(file: string): Promise<readonly Packet[]> {
  const tracks = await packets(file, { edits: false });
  const track = tracks.find(({ type }) => type === "video")?.packets ?? [];
  const earliest = Math.min(...track.map(({ pts }) => pts));
  return track.map((packet) => ({ ...packet, pts: packet.pts - earliest }));
}

const kinds: [string, string, () => Promise<Parts>][] = [
  ["at any moment", "closed", () => copied("closed", 5.12)],
  ["at key frames", "closed", () => copied("closed", 4)],
  ["at key frames of open groups of pictures", "open", () => copied("open", 4)],
  ["by a recorder at key frames of open groups of pictures", "open", () => parted("open", 4)],
  ["by a recorder amid groups of pictures", "closed", () => parted("closed", 5.12, "-break_non_keyframes", "1")],
];

describe.skipIf(ffprobePath === undefined)("parts cut by copying", () => {
  describe.each(kinds)("%s", (name, source, cut) => {
    let files: readonly string[] = [];
    let at: number[] = [];
    let wanted: string[] = [];
    const path = `live/${name.replaceAll(/\W/g, "")}`;
    beforeAll(async () => {
      const parts = await cut();
      files = parts.files;
      at = parts.at.map((seconds) => Math.round(seconds * 1000));
      wanted = await picturesOf(source);
      expect(files.length).toBeGreaterThan(3);
    });

    it.each([
      ["stated exactly", (ms: number) => String(RECORDED_AT + ms), 0],
      ["named by whole seconds", (ms: number) => String(Math.floor((RECORDED_AT + 300 + ms) / 1000)), 300],
    ])("follow each other as they were, %s", async (stated, start) => {
      const stream = `${path}/${stated.replaceAll(/\W/g, "")}`;
      for (const [i, file] of files.entries()) await upload(stream, file, start(at[i] ?? 0));
      const { data } = (await server.call(`/mp4/api/list/${stream}?pageSize=100`)).json;
      const starts = (data as { startTime: string }[]).map(({ startTime }) => Date.parse(startTime)).reverse();
      expect(starts.map((ms) => ms - (starts[0] ?? 0))).toEqual(at);
      const found = (await downloaded(stream)).map((md5) => wanted.indexOf(md5));
      const whole = Math.round((at.at(-1) ?? 0) / 1000) * FPS;
      expect(found.slice(0, whole)).toEqual(Array.from({ length: whole }, (_, i) => i));
    });
  });

  it("show each picture once where their starts lie between pictures", async () => {
    const { files, at } = await copied("ntsc", 5.12);
    for (const [i, file] of files.entries()) await upload("live/ntsc", file, String(RECORDED_AT + (at[i] ?? 0) * 1000));
    const wanted = await picturesOf("ntsc");
    const found = (await downloaded("live/ntsc")).map((md5) => wanted.indexOf(md5)).slice(0, 600);
    expect(found).toEqual(found.map((_, i) => i));
  });
});

async function upload(stream: string, file: string, start: string): Promise<void> {
  const body = await readFile(file);
  const { status } = await server.call(`/mp4/api/segments/${stream}?start=${start}`, { method: "PUT", body });
  expect(status).toBe(201);
}

/** The pictures of all of a stream. */
async function downloaded(stream: string): Promise<string[]> {
  const reply = await server.fetch(`/mp4/download/${stream}.mp4?start=${RECORDED_AT - 1000}&duration=1m`);
  expect(reply.headers.get("boxcar-gaps")).toBe("0");
  const file = join(folder, `${stream.replaceAll("/", "-")}.mp4`);
  await writeFile(file, new Uint8Array(await reply.arrayBuffer()));
  return pictures(file);
}
