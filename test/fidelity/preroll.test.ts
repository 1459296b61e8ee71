import { writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { scratch } from "../plan/output.ts";
import { audioEntry, buildMovie, videoEntry, type MovieSample } from "../support/movie.ts";
import { random, seedOf, type Random } from "../support/random.ts";
import { RECORDED_AT } from "../support/recording.ts";
import { bytesOf, shelve } from "../support/shelf.ts";
import { timingOf, type TimedTrack, type Timing } from "../support/timing.ts";

/**
 * A cut within a group of pictures, as the boxes tell it: what is hidden takes a tick each in front of the
 * presentation, in fragments some time ahead, in its order; what is shown is where it was recorded, to a
 * millisecond; nothing is decoded after it is presented.
 */
const seed = seedOf(1);

interface Source {
  readonly timescale: number;
  /** Of a picture, ticks. */
  readonly step: number;
  /** Orders of presentation within a mini group of pictures, in decode order. */
  readonly pattern: readonly number[];
  readonly negative: boolean;
  readonly variable: boolean;
}

const sources: (Source & { name: string })[] = [
  { name: "no reordering", timescale: 12_800, step: 512, pattern: [0], negative: false, variable: false },
  { name: "B-frames", timescale: 12_800, step: 512, pattern: [3, 1, 0, 2], negative: false, variable: false },
  { name: "negative offsets", timescale: 12_800, step: 512, pattern: [3, 1, 0, 2], negative: true, variable: false },
  { name: "negative offsets of 600", timescale: 600, step: 20, pattern: [2, 0, 1], negative: true, variable: true },
  { name: "timescale 10", timescale: 10, step: 1, pattern: [0], negative: false, variable: false },
  { name: "timescale 30, B-frames", timescale: 30, step: 1, pattern: [2, 0, 1], negative: false, variable: false },
  { name: "1 picture a second", timescale: 1000, step: 1000, pattern: [0], negative: false, variable: false },
  {
    name: "variable, reordered",
    timescale: 90_000,
    step: 3600,
    pattern: [4, 2, 0, 1, 3],
    negative: false,
    variable: true,
  },
];

const GROUPS = 2;
const GROUP = 21;

/** Pictures in decode order with their times of presentation from 0 on and how long these take in all, milliseconds, and the file that has them. */
function recorded(
  source: Source,
  numbers: Random,
): { file: Uint8Array; pts: number[]; lasting: number; decoding: Decoding } {
  const { timescale, step, pattern, variable } = source;
  const starts: number[] = [];
  let at = 0;
  for (let i = 0; i < GROUPS * GROUP; i++) {
    starts.push(at);
    at += variable ? step + numbers.below(step) : step;
  }
  // An IDR picture first, then mini groups whose pictures come in the pattern's order.
  const order: number[] = [];
  for (let group = 0; group < GROUPS; group++) {
    order.push(group * GROUP);
    for (let i = 1; i < GROUP; i += pattern.length) {
      const rest = pattern.filter((place) => i + place < GROUP);
      order.push(...rest.map((place) => group * GROUP + i + place));
    }
  }
  const pts = order.map((picture) => starts[picture] ?? 0);
  // Decode times are those of presentation in order: the n-th picture is decoded when the n-th one is presented.
  const dts = starts;
  const least = Math.min(...pts.map((time, i) => time - (dts[i] ?? 0)));
  const shift = source.negative ? 0 : -least;
  const samples = pts.map((time, i): MovieSample => ({
    data: numbers.bytes(30 + numbers.below(20)),
    duration: (dts[i + 1] ?? at) - (dts[i] ?? 0),
    offset: time - (dts[i] ?? 0) + shift,
    sync: i % GROUP === 0,
  }));
  const sound = Array.from({ length: Math.ceil(((at / timescale) * 48_000) / 1024) }, (): MovieSample => ({
    data: numbers.bytes(20),
    duration: 1024,
  }));
  const { file } = buildMovie({
    tracks: [
      {
        ...{ handler: "vide", timescale, entries: [videoEntry("mp4v", 320, 180)], samples, chunks: [4] },
        edits: [[Math.round((at * 1000) / timescale), shift]],
      },
      { handler: "soun", timescale: 48_000, entries: [audioEntry("mp4a", 1, 48_000)], samples: sound, chunks: [5] },
    ],
  });
  // Offsets below 0 are moved up by the least.
  const usual = (starts.at(-1) ?? 0) / (starts.length - 1) / timescale;
  const decoding = { delay: -least / timescale, usual, step: variable ? 0 : step / timescale };
  return { file, pts: pts.map((time) => (time * 1000) / timescale), lasting: (at * 1000) / timescale, decoding };
}

/** What a source's pictures are decoded before they are presented, seconds, and what they last, in the mean and each (0: various). */
interface Decoding {
  readonly delay: number;
  readonly usual: number;
  readonly step: number;
}

interface Judged {
  readonly fromMs: number;
  readonly timescale: number;
  readonly format: string;
  readonly decoding: Decoding;
  /** Whether it starts in a hole: what follows is placed by the clock then, to half a tick. */
  readonly isHole?: boolean;
}

/**
 * Sound is where it was recorded, but for what is hidden of it, and what is heard first: in fragments these begin no earlier than
 * hidden pictures do.
 */
function judgeSound(sound: TimedTrack, video: TimedTrack, { fromMs, format }: Pick<Judged, "fromMs" | "format">): void {
  const originOf = ({ edits }: TimedTrack): number => edits.find(({ time }) => time >= 0)?.time ?? 0;
  const origin = originOf(sound);
  expect(sound.samples[0]?.dts).toBe(0);
  const times = sound.samples.map(({ dts }) => ((dts - origin) / sound.timescale) * 1000);
  for (const { duration } of sound.samples) expect(duration).toBeGreaterThan(0);
  const step = (1024 / 48_000) * 1000;
  for (const time of times.slice(2)) {
    const samples = (fromMs + time) / step;
    expect(Math.abs(samples - Math.round(samples))).toBeLessThan(0.01);
  }
  const lead = -Math.min(...video.samples.map(({ dts, offset }) => dts + offset - originOf(video))) / video.timescale;
  if (format === "fmp4" && lead > 0) expect(-(times[0] ?? NaN)).toBeLessThan(lead * 1000 + 0.05);
}

function judge(
  track: TimedTrack,
  all: readonly number[],
  { fromMs, timescale, format, decoding, isHole = false }: Judged,
): void {
  const { samples } = track;
  const origin = track.edits.find(({ time }) => time >= 0)?.time ?? 0;
  const delay = track.edits.reduce((sum, { time, duration }) => sum + (time < 0 ? duration : 0), 0) / timescale;
  expect(samples[0]?.dts).toBe(0);
  for (const { duration } of samples.slice(0, -1)) expect(duration).toBeGreaterThan(0);
  for (const { offset } of samples) expect(offset).toBeGreaterThanOrEqual(0);
  const times = samples.map(({ dts, offset }) => dts + offset - origin);
  expect(new Set(times).size).toBe(times.length);
  // Decoding starts with the last sync sample that is presented at the start or before.
  const first = all[GROUP] !== undefined && all[GROUP] <= fromMs + 0.5 ? GROUP : 0;
  const wanted = all.slice(first, first + samples.length);
  const onScreen = Math.max(...wanted.filter((time) => time <= fromMs + 0.5));
  const hidden = wanted.flatMap((time, i) => (time < onScreen ? [[time, times[i] ?? NaN] as const] : []));
  const inOrder = hidden.sort(([a], [b]) => a - b).map(([, time]) => time);
  const offMs = isHole ? Math.max(0.6, 501 / track.timescale) : 0.6;
  // Hidden ones take a tick each, right in front of the presentation; in fragments over half a picture ahead, and less than one.
  const usual = Math.round(decoding.usual * track.timescale);
  const end = (inOrder.at(-1) ?? -1) + 1;
  expect(inOrder).toEqual(inOrder.map((_, i) => end - (inOrder.length - i)));
  const least = 0.6 * usual + inOrder.length;
  const lead = -(inOrder[0] ?? NaN);
  if (inOrder.length > 0 && format === "mp4") expect(end).toBe(0);
  if (inOrder.length > 0 && format === "fmp4") {
    expect(lead).toBeGreaterThan(least - 1);
    expect(lead).toBeLessThan(Math.max(0.97 * usual, least) + 2);
  }
  // The one on screen follows them there: at most half a picture before the start.
  const most = format === "mp4" ? 0 : Math.floor(0.48 * usual);
  const past = Math.max(0, fromMs - onScreen) / 1000;
  const early = inOrder.length > 0 ? most : Math.min(most, past * track.timescale);
  const onScreenEarly = -(times[wanted.indexOf(onScreen)] ?? NaN);
  expect((Math.abs(onScreenEarly - early) * 1000) / track.timescale).toBeLessThan(offMs);
  for (const [i, time] of wanted.entries()) {
    if (time <= onScreen) continue;
    const shown = delay * 1000 + ((times[i] ?? NaN) * 1000) / track.timescale;
    expect(Math.abs(shown - (time - fromMs))).toBeLessThan(offMs);
  }
  // Decoding keeps its delay, and a pre-roll takes some ticks on top, in even steps of a picture.
  const ticks = (GROUP + 8) / track.timescale;
  const steps = Math.ceil(ticks / decoding.usual) + 1 + (format === "mp4" ? 0 : 1);
  expect(origin / track.timescale - decoding.delay).toBeLessThan(ticks + steps * decoding.usual);
  const step = decoding.step * track.timescale;
  const aside = samples.findIndex(({ duration }) => duration > 1) + 1;
  // Decode times tell one frame rate: those a tick apart are, in the mean, whole pictures before what follows.
  if (step > 1 && aside > 1) {
    const pictures = ((samples[aside]?.dts ?? NaN) - (aside - 1) / 2) / step;
    expect(Math.abs(pictures - Math.round(pictures)) * step).toBeLessThan(1);
  }
}

/**
 * Without edit lists the picture starts within some ticks of 0, with what is hidden, and the sound is in step with it.
 * @param soundMs when it begins, default: with the picture
 */
function judgePlain({ tracks, timescale }: Timing, all: readonly number[], fromMs: number, soundMs = fromMs): void {
  const [video, sound] = ["vide", "soun"].map((kind) => tracks.find(({ handler }) => handler === kind));
  if (video === undefined || sound === undefined) throw new Error("a track is missing");
  const most = ((GROUP + 8) * 1000) / video.timescale;
  expect(video.edits).toEqual([]);
  const times = video.samples.map(({ dts, offset }) => ((dts + offset) * 1000) / video.timescale);
  const wanted = all.slice(all[GROUP] !== undefined && all[GROUP] <= fromMs + 0.5 ? GROUP : 0);
  const onScreen = Math.max(...wanted.filter((time) => time <= fromMs + 0.5));
  const start = times[wanted.indexOf(onScreen)] ?? NaN;
  expect(start).toBeLessThan(most);
  for (const [i, time] of times.entries()) {
    const natural = wanted[i] ?? NaN;
    if (natural > onScreen) expect(Math.abs(time - start - (natural - Math.max(fromMs, onScreen)))).toBeLessThan(1.1);
    else expect(time).toBeLessThanOrEqual(start);
  }
  const delay = sound.edits.reduce((sum, { time, duration }) => sum + (time < 0 ? duration : 0), 0) / timescale;
  const begins = delay * 1000 + ((sound.samples[0]?.dts ?? 0) * 1000) / sound.timescale;
  const step = (1024 * 1000) / 48_000;
  const first = soundMs === fromMs ? Math.ceil(fromMs / step - 1e-6) * step : soundMs;
  const late = begins - (first - fromMs);
  expect(late).toBeGreaterThan(soundMs === fromMs ? -0.1 : -0.9);
  expect(late).toBeLessThan(most + 0.1);
}

test(`what fragments only decode behind the end is over 100 ms after it, and none falls on the time of another (seed ${seed})`, async () => {
  const numbers = random(seed);
  const source = { timescale: 12_800, step: 512, pattern: [3, 1, 0, 2], negative: false, variable: false };
  const { file, pts, decoding } = recorded(source, numbers);
  const path = scratch("late.mp4");
  await writeFile(path, file);
  const shelf = await shelve([{ file: path, startMs: RECORDED_AT }]);
  for (let i = 0; i < 160; i++) {
    const fromMs = numbers.pick(pts.slice(2, GROUP)) + numbers.below(40);
    // Right behind the first picture of a mini group, which needs two later ones.
    const toMs = 40 * (GROUP + 4 * numbers.below(4) + 1) + 1 + numbers.below(40);
    const plan = await shelf.plan({ startMs: RECORDED_AT + fromMs, endMs: RECORDED_AT + toMs });
    const { tracks } = timingOf(await bytesOf(plan.media("fmp4")));
    const video = tracks.find(({ handler }) => handler === "vide");
    const origin = video?.edits[0]?.time ?? NaN;
    const times = (video?.samples ?? []).map(({ dts, offset }) => dts + offset - origin).sort((a, b) => a - b);
    const lengthMs = plan.endMs - plan.startMs;
    const over = ((times.at(-1) ?? NaN) / source.timescale + decoding.usual) * 1000 - lengthMs;
    expect({ fromMs, toMs, over, isOver: over > 100 }).toMatchObject({ isOver: false });
    const rounded = times
      .map((time) => Math.round((time - (times[0] ?? 0)) / source.step))
      .filter((place) => place > 0);
    expect(new Set(rounded).size).toBe(rounded.length);
  }
});

describe.each(sources)(`$name (seed ${seed})`, (source) => {
  test.for(["mp4", "fmp4"] as const)("%s", async (format) => {
    const numbers = random(seed + source.name.length);
    const { file, pts, decoding } = recorded(source, numbers);
    const path = scratch("preroll.mp4");
    await writeFile(path, file);
    const shelf = await shelve([{ file: path, startMs: RECORDED_AT }]);
    const end = Math.max(...pts);
    for (let i = 0; i < 12; i++) {
      // At a picture, to the rounded millisecond, or anywhere.
      const fromMs = i % 2 === 0 ? Math.round(numbers.pick(pts)) : numbers.below(Math.floor(end));
      const plan = await shelf.plan({ startMs: RECORDED_AT + fromMs, endMs: RECORDED_AT + 1e6 });
      const { tracks, timescale } = timingOf(await bytesOf(plan.media(format)));
      for (const track of tracks) {
        if (track.handler === "vide")
          judge(track, pts, {
            ...{ fromMs: plan.startMs - RECORDED_AT, timescale, format, decoding },
          });
      }
      const plain = await shelf.plan({ startMs: RECORDED_AT + fromMs, endMs: RECORDED_AT + 1e6, edits: "none" });
      expect(plain.startMs).toBe(plan.startMs);
      judgePlain(timingOf(await bytesOf(plain.media(format))), pts, plan.startMs - RECORDED_AT);
      const [video, sound] = ["vide", "soun"].map((kind) => tracks.find(({ handler }) => handler === kind));
      if (video !== undefined && sound !== undefined)
        judgeSound(sound, video, { fromMs: plan.startMs - RECORDED_AT, format });
      expect((sound?.edits[0]?.time ?? 0) / 48_000).toBeLessThan(2 * (1024 / 48_000) + 0.001);
    }
  });

  test.for(["mp4", "fmp4"] as const)("%s that starts in a hole behind it", async (format) => {
    const numbers = random(seed + source.name.length);
    const { file, pts, lasting, decoding } = recorded(source, numbers);
    const path = scratch("hole.mp4");
    await writeFile(path, file);
    for (let i = 0; i < 6; i++) {
      // Holes of whole ticks: where ticks are long, what follows is placed by them.
      const whole = source.timescale < 600 ? 100 : 1;
      const nextMs = Math.ceil(lasting / whole + 1 + numbers.below(450 / whole)) * whole;
      const fromMs = nextMs - whole * (1 + numbers.below((nextMs - Math.ceil(lasting)) / whole));
      const files = [0, nextMs].map((at) => ({ file: path, startMs: RECORDED_AT + at }));
      const shelf = await shelve(files);
      const range = { startMs: RECORDED_AT + fromMs, endMs: RECORDED_AT + 1e6 };
      const all = [...pts, ...pts.map((time) => time + nextMs)];
      const plan = await shelf.plan(range);
      const startMs = plan.startMs - RECORDED_AT;
      expect(Math.abs(startMs - fromMs)).toBeLessThan(1);
      const { tracks, timescale } = timingOf(await bytesOf(plan.media(format)));
      for (const track of tracks) {
        const times = { fromMs: startMs, timescale, isHole: true };
        const given = { ...times, format, decoding: { ...decoding, step: 0 } };
        if (track.handler === "vide") judge(track, all, given);
        // Sound of the segment before that reaches past its picture, and what that is decoded from.
        const more = track.samples.length - Math.ceil((lasting * 48_000) / 1024 / 1000);
        if (track.handler === "soun") expect([0, 1, 2]).toContain(more);
      }
      const plain = await shelf.plan({ ...range, edits: "none" });
      judgePlain(timingOf(await bytesOf(plain.media(format))), all, plain.startMs - RECORDED_AT, nextMs);
    }
  });
});
