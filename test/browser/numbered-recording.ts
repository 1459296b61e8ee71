/** Recordings whose pictures state their own frame number, so that what a player shows can be told from its pixels. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ffmpeg } from "../support/tools.ts";

/** Frames a second of every numbered recording. */
export const FPS = 25;

/** Frame numbers have so many bits; each is a column of the picture, white above and black below when it is set. */
export const BITS = 12;

export interface NumberedOptions {
  /** Where the files go. They are named `${name}-0.mp4` and so on. */
  readonly folder: string;
  readonly name: string;
  /** Number of the first frame. Default 0. */
  readonly first?: number;
  readonly segments: number;
  /** Length of each, whole seconds. */
  readonly seconds: number;
  /** Seconds from one sync sample to the next; segments begin anywhere when it is more than one, without B-frames. Default 1. */
  readonly group?: number;
  /** Default "h264", with B-frames and AAC. VP9 and AV1 come with Opus. */
  readonly video?: "h264" | "vp9" | "av1";
  /** Default: AAC beside H.264, Opus beside the others. */
  readonly sound?: "aac";
  /** Default "160x96". */
  readonly size?: `${number}x${number}`;
  /** Fragmented segments instead of progressive ones. Default false. */
  readonly fragmented?: boolean;
}

const ENCODERS = {
  h264: ["libx264", "-preset", "veryfast", "-bf", "2", "-sc_threshold", "0", "-c:a", "aac", "-b:a", "64k"],
  vp9: ["libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "200k", "-c:a", "libopus"],
  av1: ["libaom-av1", "-cpu-used", "8", "-lag-in-frames", "0", "-crf", "20", "-b:v", "0", "-c:a", "libopus"],
};

/** The ffmpeg encoder a numbered recording of that codec needs. */
export const encoderOf = (video: keyof typeof ENCODERS): string => ENCODERS[video][0] ?? "";

/** A source for ffmpeg's `lavfi` whose pictures state their number, from `first` on. */
export function numberedPictures(size: `${number}x${number}`, first: number): string {
  const width = Number(size.split("x")[0]) / BITS;
  const bars = Array.from({ length: BITS }, (_, bit) => {
    const set = `gte(mod(n+${first},${2 ** (bit + 1)}),${2 ** bit})`;
    const bar = (y: string, shown: string): string =>
      `drawbox=x=${Math.round(bit * width)}:y=${y}:w=${Math.round(width)}:h=ih/2:color=white:t=fill:enable='${shown}'`;
    return `${bar("0", set)},${bar("ih/2", `not(${set})`)}`;
  });
  return `color=black:size=${size}:rate=${FPS},${bars.join(",")}`;
}

/** Encodes one continuous recording and answers its segments' files in order. */
export async function recordNumbered(options: NumberedOptions): Promise<string[]> {
  const { folder, name, first = 0, segments, seconds, group = 1 } = options;
  const { video = "h264", size = "160x96", fragmented = false, sound } = options;
  const gop = String(FPS * group);
  const movflags = fragmented ? "+frag_keyframe+empty_moov+default_base_moof" : "+faststart";
  await ffmpeg([
    ...["-v", "error", "-y", "-f", "lavfi", "-i", numberedPictures(size, first)],
    ...["-f", "lavfi", "-i", "anoisesrc=r=48000:a=0.1:seed=1", "-t", String(segments * seconds)],
    ...["-strict", "experimental", "-threads", "1", "-pix_fmt", "yuv420p", "-c:v", ...ENCODERS[video]],
    ...(sound === undefined ? [] : ["-c:a", sound]),
    ...["-g", gop, "-keyint_min", gop, "-f", "segment", "-segment_time", String(seconds), "-reset_timestamps", "1"],
    ...(group > 1 ? ["-break_non_keyframes", "1", "-bf", "0"] : []),
    ...["-segment_format", "mp4", "-segment_format_options", `movflags=${movflags}`, join(folder, `${name}-%d.mp4`)],
  ]);
  const made = (await readdir(folder)).filter((file) => file.startsWith(`${name}-`));
  if (made.length !== segments) throw new Error(`${name}: ${made.length} segments instead of ${segments}`);
  return made.sort().map((file) => join(folder, file));
}
