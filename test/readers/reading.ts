/** What a reader makes of a file, read from the pixels and the samples that it hands out. */
import { BITS } from "../browser/numbered-recording.ts";
import { TONES } from "./streams.ts";

export interface Picture {
  /** Seconds at which it is shown. */
  readonly time: number;
  /** The number drawn into it; -1 when it cannot be read; undefined when the reader does not decode. */
  readonly number: number | undefined;
}

/** What is heard in a short while. */
export interface Heard {
  /** Seconds, the middle of it. */
  readonly time: number;
  /** Number of the tone; -1: silence; undefined: cannot be told. */
  readonly tone: number | undefined;
}

export interface Reading {
  /** Seconds, as the reader states it. */
  readonly duration?: number;
  /** How many pictures the reader states or shows. */
  readonly count?: number;
  /** Every picture that it shows, in that order. */
  readonly pictures?: readonly Picture[];
  /** Instead: what it shows at some moments. */
  readonly looks?: readonly Picture[];
  readonly sound?: readonly Heard[];
  /** Where sound ends, seconds, when the reader does not decode. */
  readonly soundUntil?: number;
  /** Taken where the reader transcodes, which may lose a picture and starts its clock up to 0.1 s late. */
  readonly transcoded?: boolean;
  /** What it complained of. */
  readonly complaints?: readonly string[];
}

/** Pictures are read when scaled to so many pixels, 8 bits of grey each. */
export const [WIDTH, HEIGHT] = [4 * BITS, 8];

/** The number in each of the pictures whose pixels follow each other. */
export function numbersIn(pixels: Uint8Array): number[] {
  const numbers: number[] = [];
  for (let at = 0; at + WIDTH * HEIGHT <= pixels.length; at += WIDTH * HEIGHT) {
    let number = 0;
    for (let bit = 0; bit < BITS && number >= 0; bit++) {
      const white = (y: number): boolean => (pixels[at + y * WIDTH + 4 * bit + 2] ?? 0) > 127;
      if (white(2) === white(5)) number = -1;
      else if (white(2)) number += 2 ** bit;
    }
    numbers.push(number);
  }
  return numbers;
}

/** A run of samples and when it is heard, seconds. */
export interface Run {
  readonly time: number;
  readonly samples: number;
}

const WINDOW_S = 0.02;
const JITTER_S = 0.005;

/** The tones of runs of 16-bit samples, one channel, laid where they are heard; what no run covers is silence. */
export function tonesIn(bytes: Uint8Array, runs: readonly Run[], rate: number): Heard[] {
  const samples = new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~1)));
  const end = runs.reduce((most, run) => Math.max(most, run.time + run.samples / rate), 0);
  const line = new Float32Array(Math.min(Math.ceil(end * rate), 600 * rate));
  let [from, last] = [0, 0];
  for (const run of runs) {
    // Times in whole milliseconds make no holes.
    const stated = Math.round(run.time * rate);
    const at = Math.abs(stated - last) < JITTER_S * rate ? last : stated;
    last = at + run.samples;
    for (let i = Math.max(0, -at); i < run.samples; i++) line[at + i] = (samples[from + i] ?? 0) / 32768;
    from += run.samples;
  }
  const size = Math.round(WINDOW_S * rate);
  const heard: Heard[] = [];
  for (let at = 0; at + size <= line.length; at += size) {
    heard.push({ time: (at + size / 2) / rate, tone: toneOf(line.subarray(at, at + size), rate) });
  }
  return heard;
}

function toneOf(window: Float32Array, rate: number): number | undefined {
  const energy = window.reduce((sum, value) => sum + value * value, 0) / window.length;
  if (energy < 1e-4) return -1;
  const powers = TONES.map((frequency) => goertzel(window, (2 * Math.PI * frequency) / rate));
  const most = Math.max(...powers);
  // A pure tone of amplitude A has the power (A N / 2)^2 here, and the energy A^2 / 2.
  if (most < 0.25 * energy * window.length ** 2 * 0.5) return undefined;
  return powers.indexOf(most);
}

function goertzel(window: Float32Array, step: number): number {
  const factor = 2 * Math.cos(step);
  let [last, beforeLast] = [0, 0];
  for (const value of window) [last, beforeLast] = [value + factor * last - beforeLast, last];
  return last * last + beforeLast * beforeLast - factor * last * beforeLast;
}
