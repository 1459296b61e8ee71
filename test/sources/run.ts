/**
 * `npm run sources [-- WORD…]`: half a minute of every kind of source, from the servers that people use, recorded at the same time; each recording
 * is held against what was sent, picture by picture. Without words the table in docs/recording.md is written again; with words only the
 * sources whose names contain one are tried. The exit code is 1 when something is not as it was sent.
 */
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { jobAt, postTo } from "../record/calls.ts";
import { ffmpeg } from "../support/tools.ts";
import { casesOf, type Case, type Material } from "./cases.ts";
import { held, pictureHashes, soundHashes, type Found } from "./judge.ts";
import { endAll, pause } from "./servers.ts";

const SECONDS = 30;
/**
 * Seconds that may be missing: before the first sync sample that is sent to a reader who comes late, and, where nobody tells that a
 * source has ended, of the part that is not whole then.
 */
const MOST_BEFORE_S = 8;
const MOST_AFTER_S = 1.2;
const FPS = 25;
const FRAMES_A_SECOND = 48_000 / 1024;

const words = process.argv.slice(2).map((word) => word.toLowerCase());
const folder = resolve("build", "sources");

async function material(): Promise<Material> {
  const inputs = ["-f", "lavfi", "-i", `testsrc2=size=320x180:rate=${String(FPS)}`];
  const noise = ["-f", "lavfi", "-i", "anoisesrc=sample_rate=48000:amplitude=0.2:seed=7"];
  const make = async (name: string, video: readonly string[]): Promise<string> => {
    const path = join(folder, name);
    const both = ["-t", String(SECONDS), "-pix_fmt", "yuv420p", ...video, "-c:a", "aac", "-b:a", "64k"];
    await ffmpeg(["-v", "error", "-y", ...inputs, ...noise, ...both, path]);
    return path;
  };
  const avc = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "25", "-keyint_min", "25"];
  const hevc = ["-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1"];
  return {
    avc: await make("avc.mp4", avc),
    hevc: await make("hevc.mp4", [...hevc, "-x265-params", "bframes=2:keyint=25:open-gop=0:log-level=none"]),
  };
}

interface Result {
  readonly one: Case;
  readonly segments: number;
  readonly pictures: Found;
  readonly sound: Found | undefined;
  readonly problems: readonly string[];
}

async function tried(server: TestServer, one: Case, at: number, sent: string): Promise<Result> {
  const name = `live/${String(at)}`;
  const starting = async (): Promise<void> => {
    const answer = await postTo(server, `/mp4/api/start/${name}`, { source: one.url, fragment: "5s" });
    if (answer.status !== 200) throw new Error(answer.json.message);
  };
  if (one.late === true) {
    const started = starting();
    await pause(1500);
    await one.begin();
    await started;
  } else {
    await one.begin();
    await starting();
  }
  for (let job = await jobAt(server, name); job?.state === "recording"; job = await jobAt(server, name))
    await pause(100);
  await postTo(server, `/mp4/api/stop/${name}`);
  while ((await jobAt(server, name))?.state !== "ended") await pause(100);
  await pause(1000); // until the store has all
  const list = await server.call(`/mp4/api/list/${name}?pageSize=100`);
  const timeline = await server.call(`/mp4/api/timeline/${name}?start=0`);
  const { gaps } = timeline.json.data as { gaps: unknown[] };
  const path = join(folder, `${String(at)}.mp4`);
  await writeFile(path, new Uint8Array(await (await server.fetch(`/mp4/download/${name}.mp4`)).arrayBuffer()));
  const pictures = held(await pictureHashes(path), await pictureHashes(sent));
  const sound = one.encodesSound === true ? undefined : held(await soundHashes(path), await soundHashes(sent));
  const problems = [
    ...problemsOf("pictures", pictures, FPS),
    ...(sound === undefined ? [] : problemsOf("frames of sound", sound, FRAMES_A_SECOND)),
    ...(gaps.length > 0 ? [`${String(gaps.length)} gaps`] : []),
    ...((list.json.total ?? 0) < 3 ? [`only ${String(list.json.total)} segments`] : []),
  ];
  return { one, segments: list.json.total ?? 0, pictures, sound, problems };
}

function problemsOf(what: string, { before, after, wrong }: Found, aSecond: number): string[] {
  return [
    ...(wrong === undefined ? [] : [`${what}: ${wrong}`]),
    ...(before > MOST_BEFORE_S * aSecond ? [`${String(before)} ${what} are missing at the start`] : []),
    ...(after > MOST_AFTER_S * aSecond ? [`${String(after)} ${what} are missing at the end`] : []),
  ];
}

/** What was found of a track, in words. */
function told({ before, there, after }: Found, what: string): string {
  if (before === 0 && after === 0) return `all ${String(there)} ${what}`;
  const missing = [
    ...(before > 0 ? [`without the first ${String(before)}`] : []),
    ...(after > 0 ? [`without the last ${String(after)}`] : []),
  ];
  return `${String(there)} ${what} in a row, ${missing.join(" and ")}`;
}

async function versions(): Promise<Record<Case["sender"], string>> {
  const of = async (command: string, args: readonly string[], pattern: RegExp): Promise<string> => {
    const run = await promisify(execFile)(command, args).catch(() => ({ stdout: "", stderr: "" }));
    return pattern.exec(run.stdout + run.stderr)?.[1] ?? "";
  };
  const rtmp = await of("dpkg-query", ["-W", "libnginx-mod-rtmp"], /:?([\d.]+)[^:]*$/);
  return {
    ffmpeg: `ffmpeg ${await of("ffmpeg", ["-version"], /version (\d+\.\d+)/)}`,
    GStreamer: `GStreamer ${await of("gst-inspect-1.0", ["--version"], /version (\d+\.\d+)/)} (gst-rtsp-server)`,
    "node-media-server": "node-media-server 4.4",
    "nginx-rtmp": `nginx with its RTMP module ${rtmp}`,
  };
}

await mkdir(folder, { recursive: true });
const sent = await material();
const server = await startTestServer({ BOXCAR_SOURCES_ALLOW: "127.0.0.0/8", BOXCAR_SOURCE_TIMEOUT: "10" });
try {
  const cases = (await casesOf(folder, sent)).filter(
    ({ name, sender }) => words.length === 0 || words.some((word) => `${name} ${sender}`.toLowerCase().includes(word)),
  );
  const senders = await versions();
  const rows = await Promise.all(
    cases.map(async (one, at): Promise<string | undefined> => {
      const label = `${one.name} from ${senders[one.sender]}`;
      try {
        const { segments, pictures, sound, problems } = await tried(server, one, at, sent[one.sent]);
        const found = [told(pictures, "pictures"), ...(sound === undefined ? [] : [told(sound, "frames of sound")])];
        console.log(`${label}: ${String(segments)} segments; ${[...found, ...problems].join("; ")}`);
        if (problems.length > 0) process.exitCode = 1;
        return `| ${[one.name, senders[one.sender], [...found, ...problems].join("; "), one.known].join(" | ")} |`;
      } catch (error) {
        process.exitCode = 1;
        console.log(`${label}: ${String(error)}`);
        return undefined;
      }
    }),
  );
  if (words.length === 0 && rows.every((row) => row !== undefined)) {
    const file = fileURLToPath(new URL("../../docs/recording.md", import.meta.url));
    const [before = "", , after = ""] = (await readFile(file, "utf8")).split(/(?<=<!-- sources -->)|(?=<!-- end -->)/);
    const head = ["| source | tried with | found | known of it |", "| --- | --- | --- | --- |"];
    await writeFile(file, `${before}\n\n${[...head, ...rows].join("\n")}\n\n${after}`);
  }
} finally {
  endAll();
  await server.close();
}
process.exit();
