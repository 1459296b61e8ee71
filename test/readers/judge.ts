/** Holds what a reader made of an output to what the output presents. */
import { FPS } from "../browser/numbered-recording.ts";
import type { Output, Stretch } from "./outputs.ts";
import type { Heard, Picture, Reading } from "./reading.ts";

const FRAME = 1 / FPS;
/**
 * A sound packet of AAC and the delay of its decoder, or the delay of reordered pictures: so much may a duration be longer, and a
 * movie's reaches to the end of its longest media. Seconds.
 */
const SLACK = 0.11;
/** How far sound may be from its picture, seconds. */
const IN_STEP = 0.07;

/** Numbers of the pictures that an output presents, with their times in seconds. */
export function picturesOf({ pictures }: Output): { readonly time: number; readonly number: number }[] {
  return pictures.flatMap(({ at, from, to }) => {
    const first = Math.ceil(from * FPS - 0.01);
    const end = Math.ceil(to * FPS - 0.01);
    return Array.from({ length: end - first }, (_, i) => ({ time: at + (first + i) / FPS - from, number: first + i }));
  });
}

/** What is wrong with a reading, a few words each; empty when nothing is. */
export function judge(output: Output, reading: Reading): string[] {
  const problems = [...(reading.complaints ?? [])];
  const { duration, pictures, looks, sound, count, soundUntil } = reading;
  if (duration !== undefined && Math.abs(duration - output.duration) > SLACK) {
    problems.push(`lasts ${duration.toFixed(2)} of ${output.duration.toFixed(2)} s`);
  }
  const wanted = picturesOf(output);
  if (count !== undefined && count !== wanted.length) problems.push(`${count} of ${wanted.length} pictures`);
  const shift = pictures === undefined ? 0 : judgePictures(wanted, pictures, reading.transcoded ?? false, problems);
  if (looks !== undefined) judgeLooks(wanted, looks, problems);
  const soundEnd = output.sound.reduce((most, { at, from, to }) => Math.max(most, at + to - from), 0);
  if (soundUntil !== undefined && Math.abs(soundUntil - soundEnd) > 0.1) {
    problems.push(`sound ends at ${seconds(soundUntil)} instead of ${seconds(soundEnd)}`);
  }
  if (sound !== undefined) judgeSound(output, sound, shift, looks === undefined ? 0.15 : 0.4, problems);
  return problems;
}

/** @returns how much later than wanted the pictures are, seconds */
function judgePictures(
  wanted: readonly { time: number; number: number }[],
  pictures: readonly Picture[],
  transcoded: boolean,
  problems: string[],
): number {
  const named = pictures.map(({ time, number }, i) => ({ time, number: number ?? wanted[i]?.number ?? -2 }));
  const times = new Map(wanted.map(({ time, number }) => [number, time]));
  const broken = named.filter(({ number }) => number === -1).length;
  if (broken > 0) problems.push(`${broken} broken pictures`);
  // Pictures that stand for no time are not seen.
  const ends = named.map(({ time }, i) => named[i + 1]?.time ?? time + FRAME);
  const seen = named.reduce(
    (sum, { time, number }, i) =>
      number === -1 || times.has(number) ? sum : sum + Math.max(0, (ends[i] ?? time) - time),
    0,
  );
  if (seen > FRAME / 2) problems.push(`hidden pictures shown for ${seconds(seen)}`);
  const found = new Set(named.map(({ number }) => number));
  const missing = wanted.filter(({ number }) => !found.has(number)).length;
  const [lost, delay] = transcoded ? [1, 0.1] : [0, FRAME];
  if (missing > lost) problems.push(`${wanted.length - missing} of ${wanted.length} pictures`);
  const late = named.flatMap(({ time, number }) => {
    const at = times.get(number);
    return at === undefined ? [] : [time - at];
  });
  const shift = median(late);
  if (Math.abs(shift) > delay) problems.push(`pictures ${seconds(Math.abs(shift))} ${shift > 0 ? "late" : "early"}`);
  const astray = late.filter((value) => Math.abs(value - shift) > FRAME * 1.01).length;
  if (astray > lost) problems.push(`${astray} pictures at wrong times`);
  return shift;
}

function judgeLooks(
  wanted: readonly { time: number; number: number }[],
  looks: readonly Picture[],
  problems: string[],
): void {
  const right = looks.filter((look) => wanted.findLast(({ time }) => time <= look.time)?.number === look.number).length;
  if (right < looks.length) problems.push(`right picture at ${right} of ${looks.length} moments`);
}

/** The tone that is due at a moment of the output; undefined near a change. -1: silence. */
function toneAt(stretches: readonly Stretch[], time: number): number | undefined {
  for (const { at, from, to } of stretches) {
    const end = at + to - from;
    if (time < at - 0.1 || time > end + 0.1) continue;
    const second = from + time - at;
    const near = Math.abs(second - Math.round(second)) < 0.08 || time < at + 0.1 || time > end - 0.1;
    return near ? undefined : Math.floor(second) % 10;
  }
  return -1;
}

/** @param missing seconds of sound that may be missing at the end: a page looks seldom when the machine is busy */
function judgeSound(output: Output, sound: readonly Heard[], shift: number, missing: number, problems: string[]): void {
  const wrongAt = (by: number): Heard[] =>
    sound.filter(({ time, tone }) => {
      const due = time - by < 0 || time - by > output.duration ? undefined : toneAt(output.sound, time - by);
      return due !== undefined && tone !== due;
    });
  const last = sound.reduce((most, { time, tone }) => (tone === -1 ? most : Math.max(most, time)), 0);
  const end = output.sound.reduce((most, { at, from, to }) => Math.max(most, at + to - from), 0);
  if (sound.length === 0) {
    problems.push("no sound");
    return;
  }
  if (last < end + shift - missing) problems.push(`sound ends at ${seconds(last)}`);
  const wrong = wrongAt(shift);
  if (wrong.length <= sound.length / 100) return;
  const steps = Array.from({ length: 161 }, (_, i) => (i - 80) * 0.05);
  const best = steps.reduce((a, b) => (wrongAt(shift + b).length < wrongAt(shift + a).length ? b : a), 0);
  if (Math.abs(best) > IN_STEP && wrongAt(shift + best).length <= sound.length / 50) {
    problems.push(`sound ${seconds(Math.abs(best))} ${best > 0 ? "late" : "early"}`);
    return;
  }
  const [from, to] = [wrong[0]?.time ?? 0, wrong.at(-1)?.time ?? 0];
  problems.push(
    `sound wrong for ${seconds((wrong.length * (last || 1)) / sound.length)} (${from.toFixed(1)}–${to.toFixed(1)})`,
  );
}

const seconds = (value: number): string => `${value.toFixed(2)} s`;
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
