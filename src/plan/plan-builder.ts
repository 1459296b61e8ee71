import type { Segment } from "../catalog/types.ts";
import { SelectionRule, type Selected, type Selection } from "../wasm/records/piece.ts";
import type { TrackRecord } from "../wasm/records/summary.ts";
import { isVideo, type OutputTrack } from "./output-track.ts";
import { PieceMaker, type PieceMakerOptions } from "./piece-maker.ts";
import type { Piece } from "./piece.ts";
import { ROUNDING_MS, type PlacedSegment, type TimedSegment } from "./placed-segment.ts";
import { millisecondsOf, rescale, ticksOf } from "./ticks.ts";

/** Wall-clock interval in milliseconds, end exclusive. */
export interface Interval {
  readonly startMs: number;
  readonly endMs: number;
}

/** What the clock showed at a moment of the output. */
export interface ClockReading {
  /** Milliseconds from the start of the output's presentation. */
  readonly atMs: number;
  /** Wall clock, milliseconds. */
  readonly wallMs: number;
}

/** The clock is read anew where it has gone off by more than this, milliseconds: a frame. */
const CLOCK_TOLERANCE_MS = 40;

/** Everything an output is made of, before its bytes are laid out. */
export interface Composition {
  readonly tracks: readonly OutputTrack[];
  readonly pieces: readonly Piece[];
  /** Wall-clock time presented. */
  readonly startMs: number;
  readonly endMs: number;
  readonly coverage: readonly Interval[];
  readonly gaps: readonly Interval[];
  readonly joints: number;
  /** Where the output starts, and where it goes on after a gap, in order. */
  readonly spans: readonly ClockReading[];
  /** Readings of the clock, in order, the first at 0: from one on it runs evenly, to within a frame, until the next. */
  readonly clock: readonly ClockReading[];
  /** End of the presentation in milliseconds from its start, Infinity when nothing is hidden at the end. */
  readonly presentedMs: number;
}

/** What a plan is asked for. */
export interface BuilderOptions extends PieceMakerOptions {
  /** Wall-clock time asked for, milliseconds, end exclusive. */
  readonly startMs: number;
  readonly endMs: number;
  readonly gaps: "skip" | "keep";
  /** Wall-clock distance between segments above which it is a gap, milliseconds. */
  readonly gapToleranceMs: number;
}

/**
 * Puts segments one after another, in order of their start: where each lands, what is a gap and what overlaps (rules 1
 * to 4 of a plan). Works from summaries; an index is only asked for where a segment is cut.
 */
export class PlanBuilder {
  readonly #options: BuilderOptions;
  readonly #maker: PieceMaker;
  readonly #coverage: { readonly startMs: number; endMs: number }[] = [];
  readonly #gaps: Interval[] = [];
  readonly #spans: ClockReading[] = [];
  readonly #clock: ClockReading[] = [];
  /** The last segment: placed, but not yet a piece, since a later one may overlap it. */
  #current: PlacedSegment | undefined;
  #startMs = 0;

  constructor(options: BuilderOptions) {
    this.#options = options;
    this.#maker = new PieceMaker(options);
  }

  /** Adds the next segment: at once where that needs no index, else the caller has to wait. @throws BoxcarError as PieceMaker.add does */
  add(segment: Segment): Promise<void> | undefined {
    const timed = this.#options.cuts.timed(segment);
    const before = this.#current;
    if (before === undefined) return this.#addFirst(timed);
    const { endMs, sampledEndMs } = before.timed;
    const tolerated = Math.min(this.#options.gapToleranceMs, timed.durationMs / 2);
    if (endMs - segment.startMs <= tolerated) return this.#addNext(timed, before, segment.startMs - endMs);
    if (sampledEndMs - segment.startMs <= tolerated) return this.#addInHold(timed, before);
    if (timed.endMs - sampledEndMs > tolerated) return this.#addOverlapping(timed, before);
    return undefined;
  }

  /** Closes the plan. Undefined when no sample fell into the range. */
  async finish(): Promise<Composition | undefined> {
    const last = this.#current;
    if (last === undefined) return undefined;
    await this.#maker.add(last);
    const endMs = Math.min(last.untilMs, last.timed.endMs);
    const asked = last.place + ticksOf(this.#options.endMs - last.timed.segment.startMs, last.timescale);
    const bounded = this.#options.cut === "frame" && this.#options.endMs < Number.MAX_SAFE_INTEGER;
    return {
      tracks: await this.#maker.finish(),
      pieces: this.#maker.pieces,
      startMs: this.#startMs,
      endMs,
      coverage: this.#coverage,
      gaps: this.#gaps,
      spans: this.#spans,
      clock: this.#clock,
      joints: Math.max(0, this.#maker.pieces.length - 1),
      presentedMs: bounded ? millisecondsOf(asked, last.timescale) : Number.POSITIVE_INFINITY,
    };
  }

  async #addFirst(timed: TimedSegment): Promise<void> {
    const { startMs, endMs, cut } = this.#options;
    const { reference, segment } = timed;
    const asked = startMs > segment.startMs ? snapped(timed.ticksAt(startMs, reference), reference) : reference.start;
    let from = Math.max(asked, reference.firstPts);
    let hidden = 0;
    if (isVideo(reference)) {
      const found = await this.#findReference(timed, asked);
      // Without a sync sample nothing of this segment can be decoded.
      if (found.count === 0) return;
      from = cut === "keyframe" ? found.pts : Math.max(asked, found.pts);
      hidden = from - found.pts;
    }
    if (timed.wallAt(from) >= endMs) return;
    const timescale = reference.timescale;
    const hiddenMs = millisecondsOf(hidden, timescale);
    this.#startMs = timed.wallAt(from);
    this.#current = { ...this.#placed(timed, reference.start - from, timescale), from, leading: true, hiddenMs };
    this.#spans.push({ atMs: 0, wallMs: this.#startMs });
    this.#clock.push({ atMs: 0, wallMs: this.#startMs });
    this.#cover(timed, this.#startMs);
  }

  #addNext(timed: TimedSegment, before: PlacedSegment, distanceMs: number): Promise<void> | undefined {
    const { gapToleranceMs, gaps } = this.#options;
    const { reference } = before.timed;
    const { startMs } = timed.segment;
    const isGap = distanceMs > gapToleranceMs;
    const isClosed = isGap && gaps === "skip";
    const ended = before.place + rescale(reference.end - reference.start, reference.timescale, before.timescale);
    const kept = isGap && !isClosed ? ticksOf(distanceMs, before.timescale) : 0;
    const lead = kept > 0 ? 0 : openEndOf(before, distanceMs) + this.#leadOf(timed, distanceMs, before.timescale);
    const place = ended + kept + lead;
    // Where a gap is closed, other tracks end and begin with the picture: what is recorded of them within the gap is not shown.
    const othersFromMs = isClosed ? startMs : startMs - Math.max(0, distanceMs) - gapToleranceMs;
    this.#current = { ...this.#placed(timed, place, before.timescale), othersFromMs };
    const atMs = millisecondsOf(place, before.timescale);
    if (isGap) {
      this.#gaps.push({ startMs: before.timed.endMs, endMs: startMs });
      this.#spans.push({ atMs, wallMs: startMs });
    }
    this.#readClock(atMs, startMs);
    this.#cover(timed, isGap ? startMs : undefined);
    const jointMs = kept > 0 ? startMs : before.timed.endMs;
    return this.#maker.add({
      ...before,
      joint: { next: timed, atMs: jointMs, slackMs: isClosed ? 0 : gapToleranceMs },
    });
  }

  /** A last sample that is held, however long it is said to last, yields to a recording that has samples by then. */
  #addInHold(timed: TimedSegment, before: PlacedSegment): Promise<void> | undefined {
    const { startMs } = timed.segment;
    const atMs = Math.max(startMs, before.timed.sampledEndMs);
    const place = before.place + ticksOf(atMs - before.timed.segment.startMs, before.timescale);
    this.#current = { ...this.#placed(timed, place, before.timescale), othersFromMs: startMs };
    this.#readClock(millisecondsOf(place, before.timescale), startMs);
    this.#cover(timed);
    return this.#maker.add({ ...before, joint: { next: timed, atMs, slackMs: 0 } });
  }

  // The later recording takes over at its last sync sample inside the earlier one, which is cut there.
  async #addOverlapping(timed: TimedSegment, before: PlacedSegment): Promise<void> {
    const { segment } = timed;
    const found = await this.#findReference(timed, timed.ticksAt(before.timed.sampledEndMs, timed.reference));
    if (found.count === 0) return;
    const joinMs = timed.wallAt(found.pts);
    await this.#maker.add({ ...before, untilMs: Math.min(before.untilMs, joinMs), closed: true });
    const distance = ticksOf(segment.startMs - before.timed.segment.startMs, before.timescale);
    this.#current = { ...this.#placed(timed, before.place + distance, before.timescale), from: found.pts };
    this.#cover(timed);
  }

  #placed(timed: TimedSegment, place: number, timescale: number): PlacedSegment {
    const untilMs = timed.endsBy(this.#options.endMs) ? Number.POSITIVE_INFINITY : this.#options.endMs;
    return {
      timed,
      place,
      timescale,
      from: Number.NEGATIVE_INFINITY,
      leading: false,
      hiddenMs: 0,
      untilMs,
      closed: false,
      othersFromMs: Number.NEGATIVE_INFINITY,
      joint: undefined,
    };
  }

  /**
   * Frames an edit list hides at the start of a segment, the leading pictures of an open group of pictures, can be
   * decoded behind the segment before, and are what it lacks at its end: they get their time. In ticks of places.
   */
  #leadOf(timed: TimedSegment, distanceMs: number, timescale: number): number {
    const { reference } = timed;
    const lead = isVideo(reference) ? Math.max(0, reference.start - reference.earliestPts) : 0;
    const fits = millisecondsOf(lead, reference.timescale) <= distanceMs + this.#options.gapToleranceMs;
    return fits ? rescale(lead, reference.timescale, timescale) : 0;
  }

  #readClock(atMs: number, wallMs: number): void {
    const last = this.#clock.at(-1);
    if (last === undefined) return;
    const off = wallMs - last.wallMs - (atMs - last.atMs);
    if (Math.abs(off) > CLOCK_TOLERANCE_MS) this.#clock.push({ atMs, wallMs });
  }

  /** @param fromMs where a stretch of coverage begins; absent: the segment goes on with the one before */
  #cover(timed: TimedSegment, fromMs?: number): void {
    const endMs = Math.min(timed.endMs, this.#options.endMs);
    const last = this.#coverage.at(-1);
    if (fromMs !== undefined || last === undefined)
      this.#coverage.push({ startMs: fromMs ?? timed.segment.startMs, endMs });
    else last.endMs = endMs;
  }

  /** Finds where the reference track can be decoded from to present the moment `ticks`. */
  #findReference(timed: TimedSegment, ticks: number): Promise<Selected> {
    const { reference, summary, segment } = timed;
    const start = ticks + ticksOf(ROUNDING_MS, reference.timescale);
    const rules = isVideo(reference) ? SelectionRule.FromSync : 0;
    const selection: Selection = { start, end: Number.POSITIVE_INFINITY, rules, preroll: 0 };
    return this.#options.cuts.select(segment, summary.reference, selection);
  }
}

/**
 * The start of the picture that `ticks` is meant by, when it is that of one but for the rounding of wall-clock times:
 * players drop pictures of which an edit list hides ever so little. Told only where all last equally long.
 */
function snapped(ticks: number, track: TrackRecord): number {
  if (!isVideo(track) || track.sttsEntries > 2 || track.samples < 2) return ticks;
  const step = (track.duration - track.lastDuration) / (track.samples - 1);
  const start = track.earliestPts + Math.round((ticks - track.earliestPts) / step) * step;
  return Math.abs(start - ticks) <= ticksOf(ROUNDING_MS, track.timescale) ? start : ticks;
}

/**
 * A last sample whose duration is stated as 0 lasts until the next segment, at most as long as the others. In ticks of
 * places.
 */
function openEndOf({ timed: { reference }, timescale }: PlacedSegment, distanceMs: number): number {
  if (reference.lastDuration > 0 || reference.samples < 2 || distanceMs <= 0) return 0;
  const usual = Math.round(reference.duration / (reference.samples - 1));
  return Math.min(rescale(usual, reference.timescale, timescale), ticksOf(distanceMs, timescale));
}
