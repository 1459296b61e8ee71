/** ffmpeg's concat demuxer, stream copy: what one would use without a server. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Material, concatList } from "./material.ts";
import { end, run } from "./process.ts";

/** What ffmpeg says about a run of its own. */
export interface FfmpegRun {
  readonly seconds: number;
  /** User and system. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

/** Joins the first `count` segments into an MP4 file. Its first byte can be used when it is done. */
export async function concatToFile(material: Material, count: number): Promise<FfmpegRun> {
  const list = await concatList(material, count);
  const output = join(material.folder, "concat.mp4");
  const started = performance.now();
  // By a shell that forks: on Linux what a process says of its peak begins with the size of the one that it was started from, here the bench.
  const text = await run("sh", [
    ...["-c", 'ffmpeg "$@" & wait $!', "sh"],
    ..."-y -nostats -benchmark -f concat -safe 0 -i".split(" "),
    list,
    ..."-c copy -f mp4".split(" "),
    output,
  ]);
  const seconds = (performance.now() - started) / 1000;
  await rm(output);
  const field = (name: string): number => Number(new RegExp(`${name}=([\\d.]+)`).exec(text)?.[1]);
  return { seconds, cpuSeconds: field("utime") + field("stime"), peakBytes: field("maxrss") * 1024 };
}

/** Milliseconds from the start of ffmpeg to its first byte of fragmented MP4 on standard output. */
export async function fragmentedFirstByte(material: Material, count: number): Promise<number> {
  const list = await concatList(material, count);
  const started = performance.now();
  const child = spawn("ffmpeg", [
    ..."-v error -f concat -safe 0 -i".split(" "),
    list,
    ..."-c copy -f mp4 -movflags frag_keyframe+empty_moov+default_base_moof pipe:1".split(" "),
  ]);
  await once(child.stdout, "data");
  const ms = performance.now() - started;
  await end(child, "SIGKILL");
  return ms;
}
