/** Recordings made with ffmpeg: several segments cut from one continuous encode, as a recorder leaves them. */
import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ffmpeg, ffmpegPath, hasEncoder } from "./tools.ts";

export type VideoCodec = "h264" | "h265" | "vp9" | "av1" | "mpeg4";
export type AudioCodec = "aac" | "mp3" | "opus" | "flac" | "ac3" | "pcm" | "g711";

export interface RecordingOptions {
  /** Number of segments. Default 3. */
  count?: number;
  /** Length of each, a whole multiple of `gop`. Default 4. */
  seconds?: number;
  /** null: no video. Default "h264". */
  video?: VideoCodec | null;
  /** null: no audio. Default "aac". */
  audio?: AudioCodec | null;
  size?: `${number}x${number}`;
  fps?: number;
  /** Seconds between sync samples. Default 1. */
  gop?: number;
  /** Consecutive B-frames (h264, h265, mpeg4). Default 3. */
  bframes?: number;
  /** Audio sampling rate in Hz. Default 48000 (8000 for g711). */
  rate?: number;
  /** Fragmented MP4, a fragment for each group of pictures. Default false. */
  fragmented?: boolean;
  /** Where `moov` lies in progressive files. Default "first". */
  moov?: "first" | "last";
  /** Changes the noise in picture and sound, so that no two recordings share a sample. Default 1. */
  seed?: number;
}

/** One file of a recording. */
export interface RecordedSegment {
  readonly file: string;
  /** Wall-clock start in milliseconds since 1970. */
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
}

/** Where the wall clock of every recording begins, unless the test says otherwise. */
export const RECORDED_AT = Date.UTC(2026, 0, 31, 10, 0, 0);

/** Raise it when the way of making recordings changes, so that no stale fixture is used. */
const RECIPE = 2;

const VIDEO_ENCODERS: Record<VideoCodec, readonly string[]> = {
  h264: ["libx264"],
  h265: ["libx265"],
  vp9: ["libvpx-vp9"],
  av1: ["libaom-av1"], // libsvtav1 writes frames that only show an earlier one: samples of equal bytes
  mpeg4: ["mpeg4"],
};
const AUDIO_ENCODERS: Record<AudioCodec, string> = {
  aac: "aac",
  mp3: "libmp3lame",
  opus: "libopus",
  flac: "flac",
  ac3: "ac3",
  pcm: "pcm_s16le",
  g711: "pcm_mulaw",
};

async function firstEncoder(names: readonly string[]): Promise<string | undefined> {
  for (const name of names) if (await hasEncoder(name)) return name;
  return undefined;
}

/** Whether this machine's ffmpeg can make such a recording; where not, a test must skip and say so. */
export async function canRecord({ video = "h264", audio = "aac" }: RecordingOptions): Promise<boolean> {
  if (video !== null && (await firstEncoder(VIDEO_ENCODERS[video])) === undefined) return false;
  return audio === null || hasEncoder(AUDIO_ENCODERS[audio]);
}

function videoArguments(encoder: string, frames: number, bframes: number): string[] {
  const gop = ["-g", String(frames)];
  switch (encoder) {
    case "libx264":
      return [
        ...gop,
        "-preset",
        "veryfast",
        "-bf",
        String(bframes),
        "-keyint_min",
        String(frames),
        "-sc_threshold",
        "0",
      ];
    case "libx265": {
      const own = `log-level=none:keyint=${frames}:min-keyint=${frames}:scenecut=0:open-gop=0:bframes=${bframes}`;
      return ["-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params", own];
    }
    case "libvpx-vp9":
      return [...gop, "-keyint_min", String(frames), "-deadline", "realtime", "-cpu-used", "8"];
    case "libaom-av1":
      return [...gop, "-keyint_min", String(frames), "-cpu-used", "8", "-lag-in-frames", "0"];
    default:
      return [...gop, "-bf", String(bframes), "-flags", "+cgop", "-sc_threshold", "1000000000"];
  }
}

/**
 * Makes a recording, or finds the one made earlier: they are kept in the system's temporary folder under a hash of the
 * ffmpeg arguments. Needs only options an ffmpeg of 2018 knows.
 */
export async function record(options: RecordingOptions = {}): Promise<RecordedSegment[]> {
  const { count = 3, seconds = 4, video = "h264", audio = "aac", size = "160x120", fps = 25, gop = 1 } = options;
  const { bframes = 3, fragmented = false, moov = "first", seed = 1 } = options;
  const rate = options.rate ?? (audio === "g711" ? 8000 : 48000);
  const args = ["-v", "error", "-y"];
  if (video !== null) {
    const noise = `noise=alls=8:allf=t:all_seed=${seed}`; // so that no two packets are alike
    args.push("-f", "lavfi", "-i", `testsrc2=size=${size}:rate=${fps},${noise}`);
  }
  if (audio !== null) args.push("-f", "lavfi", "-i", `anoisesrc=r=${rate}:a=0.2:seed=${seed}`);
  args.push("-t", String(count * seconds), "-strict", "experimental", "-threads", "1");
  if (video !== null) {
    const encoder = await firstEncoder(VIDEO_ENCODERS[video]);
    if (encoder === undefined) throw new Error(`this ffmpeg cannot encode ${video}; guard the test with canRecord`);
    args.push("-c:v", encoder, "-pix_fmt", "yuv420p", "-b:v", "200k", ...videoArguments(encoder, gop * fps, bframes));
  }
  if (audio !== null) args.push("-c:a", AUDIO_ENCODERS[audio], ...(audio === "aac" ? ["-b:a", "64k"] : []));
  // ffmpeg writes PCM and G.711 into QuickTime files only
  const format = audio === "pcm" || audio === "g711" ? "mov" : "mp4";
  const layout = moov === "first" ? ["movflags=+faststart"] : [];
  const delay = audio === "ac3" ? "+delay_moov" : ""; // its sample entry is made from the first packet
  // without video every audio packet is a sync sample: a fragment for each would be one for each packet
  const fragments =
    video === null
      ? `movflags=+empty_moov+default_base_moof${delay}:frag_duration=1000000`
      : `movflags=+frag_keyframe+empty_moov+default_base_moof${delay}`;
  const muxing = ["strict=-2", ...(fragmented ? [fragments] : layout)].join(":"); // FLAC in MP4 was experimental once
  args.push("-f", "segment", "-segment_time", String(seconds), "-reset_timestamps", "1");
  args.push("-segment_format", format, "-segment_format_options", muxing);

  const name = createHash("sha256")
    .update(JSON.stringify([RECIPE, ffmpegPath, args]))
    .digest("hex")
    .slice(0, 24);
  const root = join(tmpdir(), "boxcar-fixtures");
  const folder = join(root, name);
  if (!existsSync(folder)) await make(root, folder, [...args], format);
  const rows = (await readFile(join(folder, "list.csv"), "utf8")).trim().split("\n");
  if (rows.length < count) throw new Error(`${folder}: ${rows.length} segments instead of ${count}`);
  return rows.slice(0, count).map((row, i) => {
    const [name = "", start, end] = row.split(",");
    const length = Number(end) - Number(start);
    if (video !== null && i > 0 && Math.abs(length - seconds) > 0.001) {
      throw new Error(`${folder}: ${name} lasts ${length} s: this encoder's sync samples are not where they should be`);
    }
    // the list counts video from its first decode time; the pictures start on the dot
    const at = (index: number, listed: string | undefined): number =>
      RECORDED_AT + Math.round((video === null ? Number(listed) : index * seconds) * 1000);
    return { file: join(folder, name), startMs: at(i, start), endMs: at(i + 1, end) };
  });
}

/** Makes the files in a folder of its own and renames it when complete: test workers run side by side. */
async function make(root: string, folder: string, args: readonly string[], format: string): Promise<void> {
  const draft = join(root, `.${randomUUID()}`);
  await mkdir(draft, { recursive: true });
  try {
    const list = ["-segment_list", join(draft, "list.csv"), "-segment_list_type", "csv"];
    await ffmpeg([...args, ...list, join(draft, `%04d.${format}`)]);
    await rename(draft, folder).catch((cause: unknown) => {
      if (!existsSync(folder)) throw cause; // else another worker was first
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** A recorded segment, made large by a box of `bytes` bytes that every reader skips. */
export async function recordLarge(bytes: number): Promise<Uint8Array> {
  const [segment] = await record({ count: 1, seconds: 2, seed: 4 });
  const free = Buffer.alloc(bytes);
  free.writeUInt32BE(bytes, 0);
  free.write("free", 4, "latin1");
  return Buffer.concat([await readFile(segment?.file ?? ""), free]);
}

/** A recorded segment with `bytes` bytes more of metadata: a box that every reader skips, at the end of its `moov`. */
export async function recordMetadata(bytes: number): Promise<Uint8Array> {
  const [segment] = await record({ count: 1, seconds: 2, moov: "last" });
  const file = await readFile(segment?.file ?? "");
  const moov = file.lastIndexOf("moov", undefined, "latin1") - 4;
  const size = file.readUInt32BE(moov);
  if (moov + size !== file.length) throw new Error("moov is not the last box");
  file.writeUInt32BE(size + bytes, moov);
  const free = Buffer.alloc(bytes);
  free.writeUInt32BE(bytes, 0);
  free.write("free", 4, "latin1");
  return Buffer.concat([file, free]);
}
