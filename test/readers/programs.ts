/** Readers that are programs: what they make of a file, taken from what they decode. */
import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { promisify } from "node:util";
import { ffmpegPath } from "../support/tools.ts";
import { HEIGHT, numbersIn, tonesIn, WIDTH, type Reading, type Run } from "./reading.ts";

/** A file that a reader is given. */
export interface Given {
  readonly file: string;
  /** The same on the server, for readers that fetch. */
  readonly url: string;
  /** A name for files of the reader's own. */
  readonly scratch: string;
  /** Tracks beside picture and sound. */
  readonly texts: number;
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const execute = promisify(execFile);
export const TIMEOUT_MS = 60_000;

/** Runs a program to its end, whatever its exit code: 124 when it took too long. */
export async function run(
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Finished> {
  try {
    const options = { maxBuffer: 1 << 28, timeout: TIMEOUT_MS, killSignal: "SIGKILL" as const };
    return { code: 0, ...(await execute(program, args, { ...options, env: { ...process.env, ...env } })) };
  } catch (cause) {
    const { code, stdout = "", stderr = "", killed } = cause as Partial<Finished> & { killed?: boolean };
    return { code: killed === true ? 124 : typeof code === "number" ? code : 127, stdout, stderr };
  }
}

/** The first line of what a program says of its version; undefined when there is none. */
export async function versionOf(
  program: string,
  pattern = /(?<!-)\d+(\.\d+)+/,
  args = ["--version"],
): Promise<string | undefined> {
  const { code, stdout, stderr } = await run(program, args);
  return code === 127 ? undefined : (pattern.exec(stdout + stderr)?.[0] ?? "?");
}

/** Filters of ffmpeg after which numbers can be read. */
const SMALL_GREY = `scale=${WIDTH}:${HEIGHT}:flags=area,format=gray`;

/** Decodes with ffmpeg, which hands out pictures and sound with the times of its demuxer. */
export async function readWithFfmpeg({ file, scratch }: Given): Promise<Reading> {
  const [pictures, sound] = [`${scratch}.gray`, `${scratch}.pcm`];
  const { code, stderr } = await run(ffmpegPath, [
    ...["-nostdin", "-hide_banner", "-y", "-copyts", "-i", file],
    ...["-map", "0:v:0", "-vf", `${SMALL_GREY},showinfo`, "-vsync", "passthrough"],
    // Times stay those of the file: hidden pictures would fall together in whole frames.
    ...["-enc_time_base:v", "-1"],
    ...["-f", "rawvideo", pictures, "-map", "0:a:0?", "-af", "aformat=channel_layouts=mono,ashowinfo"],
    ...["-f", "s16le", sound],
  ]);
  const numbers = numbersIn(await readFile(pictures).catch(() => new Uint8Array()));
  const samples = await readFile(sound).catch(() => new Uint8Array());
  await Promise.all([rm(pictures, { force: true }), rm(sound, { force: true })]);
  const times = [...stderr.matchAll(/Parsed_showinfo.* n: *\d+ pts: *\S+ pts_time:(\S+)/g)].map(([, time]) =>
    Number(time),
  );
  const runs: Run[] = [...stderr.matchAll(/Parsed_ashowinfo.* n:\d+ .*?pts_time:(\S+) .*?nb_samples:(\d+)/g)].map(
    ([, time, count]) => ({ time: Number(time), samples: Number(count) }),
  );
  const rate = Number(/ashowinfo.* rate:(\d+)/.exec(stderr)?.[1] ?? 48_000);
  const stated = /Duration: (\d+):(\d+):([\d.]+)/.exec(stderr);
  const duration = stated === null ? undefined : Number(stated[1]) * 3600 + Number(stated[2]) * 60 + Number(stated[3]);
  // That times fall together is said by what writes, of Matroska's milliseconds.
  const errors = [...stderr.matchAll(/^\[(?!Parsed_).*(error|invalid|corrupt|missing).*$/gim)].filter(
    ([line]) => !line.includes("to muxer"),
  ).length;
  return {
    ...(duration === undefined ? {} : { duration }),
    pictures: numbers.map((number, i) => ({ time: times[i] ?? Number.NaN, number })),
    sound: tonesIn(samples, runs, rate),
    complaints: [...(code === 0 ? [] : [`ends with ${code}`]), ...(errors === 0 ? [] : [`${errors} decoding errors`])],
  };
}

/** Plays with mpv into a file, as fast as it can: pictures and sound with the times of its player. */
export async function readWithMpv({ file, scratch, ...given }: Given): Promise<Reading> {
  const played = `${scratch}.nut`;
  const raw = ["--of=nut", "--ovc=rawvideo", "--oac=pcm_s16le", "--orawts", `--vf=lavfi=[${SMALL_GREY}]`];
  const { code, stdout, stderr } = await run("mpv", [
    "--no-config",
    "--msg-level=all=error",
    file,
    `--o=${played}`,
    ...raw,
  ]);
  const { pictures = [], sound = [] } = await readWithFfmpeg({ ...given, file: played, scratch });
  await rm(played, { force: true });
  const errors = `${stdout}${stderr}`.split("\n").filter((line) => line.includes("ffmpeg")).length;
  const complaints = [
    ...(code === 0 ? [] : [`ends with ${code}`]),
    ...(errors === 0 ? [] : [`${errors} decoding errors`]),
  ];
  return { pictures, sound, complaints };
}

/** Decodes with GStreamer, whose demuxer and decoders clip to segments; times are those at which it would be shown. */
export async function readWithGstreamer({ file, scratch }: Given): Promise<Reading> {
  const [pictures, sound] = [`${scratch}.pictures`, `${scratch}.sound`];
  const branch = (chain: string, to: string): string[] =>
    `d. ! queue max-size-time=0 max-size-buffers=0 max-size-bytes=0 ! ${chain} ! gdppay ! filesink location=${to}`.split(
      " ",
    );
  const grey = `video/x-raw,format=GRAY8,width=${WIDTH},height=${HEIGHT}`;
  const { code, stderr } = await run("gst-launch-1.0", [
    ...["-q", "filesrc", `location=${file}`, "!", "decodebin", "name=d"],
    ...branch(`videoconvert ! videoscale add-borders=false ! ${grey}`, pictures),
    ...branch("audioconvert ! audioresample ! audio/x-raw,format=S16LE,channels=1,rate=16000", sound),
  ]);
  const shown = buffersIn(await readFile(pictures).catch(() => Buffer.alloc(0)));
  const heard = buffersIn(await readFile(sound).catch(() => Buffer.alloc(0)));
  await Promise.all([rm(pictures, { force: true }), rm(sound, { force: true })]);
  const discovered = await run("gst-discoverer-1.0", [file]);
  const stated = /Duration: (\d+):(\d+):([\d.]+)/.exec(discovered.stdout);
  const duration = stated === null ? undefined : Number(stated[1]) * 3600 + Number(stated[2]) * 60 + Number(stated[3]);
  const error = /ERROR: (.*)/.exec(stderr)?.[1];
  return {
    ...(duration === undefined ? {} : { duration }),
    pictures: shown.flatMap(({ time, bytes }) => numbersIn(bytes).map((number) => ({ time, number }))),
    sound: tonesIn(
      Buffer.concat(heard.map(({ bytes }) => bytes)),
      heard.map(({ time, bytes }) => ({ time, samples: bytes.length / 2 })),
      16_000,
    ),
    complaints: error === undefined && code === 0 ? [] : [`refuses (${error ?? `ends with ${code}`})`],
  };
}

/** Bytes of a header of the GStreamer Data Protocol, version 1.0. */
const GDP_HEADER = 62;

/** Buffers that `gdppay` wrote, with their running time: when a sink would play them. */
function buffersIn(stream: Buffer): { time: number; bytes: Buffer }[] {
  const buffers: { time: number; bytes: Buffer }[] = [];
  let [start, base] = [0, 0];
  for (let at = 0; at + GDP_HEADER <= stream.length;) {
    const bytes = stream.subarray(at + GDP_HEADER, at + GDP_HEADER + stream.readUInt32BE(at + 6));
    if (stream.readUInt16BE(at + 4) === 1) {
      buffers.push({ time: Number(stream.readBigUInt64BE(at + 10)) / 1e9 - start + base, bytes });
    } else {
      const segment = /^GstEventSegment.* base=\(guint64\)(\d+), .*?start=\(guint64\)(\d+)/.exec(
        bytes.toString("latin1"),
      );
      if (segment !== null) [base, start] = [Number(segment[1]) / 1e9, Number(segment[2]) / 1e9];
    }
    at += GDP_HEADER + bytes.length;
  }
  return buffers;
}

/** Remuxes to Matroska with mkvmerge, and decodes that. */
export async function readWithMkvmerge(given: Given): Promise<Reading> {
  const remuxed = `${given.scratch}.mkv`;
  const { code, stdout } = await run("mkvmerge", ["-o", remuxed, given.file]);
  const warning = /^Warning: (?:'[^']*'(?: track \d+)?: )?(.*)$/m.exec(stdout)?.[1];
  const reading = await readWithFfmpeg({ ...given, file: remuxed });
  await rm(remuxed, { force: true });
  const complaint = code === 0 ? [] : [code === 1 ? `warns (${warning ?? "?"})` : `ends with ${code}`];
  return { ...reading, complaints: [...complaint, ...(reading.complaints ?? [])] };
}

interface MediainfoTrack {
  readonly "@type": string;
  readonly Duration?: string;
  readonly FrameCount?: string;
}

/** What mediainfo states of the file. */
export async function readWithMediainfo({ file, texts }: Given): Promise<Reading> {
  const { stdout } = await run("mediainfo", ["--Output=JSON", file]);
  const { media } = JSON.parse(stdout) as { media: { track: MediainfoTrack[] } };
  const of = (type: string): MediainfoTrack | undefined => media.track.find((track) => track["@type"] === type);
  const duration = Number(of("General")?.Duration);
  const missing = ["Video", "Audio", ...(texts > 0 ? ["Text", "Menu"] : [])].filter((type) => of(type) === undefined);
  return { duration, complaints: missing.map((type) => `no ${type}`) };
}
