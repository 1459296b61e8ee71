/** The recordings that are measured: made once, kept below the system's temporary folder. */
import { existsSync } from "node:fs";
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./process.ts";

/** Segments of one minute each that are used in turn. */
const DISTINCT = 9;
/** Segments in the longest stream: 24 hours. */
export const DAY = 1440;
/** Segments whose transfer is long enough to be timed, and short enough to be repeated: 4 hours. */
export const LONG = 240;
/** Segments in an hour. */
export const HOUR = 60;
/** Segments of ten seconds in a day. */
export const DAY_OF_SHORT = 8640;
/** When the recorded stream starts. */
export const STREAM_START = Date.UTC(2025, 0, 1);
export const STREAM = "bench";

/** Where things lie. */
export interface Material {
  readonly folder: string;
  /** Paths of the distinct one-minute segments. */
  readonly segments: readonly string[];
  /** `BOXCAR_DATA` with the segments imported. */
  readonly data: string;
  /** Number of segments in the stream. */
  readonly count: number;
}

/** The path of the `i`th segment of the stream. */
export function segmentAt(material: Pick<Material, "segments">, i: number): string {
  return material.segments[i % material.segments.length] ?? "";
}

/** Makes what is missing. @param count segments of the stream */
export async function prepare(program: string, count: number, say: (text: string) => void): Promise<Material> {
  const folder = join(tmpdir(), "boxcar-bench");
  await mkdir(folder, { recursive: true });
  const segments = await encode(folder, say);
  const data = await importSegments(folder, segments, program, count, say);
  return { folder, segments, data, count };
}

// One continuous encode cut by the segment muxer, so that segments join as those of a recorder do. The first one is left
// out: only there does the sound start with the encoder's delay.
async function encode(folder: string, say: (text: string) => void): Promise<string[]> {
  const target = join(folder, "segments");
  const names = Array.from({ length: DISTINCT }, (_, i) => join(target, `${i + 1}.mp4`));
  if (names.every((name) => existsSync(name))) return names;
  // Links and imports of older segments are of no use any more.
  await rm(folder, { recursive: true, force: true });
  say(`encoding ${DISTINCT + 1} minutes`);
  const making = join(folder, "segments.part");
  await mkdir(making, { recursive: true });
  const seconds = (DISTINCT + 1) * 60;
  const video =
    "-c:v libx264 -preset superfast -b:v 500k -maxrate 750k -bufsize 1M -g 50 -keyint_min 50 -sc_threshold 0";
  const audio = "-c:a aac -b:a 96k -ar 48000 -ac 2";
  const cut = "-f segment -segment_time 60 -reset_timestamps 1 -segment_format mp4";
  await run("ffmpeg", [
    ..."-v error -y -f lavfi -i testsrc2=size=640x360:rate=25 -f lavfi -i aevalsrc=sin(440*2*PI*t)*sin(0.7*t)|sin(330*2*PI*t):s=48000".split(
      " ",
    ),
    ..."-pix_fmt yuv420p -vf noise=alls=6:allf=t -t".split(" "),
    String(seconds),
    ...`${video} ${audio} ${cut}`.split(" "),
    join(making, "%d.mp4"),
  ]);
  await rename(making, target);
  return names;
}

// Imported with `boxcar import`, as users do. An index of another core may not be read by this one, so each has its own.
async function importSegments(
  folder: string,
  segments: readonly string[],
  program: string,
  count: number,
  say: (text: string) => void,
): Promise<string> {
  const core = createHash("sha256")
    .update(await readFile(join(program, "..", "boxcar.wasm")))
    .digest("hex");
  const name = `data-${core.slice(0, 12)}`;
  const data = join(folder, name);
  for (const other of await readdir(folder)) {
    if (other.startsWith("data-") && other !== name) await rm(join(folder, other), { recursive: true, force: true });
  }
  const counted = (n: number): string => join(data, `imported-${n}`);
  if (existsSync(counted(count)) || existsSync(counted(DAY))) return data;
  say(`importing ${count} segments`);
  const recordings = join(folder, "recordings");
  await linkRecordings(join(recordings, STREAM), segments, 60, count);
  await importRecordings(program, recordings, { BOXCAR_DATA: data });
  await writeFile(counted(count), "");
  return data;
}

/**
 * Makes a folder of `count` recordings, named by their starts, of files that are used in turn. What is there is left: the names
 * are the same for any count.
 */
export async function linkRecordings(
  folder: string,
  files: readonly string[],
  seconds: number,
  count: number,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let i = 0; i < count; i++) {
    const at = new Date(STREAM_START + i * seconds * 1000).toISOString().slice(0, 19).replaceAll(":", "-");
    const path = join(folder, `${at}.mp4`);
    if (!existsSync(path)) await link(files[i % files.length] ?? "", path);
  }
}

/** Imports a folder of streams with such recordings, as users do. @param env variables beside those of this process */
export async function importRecordings(
  program: string,
  recordings: string,
  env: Readonly<Record<string, string>>,
  ...options: readonly string[]
): Promise<void> {
  const args = ["--pattern", "%path/%Y-%m-%dT%H-%M-%S.mp4", "--tz", "UTC", ...options];
  await run(process.execPath, [program, "import", recordings, ...args], { ...process.env, ...env });
}

/** A list for `ffmpeg -f concat` of the first `count` segments. */
export async function concatList(material: Material, count: number): Promise<string> {
  const path = join(material.folder, `concat-${count}.txt`);
  const lines = Array.from({ length: count }, (_, i) => `file '${segmentAt(material, i)}'\n`);
  await writeFile(path, lines.join(""));
  return path;
}

/** One file of the first `count` segments, its `moov` first: what nginx serves. */
export async function mergedFile(material: Material, count: number, say: (text: string) => void): Promise<string> {
  const path = join(material.folder, "merged", `${count}.mp4`);
  if (existsSync(path)) return path;
  say(`merging ${count} segments for nginx`);
  await mkdir(join(material.folder, "merged"), { recursive: true });
  const part = `${path}.part`;
  const list = await concatList(material, count);
  await run("ffmpeg", [
    ..."-v error -y -f concat -safe 0 -i".split(" "),
    list,
    ..."-c copy -movflags +faststart -f mp4".split(" "),
    part,
  ]);
  await rename(part, path);
  return path;
}
