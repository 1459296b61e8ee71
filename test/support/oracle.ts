/** What ffprobe and ffmpeg say about files: the judge of everything boxcar writes, independent of its own code. */
import { ffmpeg, ffprobe } from "./tools.ts";

/** One sample of a track as ffprobe lists it, in file order (decode order). */
export interface Packet {
  /** Presentation time, seconds. */
  readonly pts: number;
  /** Decode time, seconds. */
  readonly dts: number;
  /** Seconds, 0 when unknown. */
  readonly duration: number;
  /** Bytes. */
  readonly size: number;
  readonly sync: boolean;
  /** Decoded but not shown: before the start of the edit list. */
  readonly hidden: boolean;
  /** MD5 of the data, hex. */
  readonly hash: string;
}

export interface PacketTrack {
  /** "video", "audio", "subtitle" or "data". */
  readonly type: string;
  /** ffmpeg's name of the codec. */
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  /** Hz, 0 for other than audio. */
  readonly sampleRate: number;
  readonly packets: readonly Packet[];
}

const ENTRIES = [
  "stream=index,codec_type,codec_name,width,height,sample_rate",
  "packet=stream_index,pts_time,dts_time,duration_time,size,flags,data_hash",
].join(":");

/**
 * Every track of a file with its packets.
 * @param edits false ignores edit lists, so that every sample of the file is listed
 */
export async function packets(file: string, { edits = true } = {}): Promise<PacketTrack[]> {
  const listed = await ffprobe([
    ...["-v", "error", ...(edits ? [] : ["-ignore_editlist", "1"])],
    ...["-show_data_hash", "MD5", "-show_entries", ENTRIES, "-of", "compact=p=1:nk=0", file],
  ]);
  const tracks: (Omit<PacketTrack, "packets"> & { packets: Packet[] })[] = [];
  const byIndex = new Map<number, Packet[]>();
  const packetsOf = (index: number): Packet[] => {
    const known = byIndex.get(index) ?? [];
    byIndex.set(index, known);
    return known;
  };
  // what follows the side data of a packet stands in a line of its own
  for (const line of listed.replaceAll("|\n|", "|").split("\n")) {
    const [section, ...fields] = line.trim().split("|");
    const value = new Map(
      fields.map((field): [string, string] => [
        field.slice(0, field.indexOf("=")),
        field.slice(field.indexOf("=") + 1),
      ]),
    );
    const number = (name: string): number => Number(value.get(name) ?? Number.NaN);
    if (section === "packet") {
      const flags = value.get("flags") ?? "";
      packetsOf(number("stream_index")).push({
        pts: number("pts_time"),
        dts: number("dts_time"),
        duration: number("duration_time") || 0,
        size: number("size"),
        sync: flags.includes("K"),
        hidden: flags.includes("D"),
        hash: (value.get("data_hash") ?? "").replace("MD5:", ""),
      });
    } else if (section === "stream") {
      tracks[number("index")] = {
        type: value.get("codec_type") ?? "",
        codec: value.get("codec_name") ?? "",
        width: number("width") || 0,
        height: number("height") || 0,
        sampleRate: number("sample_rate") || 0,
        packets: packetsOf(number("index")),
      };
    }
  }
  return tracks;
}

/** What a full decode complains about: empty for a clean file. */
export async function decodeErrors(file: string): Promise<string> {
  return ffmpeg(["-v", "error", "-i", file, "-f", "null", "-"]).then(
    ({ stderr }) => stderr.trim(),
    (error: unknown) => String(error),
  );
}

/**
 * MD5 of every frame a player would show of the first video track, in order of presentation. Equal pictures have equal
 * hashes, so a cut can be compared with its source frame by frame.
 */
export async function frameHashes(file: string): Promise<string[]> {
  const { stdout } = await ffmpeg([
    "-v",
    "error",
    "-i",
    file,
    "-map",
    "0:v:0",
    "-vsync",
    "passthrough",
    "-f",
    "framemd5",
    "-",
  ]);
  return stdout
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.slice(line.lastIndexOf(",") + 1).trim());
}

/**
 * Frames as a player shows them, and when, in seconds of the file's own times, negative ones too.
 * @param more further options of the output
 */
export async function timedFrames(file: string, ...more: string[]): Promise<{ at: number; hash: string }[]> {
  const output = ["-map", "0:v", "-fps_mode", "passthrough", ...more, "-f", "framehash", "-hash", "md5", "-"];
  const { stdout } = await ffmpeg(["-v", "error", "-copyts", "-i", file, ...output]);
  const base = /#tb 0: (\d+)\/(\d+)/.exec(stdout);
  const tick = Number(base?.[1]) / Number(base?.[2]);
  return stdout
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(",").map((field) => field.trim()))
    .map(([, , pts = "", , , hash = ""]) => ({ at: Number(pts) * tick, hash }));
}

/** Length of the whole presentation in seconds. */
export async function durationOf(file: string): Promise<number> {
  return Number(await ffprobe(["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", file]));
}
