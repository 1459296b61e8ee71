/** Recordings whose pictures state their number and whose sound has a tone of its own for each second. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { FPS, numberedPictures } from "../browser/numbered-recording.ts";
import { ffmpeg } from "../support/tools.ts";

/** Wall clock of second 0 of every recording. */
export const RECORDED_AT = Date.UTC(2026, 0, 31, 10, 0, 0);

/** Frequencies of the tones, Hz: second `n` has number `n` modulo 10. */
export const TONES: readonly number[] = Array.from({ length: 10 }, (_, i) => 500 + 300 * i);

/** One continuous encode, cut into segments. */
export interface Encode {
  /** The second of the recording at which it begins. Default 0. */
  readonly first?: number;
  readonly segments: number;
  /** Length of each segment, seconds: a whole number of groups of pictures. */
  readonly seconds: number;
  /** Seconds between sync samples. Default 2. */
  readonly gop?: number;
  readonly video?: "h264" | "hevc";
  readonly size?: `${number}x${number}`;
  /** "none": no sound track. Default "aac" of 44.1 kHz. */
  readonly sound?: "aac" | "opus" | "pcm" | "g711" | "none";
  /** Seconds into the encode at which its sound begins. Default 0. */
  readonly soundAt?: number;
}

const VIDEO = {
  h264: ["libx264", "-preset", "veryfast", "-bf", "2", "-sc_threshold", "0"],
  hevc: ["libx265", "-preset", "ultrafast", "-tag:v", "hvc1"],
};

const SOUND = {
  aac: ["-c:a", "aac", "-b:a", "64k", "-ar", "44100"],
  opus: ["-c:a", "libopus", "-ar", "48000"],
  pcm: ["-c:a", "pcm_s16le", "-ar", "16000"],
  g711: ["-c:a", "pcm_mulaw", "-ar", "8000"],
  none: ["-an"],
};

/** Every recording that outputs are made of. */
export const STREAMS = {
  plain: [{ segments: 3, seconds: 4 }],
  change: [
    { segments: 1, seconds: 4 },
    { first: 4, segments: 1, seconds: 4, size: "320x192" },
  ],
  gap: [
    { segments: 1, seconds: 4 },
    { first: 7, segments: 1, seconds: 4 },
  ],
  late: [{ segments: 2, seconds: 4, soundAt: 2 }],
  absent: [
    { segments: 1, seconds: 4 },
    { first: 4, segments: 1, seconds: 2, sound: "none" },
    { first: 6, segments: 1, seconds: 4 },
  ],
  hevc: [{ segments: 2, seconds: 4, video: "hevc" }],
  opus: [{ segments: 2, seconds: 4, sound: "opus" }],
  pcm: [{ segments: 2, seconds: 4, sound: "pcm" }],
  g711: [{ segments: 2, seconds: 4, sound: "g711" }],
  joints: Array.from({ length: 25 }, (_, i) => ({ first: i, segments: 1, seconds: 1, gop: 1 })),
} as const satisfies Record<string, readonly Encode[]>;

export type StreamName = keyof typeof STREAMS;

/** Makes the recording and sends its segments to the server. @throws Error with what the server said when it refuses */
export async function recordStream(serverUrl: string, folder: string, name: StreamName): Promise<void> {
  for (const [i, encode] of (STREAMS[name] as readonly Encode[]).entries()) {
    const { first = 0, seconds } = encode;
    for (const [j, file] of (await encodeSegments(folder, `${name}${i}`, encode)).entries()) {
      const start = RECORDED_AT + (first + j * seconds) * 1000;
      const url = `${serverUrl}/mp4/api/segments/${name}?start=${start}`;
      const reply = await fetch(url, { method: "PUT", body: await readFile(file) });
      if (reply.status !== 201) throw new Error(`${name}: ${await reply.text()}`);
    }
  }
}

async function encodeSegments(folder: string, name: string, encode: Encode): Promise<string[]> {
  const { first = 0, segments, seconds, gop = 2, video = "h264", size = "160x96", soundAt = 0 } = encode;
  const { sound = "aac" } = encode;
  const frames = String(gop * FPS);
  const tone = `0.4*sin(2*PI*t*(500+300*mod(floor(t)+${first + soundAt},10)))`;
  const format = sound === "pcm" || sound === "g711" ? "mov" : "mp4"; // where ffmpeg writes those
  const x265 = `log-level=none:keyint=${frames}:min-keyint=${frames}:scenecut=0:open-gop=0:bframes=2`;
  await ffmpeg([
    ...["-v", "error", "-y", "-f", "lavfi", "-i", numberedPictures(size, first * FPS)],
    ...["-itsoffset", String(soundAt), "-f", "lavfi", "-i", `aevalsrc=${tone.replaceAll(",", "\\,")}:s=48000`],
    ...["-t", String(segments * seconds), "-threads", "1", "-pix_fmt", "yuv420p", "-c:v", ...VIDEO[video]],
    ...(video === "hevc" ? ["-x265-params", x265] : []),
    ...["-g", frames, "-keyint_min", frames, ...SOUND[sound], "-f", "segment", "-segment_time", String(seconds)],
    ...["-reset_timestamps", "1", "-segment_format", format, "-segment_format_options", "movflags=+faststart"],
    join(folder, `${name}-%02d.${format}`),
  ]);
  const made = (await readdir(folder)).filter((file) => file.startsWith(`${name}-`)).sort();
  if (made.length !== segments) throw new Error(`${name}: ${made.length} segments instead of ${segments}`);
  return made.map((file) => join(folder, file));
}
