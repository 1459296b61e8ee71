import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { findFfmpeg, findFfprobe } from "../../src/runtime/ffmpeg/ffmpeg-path.ts";

const execute = promisify(execFile);

/** The ffmpeg fixtures are made with. Tests cannot run without one. */
export const ffmpegPath: string = await findFfmpeg();

// The package's ffprobe, where there is one for the platform: the same judge on every machine, and it starts in a fifth of
// the time that a distribution's takes for its 200 libraries.
process.env.FFPROBE_PATH ??= await import("@ffprobe-installer/ffprobe").then(
  (module) => module.default.path,
  () => "",
);

/** An ffmpeg that reads a still picture: the package's, which starts quickly; where there is none, the one above. */
export const stillsFfmpegPath: string = await import("@ffmpeg-installer/ffmpeg").then(
  (module) => module.default.path,
  () => ffmpegPath,
);

/** The ffprobe that judges, or undefined: then tests that need it must skip and say so. */
export const ffprobePath: string | undefined = await findFfprobe();

if (ffprobePath === undefined) {
  console.warn("SKIPPING every test that needs ffprobe: none in FFPROBE_PATH, on PATH, or from npm");
}

/** Runs ffmpeg and answers what it wrote to stdout and stderr. Rejects, with stderr in the message, when it fails. */
export function ffmpeg(args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return execute(ffmpegPath, ["-nostdin", "-hide_banner", ...args], { maxBuffer: 1 << 30 });
}

/** Runs ffprobe and answers its stdout. */
export async function ffprobe(args: readonly string[]): Promise<string> {
  if (ffprobePath === undefined) throw new Error("ffprobe is missing; guard the test with ffprobePath");
  return (await execute(ffprobePath, ["-hide_banner", ...args], { maxBuffer: 1 << 30 })).stdout;
}

const encoders = ffmpeg(["-encoders"]).then(
  ({ stdout }) => new Set([...stdout.matchAll(/^ [VA][.A-Z]{5} (\S+)/gm)].map((match) => match[1] ?? "")),
);

/** Whether this ffmpeg has an encoder of that name. */
export async function hasEncoder(name: string): Promise<boolean> {
  return (await encoders).has(name);
}

/** MD5 of the packets of one of a file's tracks, in order. @param track as ffprobe names it */
export async function packetHashes(path: string, track = "v:0"): Promise<string[]> {
  const shown = ["-show_data_hash", "md5", "-show_entries", "packet=data_hash", "-select_streams", track];
  return (await ffprobe(["-v", "error", ...shown, path])).match(/MD5:\w+/g) ?? [];
}
