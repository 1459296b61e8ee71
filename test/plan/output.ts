/** Outputs written to files, and what ffprobe sees in them against the wall clock of their sources. */
import { mkdtempSync, rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import type { Plan } from "../../src/core/plan.ts";
import { sourceSamples } from "../support/judge.ts";
import { packets, type Packet } from "../support/oracle.ts";
import type { RecordedSegment } from "../support/recording.ts";
import { bytesOf } from "../support/shelf.ts";
import { ffmpeg, ffprobe } from "../support/tools.ts";

export const FORMATS = ["mp4", "fmp4"] as const;
export type Format = (typeof FORMATS)[number];

let count = 0;
/** Test files that one process runs share it. */
const folder = mkdtempSync(join(tmpdir(), "boxcar-plan-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

/** A path for a new file in a folder of this process. */
export function scratch(name: string): string {
  return join(folder, `${String(process.pid)}-${String(count++)}-${name}`);
}

/** Writes an output to a file, its length being what the plan said. */
export async function written(plan: Plan, format: Format): Promise<string> {
  const media = plan.media(format);
  const whole = await bytesOf(media);
  expect(whole.length).toBe(media.size);
  const file = scratch(`out.${format}.mp4`);
  await writeFile(file, whole);
  return file;
}

/** Rewrites a file without decoding it. */
export async function remuxed(file: string, ...args: readonly string[]): Promise<string> {
  const output = scratch("remuxed.mp4");
  await ffmpeg(["-v", "error", "-y", "-i", file, "-map", "0", "-c", "copy", ...args, output]);
  return output;
}

/** A file decoded once, pictures and sound: its sound as 16-bit samples, and what ffmpeg complains of, without addresses. */
export async function decoded(
  file: string,
  ...conversion: readonly string[]
): Promise<{ sound: Buffer; complaints: string }> {
  const raw = scratch("sound.raw");
  const sound = ["-map", "0:a", "-f", "s16le", "-c:a", "pcm_s16le", ...conversion, raw];
  const { stderr } = await ffmpeg(["-v", "error", "-y", "-i", file, ...sound, "-map", "0:v?", "-f", "null", "-"]);
  return { sound: await readFile(raw), complaints: stderr.trim().replaceAll(/ @ 0x[0-9a-f]+/g, "") };
}

/** One track of an output as it is presented. */
export interface ShownTrack {
  readonly type: string;
  /** Presented samples in order of presentation. */
  readonly samples: readonly Packet[];
  /** Usual distance of two samples, seconds. */
  readonly frame: number;
  /** Largest and smallest distance between one sample and the next, in usual distances. */
  readonly widest: number;
  readonly closest: number;
  /** Seconds from the start of the output. */
  readonly start: number;
  readonly end: number;
}

/** The tracks of a file without what its edit lists hide. */
export async function shown(file: string): Promise<ShownTrack[]> {
  return (await packets(file)).map(({ type, packets: all }) => {
    const ordered = all.filter(({ hidden }) => !hidden).sort((a, b) => a.pts - b.pts);
    const lasting = (i: number): number => (ordered[i + 1]?.pts ?? Infinity) - (ordered[i]?.pts ?? 0);
    // Where some samples last a tick only, ffprobe guesses durations of H.265.
    const between = ordered
      .map((_, i) => lasting(i))
      .filter((_, i) => (ordered[i]?.pts ?? 0) >= 0)
      .slice(0, -1);
    const frame = median(between.length < 3 ? all.map(({ duration }) => duration) : between);
    // ffmpeg shows what is only decoded of a fragmented file, a tick each, in front of the picture that is on screen at its start:
    // by the edit list that one is presented from 0 on.
    const samples = ordered
      .filter(({ pts }, i) => pts >= 0 || (lasting(i) > frame / 4 && pts + lasting(i) > 1e-6))
      .map((sample) => ({ ...sample, pts: type === "video" ? Math.max(0, sample.pts) : sample.pts }));
    const steps = samples.slice(1).map(({ pts }, i) => (pts - (samples[i]?.pts ?? 0)) / frame);
    const last = samples.at(-1);
    return {
      type,
      samples,
      frame,
      widest: Math.max(1, ...steps),
      closest: Math.min(1, ...steps),
      start: samples[0]?.pts ?? Number.NaN,
      end: (last?.pts ?? Number.NaN) + (last?.duration ?? 0),
    };
  });
}

/** How far each presented sample is from its source's time, in seconds: output time plus `startMs` less wall clock. */
export async function errorsOf(
  track: ShownTrack,
  sources: readonly RecordedSegment[],
  startMs: number,
): Promise<number[]> {
  const known = new Map<string, number[]>();
  for (const { hash, wall } of (await sourceSamples(sources)).get(track.type) ?? []) {
    known.set(hash, [...(known.get(hash) ?? []), wall]);
  }
  return track.samples.map(({ hash, pts }) => {
    const walls = known.get(hash);
    if (walls === undefined) throw new Error(`a ${track.type} sample at ${String(pts)} s is none of the sources'`);
    return walls.map((wall) => startMs / 1000 + pts - wall).reduce((a, b) => (Math.abs(a) < Math.abs(b) ? a : b));
  });
}

/** The value farthest from 0. */
export const farthest = (values: readonly number[]): number =>
  values.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);

/** Size of every decoded frame, in order, as WIDTHxHEIGHT with its count: `160x120 50`. */
export async function frameSizes(file: string): Promise<string[]> {
  const text = await ffprobe([
    "-v",
    "error",
    "-select_streams",
    "v:0",
    "-show_entries",
    "frame=width,height",
    "-of",
    "csv=p=0",
    file,
  ]);
  const runs: [size: string, count: number][] = [];
  for (const line of text.split("\n")) {
    const [width, height] = line.split(",");
    if (width === undefined || height === undefined || width === "") continue; // frames with side data end in more lines
    const size = `${width}x${height}`;
    const last = runs.at(-1);
    if (last?.[0] === size) last[1]++;
    else runs.push([size, 1]);
  }
  return runs.map(([size, frames]) => `${size} ${String(frames)}`);
}

const median = (values: readonly number[]): number =>
  values.filter((value) => value > 0).sort((a, b) => a - b)[values.length >> 1] ?? 0.04;
