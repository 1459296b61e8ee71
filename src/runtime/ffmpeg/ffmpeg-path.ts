import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { BoxcarError } from "../../base/errors.ts";

const run = promisify(execFile);

async function works(path: string): Promise<boolean> {
  return run(path, ["-version"]).then(
    () => true,
    () => false,
  );
}

/**
 * The ffmpeg to use: `FFMPEG_PATH`, else `ffmpeg` on PATH, else the one of the npm package `@ffmpeg-installer/ffmpeg`
 * (a build of 2018: only options of that age may be used).
 * @throws BoxcarError `ffmpeg_missing` (501)
 */
export async function findFfmpeg(): Promise<string> {
  for (const path of [process.env.FFMPEG_PATH, "ffmpeg"]) {
    if (path !== undefined && path !== "" && (await works(path))) return path;
  }
  const packaged = await import("@ffmpeg-installer/ffmpeg").then(
    (module) => module.default.path,
    () => undefined, // the package throws on platforms it has no build for
  );
  if (packaged !== undefined && (await works(packaged))) return packaged;
  throw new BoxcarError("ffmpeg_missing", "No working ffmpeg was found. Install one, or name it in FFMPEG_PATH.");
}

/**
 * The ffprobe to use, found as `findFfmpeg` finds ffmpeg (`FFPROBE_PATH`, PATH, `@ffprobe-installer/ffprobe`);
 * undefined when there is none.
 */
export async function findFfprobe(): Promise<string | undefined> {
  for (const path of [process.env.FFPROBE_PATH, "ffprobe"]) {
    if (path !== undefined && path !== "" && (await works(path))) return path;
  }
  const packaged = await import("@ffprobe-installer/ffprobe").then(
    (module) => module.default.path,
    () => undefined,
  );
  return packaged !== undefined && (await works(packaged)) ? packaged : undefined;
}
