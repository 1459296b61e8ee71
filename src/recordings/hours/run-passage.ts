import { LEAST_HOLE_MS } from "../../core/planning/audio-filler.ts";
import { jointStep, LONGEST_TICKS, snapTicks, soundFromBy, type JointStep } from "../../core/planning/joint.ts";
import { millisecondsOf, rescale } from "../../core/ticks.ts";
import { decodesAsStated } from "../../core/track-kinds.ts";
import { endMsOf } from "./run-place.ts";
import { baseOf, of, type RunPassage, type RunTrack, type SegmentRun, type TrackPassage } from "./segment-run.ts";

/** A run whose passage is still to be found. */
type Unpassed = Omit<SegmentRun, "passage" | "first" | "second" | "last">;

/** The passage of a run; undefined where each of its segments has to be looked at. @param codecs RFC 6381, of its tracks */
export function passageOf(run: Unpassed, codecs: readonly string[]): RunPassage | undefined {
  const tracks: TrackPassage[] = [];
  for (const [i, track] of run.tracks.entries()) {
    const passage = new Passing(run, track, decodesAsStated(codecs[i] ?? "")).passage();
    if (passage === undefined) return undefined;
    tracks.push(passage);
  }
  let [overMs, soonerMs, laterMs] = [Number.NEGATIVE_INFINITY, 0, 0];
  for (let i = 0, place = 0; i < run.count; place += of(run, run.length, i++)) {
    const offMs = of(run, run.startMs, i) - of(run, run.startMs, 0) - millisecondsOf(place, run.timescale);
    [soonerMs, laterMs] = [Math.max(soonerMs, -offMs), Math.max(laterMs, offMs)];
    overMs = Math.max(overMs, endMsOf(run, i));
  }
  // Rounded up: places lose some thousandths of a millisecond.
  return {
    overMs: Math.ceil(overMs + run.lateMs),
    soonerMs: Math.ceil(soonerMs) + 1,
    laterMs: Math.ceil(laterMs) + 1,
    tracks,
  };
}

/**
 * Joins the track of a run placed at 0 as `Joining` does, and notes for which shifts of the second segment's last sample each
 * decision stays the same. Placed elsewhere, times of another timescale are rounded differently, by a tick at most.
 */
class Passing {
  readonly #run: Unpassed;
  readonly #track: RunTrack;
  readonly #stated: boolean;
  readonly #slack: number;
  #least: number;
  #most: number;
  #from: number | undefined;
  #ticks = 0;
  #changes = 0;
  #holes = false;
  #duration = 0;
  /** Of the last sample so far. */
  #lastDts = 0;
  #ownDuration = 0;

  constructor(run: Unpassed, track: RunTrack, stated: boolean) {
    this.#run = run;
    this.#track = track;
    this.#stated = stated;
    this.#slack = track.timescale === run.timescale ? 0 : 1;
    // Samples that do not snap are where they were recorded; those that do are at most this far off.
    this.#most = track.snaps ? 2 * snapTicks(track.timescale) : 0;
    this.#least = -this.#most;
  }

  passage(): TrackPassage | undefined {
    const { count, length, timescale } = this.#run;
    const { timescale: own, firstDts, lasting, lastDuration, end, snaps } = this.#track;
    let [late, presentedEnd] = [0, Number.NEGATIVE_INFINITY];
    if (!snaps) this.#from = 0;
    for (let i = 0, place = 0; i < count - 1; place += of(this.#run, length, i++)) {
      const base = baseOf(this.#run, this.#track, i, place);
      const recorded = base + of(this.#run, firstDts, i);
      const joint = jointStep(recorded - this.#lastDts, this.#ownDuration, this.#track);
      const dts = i === 0 ? recorded : this.#lastDts + joint.distance;
      if (i === 1) late = dts - recorded;
      if (i > 1 && !this.#joins(i, recorded - this.#lastDts, joint, base)) return undefined;
      const last = dts + of(this.#run, lasting, i);
      if (i > 1 && joint.isSnapped) this.#ticks += last - this.#lastDts;
      else if (i > 1) [this.#from, this.#ticks] = [place, last - rescale(place, timescale, own)];
      this.#lastDts = last;
      this.#ownDuration = of(this.#run, lastDuration, i);
      this.#duration = this.#stepOf(i);
      if (i > 1) {
        const presented = base + of(this.#run, end, i);
        if (presented < presentedEnd + this.#slack) return undefined;
        presentedEnd = presented;
      }
    }
    const [least, most] = [late + this.#least, late + this.#most];
    const [stated, ticks, from] = [this.#stated, this.#ticks, this.#from];
    return { least, most, stated, holes: this.#holes, ticks, from, changes: this.#changes };
  }

  /** Narrows the shifts to those for which segment `number` joins the one before in the same way. False where bounds cannot say it. */
  #joins(number: number, recorded: number, joint: JointStep, base: number): boolean {
    const { timescale, sound, snaps, uniform } = this.#track;
    const [near, own] = [snapTicks(timescale), this.#ownDuration];
    const off = recorded - own;
    if (own > LONGEST_TICKS) return false;
    if (joint.isSnapped) this.#keep(off - near, off + near);
    else {
      if (snaps && off > 0) this.#keep(Number.NEGATIVE_INFINITY, off - near - 1);
      if (snaps && off < 0) this.#keep(off + near + 1, Number.POSITIVE_INFINITY);
      this.#keep(recorded - LONGEST_TICKS, recorded - 1);
    }
    if (sound) {
      this.#holes ||= millisecondsOf(off + 2 * near + this.#slack, timescale) >= LEAST_HOLE_MS;
      this.#keepSound(number, base);
    }
    if (uniform && !this.#countChanges(number, joint)) return false;
    return this.#least <= this.#most;
  }

  /** Narrows the shifts to those for which as much sound is taken as now. */
  #keepSound(number: number, base: number): void {
    const { timescale, snaps, firstDts: taken, ownFirstDts, ownLasting, ownSamples } = this.#track;
    const usual = of(this.#run, ownLasting, number) / (of(this.#run, ownSamples, number) - 1);
    const [firstDts, from] = [of(this.#run, ownFirstDts, number), of(this.#run, taken, number)];
    const sound = { firstDts, timescale, stated: this.#stated, usual, snaps };
    const before = { lastDts: this.#lastDts - base, lastDuration: this.#ownDuration };
    const { start, over } = soundFromBy(sound, before);
    if (from === firstDts) this.#keep(Number.NEGATIVE_INFINITY, -over);
    else this.#keep(Math.max(1 - over, from - start), Math.ceil(from + usual - start) - 1);
  }

  /** Counts how often durations change at a joint and behind it. */
  #countChanges(number: number, { distance, isSnapped }: JointStep): boolean {
    const [own, step] = [this.#ownDuration, this.#stepOf(number)];
    const isExact = isSnapped || (this.#slack === 0 && this.#from !== undefined);
    // An inexact distance cannot be told, but it differs from its neighbours where both equal the sample's own duration.
    if (!isExact && (!this.#track.snaps || own !== this.#duration || own !== step)) return false;
    if (distance !== this.#duration) this.#changes++;
    if (step !== distance) this.#changes++;
    return true;
  }

  #stepOf(number: number): number {
    const { lasting, samples } = this.#track;
    return of(this.#run, lasting, number) / (of(this.#run, samples, number) - 1);
  }

  /** Narrows the shifts to [low, high]; behind a sample that lies where it was recorded only the shift 0 is left. */
  #keep(low: number, high: number): void {
    const [least, most] = [Math.ceil(low + this.#slack), Math.floor(high - this.#slack)];
    if (this.#from === undefined) {
      this.#least = Math.max(this.#least, least);
      this.#most = Math.min(this.#most, most);
    } else if (least > 0 || most < 0) [this.#least, this.#most] = [1, 0];
  }
}

/** Where a track ends with the last but one segment of a run, ticks of the track. */
export interface Passed {
  readonly lastDts: number;
  readonly presentedEnd: number;
}

/**
 * Joins a track of a run from the third segment to the last but one at once; undefined where each has to be looked at.
 * @param place where the run lies, ticks of `run.timescale`
 * @param lastDts of the second segment, ticks of the track
 */
export function passOver(
  run: SegmentRun,
  track: RunTrack,
  { least, most, stated, ticks, from }: TrackPassage,
  {
    place,
    lastDts,
    early,
    codec,
  }: { readonly place: number; readonly lastDts: number; readonly early: number; readonly codec: string },
): Passed | undefined {
  const { count, timescale, toLast, length } = run;
  const base = baseOf(run, track, 1, place + of(run, length, 0));
  const recorded = base + of(run, track.firstDts, 1) + of(run, track.lasting, 1);
  const late = lastDts + early - recorded;
  if (late < least || late > most || (track.sound && (early !== 0 || decodesAsStated(codec) !== stated)))
    return undefined;
  const last = count - 2;
  const presentedEnd = baseOf(run, track, last, place + toLast - of(run, length, last)) + of(run, track.end, last);
  if (from === undefined) return { lastDts: lastDts + ticks, presentedEnd };
  return { lastDts: rescale(place + from, timescale, track.timescale) + ticks - early, presentedEnd };
}
