import { execFile } from "node:child_process";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** One file of the demonstration's recorder. */
export interface DemoSegment {
  readonly file: string;
  /** Milliseconds since 1970. */
  readonly startMs: number;
}

/** When the demonstration was recorded. The same each time, so that links and repeated runs stay the same. */
export const DEMO_START_MS = Date.UTC(2026, 0, 31, 10, 0, 0);
export const DEMO_SEGMENT_MS = 10_000;
const COUNT = 6;

/**
 * A minute of a test picture with a running clock and a beep a second, in six files as a recorder leaves them. Made once
 * a folder; needs only options an ffmpeg of 2018 knows.
 */
export async function makeDemoRecordings(ffmpeg: string, folder: string): Promise<DemoSegment[]> {
  const names = Array.from({ length: COUNT }, (_, i) => {
    const stamp = new Date(DEMO_START_MS + i * DEMO_SEGMENT_MS).toISOString().slice(0, 19);
    return `${stamp.replace("T", "_").replaceAll(":", "-")}.mp4`;
  });
  const made = await readdir(folder).catch((): string[] => []);
  if (!names.every((name) => made.includes(name))) {
    const draft = `${folder}.part`;
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true });
    await encode(ffmpeg, join(draft, "%d.mp4"));
    for (const [i, name] of names.entries()) await rename(join(draft, `${i}.mp4`), join(draft, name));
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder);
  }
  return names.map((name, i) => ({ file: join(folder, name), startMs: DEMO_START_MS + i * DEMO_SEGMENT_MS }));
}

/** How this ffmpeg encodes pictures, two seconds a group: with H.264 where it can. */
export async function videoCodec(ffmpeg: string): Promise<string[]> {
  const { stdout } = await run(ffmpeg, ["-hide_banner", "-encoders"], { maxBuffer: 1 << 24 });
  const codec = stdout.includes(" libx264 ")
    ? ["libx264", "-preset", "veryfast", "-sc_threshold", "0", "-keyint_min", "50"]
    : ["mpeg4", "-flags", "+cgop", "-sc_threshold", "1000000000"];
  return ["-c:v", ...codec, "-pix_fmt", "yuv420p", "-b:v", "500k", "-g", "50"];
}

async function encode(ffmpeg: string, output: string): Promise<void> {
  const video = await videoCodec(ffmpeg);
  const seconds = DEMO_SEGMENT_MS / 1000;
  await run(ffmpeg, [
    ...["-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=640x360:rate=25:decimals=2"],
    ...["-f", "lavfi", "-i", "sine=frequency=220:beep_factor=4:sample_rate=48000", "-t", String(COUNT * seconds)],
    ...[...video, "-c:a", "aac", "-b:a", "96k"],
    ...["-f", "segment", "-segment_time", String(seconds), "-reset_timestamps", "1", "-segment_format", "mp4"],
    ...["-segment_format_options", "movflags=+faststart", output],
  ]);
}
