import type { RecordedSegment } from "../segment.ts";
import { isGap } from "./gap.ts";
import {
  cutLaterMs,
  distanceMsOf,
  goesOn,
  hiddenLaterMs,
  isBehindGap,
  lengthOf,
  ticksOver,
  ticksToNext,
} from "./neighbours.ts";
import { behindHole, heldBefore } from "./hole.ts";
import { startIn, type StartOptions } from "./output-start.ts";
import { decodableFrom, findReference, fromHidden, startsGroup } from "./reference-queries.ts";
import { insideHold, type LeftSegment } from "./inside-hold.ts";
import { RecordedTimes } from "./recorded-times.ts";
import { relationOf } from "./relation.ts";
import { endsOf, type Placement } from "./placement.ts";
import {
  placedAt,
  ROUNDING_MS,
  shownFromMs,
  startsBehind,
  type PlacedSegment,
  type TimedSegment,
} from "./placed-segment.ts";
import { millisecondsOf, rescale, ticksOf } from "../ticks.ts";

/** The range to place, and how. */
export interface PlacerOptions extends StartOptions {
  readonly gaps: "skip" | "keep";
  /** Wall-clock distance between segments above which it is a gap, milliseconds. */
  readonly gapToleranceMs: number;
}

/** Receives placed segments, in order. */
export interface PlacedSink {
  /** Whether nothing was made of them yet. */
  readonly isEmpty: boolean;
  /** Takes the next segment: at once where that needs no index, else the caller has to wait. */
  add(placed: PlacedSegment): Promise<void> | undefined;
}

/** Places whole runs of segments instead of the placer, behind the last one that was added. */
export interface StandIn {
  /** Tells the placer where the last of them lies (`Placer.resumeAt`), unless it has: called before other segments are added, and at the end. */
  settle(): void;
}

/**
 * Puts segments one after another, in order of their start: where each lands, what is a gap and what overlaps (rules 1
 * to 4 of a plan). Works from summaries; an index is only asked for where a segment is cut.
 */
export class Placer {
  readonly options: PlacerOptions;
  readonly #sink: PlacedSink;
  /** Which recorded times the output shows, as far as segments are placed. */
  readonly times: RecordedTimes;
  /** The last segment: placed, but not yet handed on, since a later one may overlap it. */
  #current: PlacedSegment | undefined;
  /** A segment that was left while it held a picture, and where it goes on. */
  #resumed: LeftSegment | undefined;
  /** Segments that end before the range, of which the last one may be held into it. */
  readonly #ended: TimedSegment[] = [];
  /** The ended segment that is held into the range. */
  held: RecordedSegment | undefined;
  /** Segments that are only decoded. */
  #leading = 0;
  /** Set while runs are placed by it. */
  standIn: StandIn | undefined;
  /** A segment of the range that cannot be decoded, since there is no sync sample in it or before it. */
  undecodable: RecordedSegment | undefined;

  constructor(options: PlacerOptions, sink: PlacedSink) {
    this.options = options;
    this.#sink = sink;
    this.times = new RecordedTimes(options.endMs);
  }

  /**
   * Adds the next segment: at once where that needs no index, else the caller has to wait. Those that end up to the tolerance before
   * the range, and begin so far behind it, only tell what is shown in a hole.
   * @throws BoxcarError as the sink does
   */
  add(segment: RecordedSegment): Promise<void> | undefined {
    this.standIn?.settle();
    const timed = this.options.queries.timed(segment);
    if (segment.endMs <= this.options.startMs) {
      this.#ended.push(timed);
      return undefined;
    }
    const before = this.#current;
    if (before === undefined) return this.#start(timed);
    if (segment.startMs >= this.options.endMs) return undefined;
    const resumed = this.#resumed;
    if (resumed !== undefined && resumed.atMs <= segment.startMs) return this.#resume(resumed, segment);
    switch (relationOf(before.timed, timed, this.options.gapToleranceMs)) {
      case "next":
        return this.#addNext(timed, before);
      case "late":
        return this.#addLate(timed, before);
      case "hiding":
        return this.#addHiding(timed, before);
      case "repeating":
        return this.#addRepeating(timed, before);
      case "in hold":
        return this.#addInHold(timed, before);
      case "inside":
        return this.#addInside(timed, before);
      case "overlapping":
        return this.#addOverlapping(timed, before);
      case "covered":
        return undefined;
    }
  }

  /** The last segment; undefined while there is none, and while it stands in for one that goes on behind it. */
  get last(): PlacedSegment | undefined {
    return this.#resumed === undefined ? this.#current : undefined;
  }

  /** Goes on behind a segment that the stand-in has placed. @param place as `PlacedSegment.outputStart` */
  resumeAt(segment: RecordedSegment, place: number, timescale: number): void {
    const placed = this.#placed(this.options.queries.timed(segment), place, timescale);
    this.#current = { ...placed, othersFromMs: segment.startMs - this.options.gapToleranceMs };
  }

  /** Hands on the last segment. Undefined when nothing fell into the range. */
  async finish(): Promise<Placement | undefined> {
    this.standIn?.settle();
    const resumed = this.#resumed;
    if (resumed !== undefined && resumed.atMs < this.options.endMs) await this.#resume(resumed);
    const last = this.#current;
    if (last === undefined) return undefined;
    await this.#sink.add(last);
    const { startMs, all } = this.times;
    return { startMs, ...all, leading: this.#leading, ...endsOf(last, this.options.endMs) };
  }

  /** Starts the output: in a hole before a segment with the one that is held until then. */
  async #start(timed: TimedSegment): Promise<void> {
    const held = heldBefore(timed, this.#ended, this.options);
    if (held === undefined) return this.#addFirst(timed);
    await this.#addFirst(held);
    if (this.#current === undefined) return this.#addFirst(timed);
    this.held = held.segment;
    if (startsBehind(this.#current)) {
      this.#current = { ...this.#current, untilMs: this.options.endMs };
      this.times.extend(timed.segment.startMs);
    }
    await this.add(timed.segment);
  }

  async #addFirst(timed: TimedSegment): Promise<void> {
    const start = await startIn(timed, this.options);
    if (start === "undecodable") this.undecodable = timed.segment;
    else if (start?.lead.length === 0) this.#begin(timed, start.from);
    else if (start !== undefined) await this.#beginBefore(start.lead, timed, start.from);
  }

  /** Starts the output with the moment `from` of a segment. */
  #begin(timed: TimedSegment, from: number): void {
    const { reference } = timed;
    const placed = this.#placed(timed, reference.start - from, reference.timescale);
    this.#current = { ...placed, from, mayPreroll: true };
    this.times.start(timed.wallAt(from), timed.endMs);
  }

  /** Starts the output with the moment `from` of a segment that is decoded from the sync sample of an earlier one on. */
  async #beginBefore(lead: readonly TimedSegment[], timed: TimedSegment, from: number): Promise<void> {
    const [first, ...others] = [...lead, timed] as const;
    const { timescale, start, end } = first.reference;
    if (this.options.cut === "keyframe") {
      const sync = await findReference(this.options.queries, first, end);
      this.#begin(first, Math.max(start, sync.pts));
      for (const each of others) await this.#follow(each);
      return;
    }
    const length = ticksOver([...lead, timed], { toleranceMs: this.options.gapToleranceMs, timescale });
    const place = timed.reference.start - from - length;
    this.#current = { ...this.#placed(first, place, timescale), from: start - place, mayPreroll: true };
    for (const each of others) await this.#follow(each);
    this.#leading = lead.length;
    this.times.start(timed.wallAt(from), timed.endMs);
  }

  /** Adds a segment that goes on where the one before ends. */
  async #follow(timed: TimedSegment): Promise<void> {
    const before = this.#current;
    if (before !== undefined) await this.#addNext(timed, before);
  }

  /** @param from where it can be decoded from, ticks of its reference track; absent: with its first sample */
  #addNext(timed: TimedSegment, before: PlacedSegment, from?: number): Promise<void> | undefined {
    const { gapToleranceMs: toleranceMs, gaps } = this.options;
    const { timescale } = before;
    const { reference, segment } = timed;
    const startMs = from === undefined ? segment.startMs : timed.wallAt(from);
    const distanceMs = from === undefined ? distanceMsOf(before.timed, timed) : startMs - before.timed.endMs;
    const isFar = from === undefined ? isBehindGap(before.timed, timed, toleranceMs) : isGap(distanceMs, toleranceMs);
    const isClosed = isFar && gaps === "skip";
    const isBehindHole = !isFar && startsBehind(before) && !goesOn(before.timed, timed);
    const ticks =
      (isFar && !isClosed) || isBehindHole
        ? lengthOf(before.timed, timescale) + ticksOf(distanceMs, timescale)
        : ticksToNext(before.timed, timed, { distanceMs, toleranceMs, timescale });
    const begin = before.outputStart + ticks;
    const place = from === undefined ? begin : begin - rescale(from - reference.start, reference.timescale, timescale);
    const othersFromMs = Math.max(
      this.times.startMs,
      // Where a gap is closed, other tracks end and begin about where the picture does; else those of the segment before come first.
      isClosed ? startMs - toleranceMs : Math.min(shownFromMs(before), startMs - Math.max(0, distanceMs) - toleranceMs),
    );
    this.#current = { ...this.#placed(timed, place, timescale), from: from ?? Number.NEGATIVE_INFINITY, othersFromMs };
    if (!isFar && from === undefined && goesOn(before.timed, timed)) return this.#goOn(before, this.#current);
    if (isBehindHole) return this.#leaveHole(before, this.#current);
    const atMs = millisecondsOf(begin, timescale);
    if (isFar) this.times.addGap({ startMs: before.timed.endMs, endMs: startMs }, atMs, timed.endMs);
    else {
      this.times.readClock(atMs, startMs);
      this.times.extend(timed.endMs);
    }
    const jointMs = isFar && !isClosed ? startMs : before.timed.endMs;
    return this.#sink.add({ ...before, joint: { next: timed, atMs: jointMs, slackMs: isClosed ? 0 : toleranceMs } });
  }

  /** Goes on with a segment behind the hole that the output starts in. */
  #leaveHole(before: PlacedSegment, placed: PlacedSegment): Promise<void> | undefined {
    const { gapToleranceMs } = this.options;
    const { timed } = placed;
    this.times.extend(timed.endMs);
    this.#current = behindHole(placed, before, gapToleranceMs);
    const { isLed } = this.#current;
    if (isLed) this.#leading++;
    const joint = { next: timed, atMs: timed.segment.startMs, slackMs: gapToleranceMs };
    return this.#sink.add({ ...before, untilMs: Number.POSITIVE_INFINITY, leads: isLed, joint });
  }

  /** Goes on with a segment that is decoded from the one before, which it takes all of. */
  #goOn(before: PlacedSegment, placed: PlacedSegment): Promise<void> | undefined {
    const { timed, outputStart: place, timescale } = placed;
    this.times.extend(timed.endMs);
    // The picture on screen when the output starts may be in either.
    const isLed = before.mayPreroll && place <= ticksOf(ROUNDING_MS, timescale);
    if (!isLed) this.times.readClock(millisecondsOf(place, timescale), timed.segment.startMs);
    const from = timed.reference.start - rescale(place, timescale, timed.reference.timescale);
    if (isLed) this.#current = { ...placed, from, mayPreroll: true, isLed };
    const joint = { next: timed, atMs: before.timed.endMs, slackMs: this.options.gapToleranceMs };
    return this.#sink.add({ ...before, untilMs: Number.POSITIVE_INFINITY, leads: isLed, joint });
  }

  /** Adds a segment that starts behind a gap without a sync sample: it is there from its first sync sample on. */
  async #addLate(timed: TimedSegment, before: PlacedSegment): Promise<void> {
    const from = await decodableFrom(this.options.queries, timed);
    if (from !== undefined) await this.#addNext(timed, before, Math.max(from, timed.reference.start));
  }

  /** Adds a segment whose edit list hides more in front than the one before lacks. */
  async #addHiding(timed: TimedSegment, before: PlacedSegment): Promise<void> {
    const { queries, gapToleranceMs } = this.options;
    const output = { startMs: this.times.startMs, isEmpty: this.#sink.isEmpty };
    const found = await fromHidden(queries, timed, before.timed, output);
    if (found === undefined) return;
    if (found.begins) this.#begin(timed, found.from);
    else if (isGap(timed.wallAt(found.from) - before.timed.endMs, gapToleranceMs))
      await this.#addNext(timed, before, found.from);
    else await this.#takeOver(timed, before, found.from, hiddenLaterMs(before.timed, timed));
  }

  /** Adds a segment that starts where the one before was cut in decode order: what that one has of later pictures lacks others. */
  #addRepeating(timed: TimedSegment, before: PlacedSegment): Promise<void> | undefined {
    const laterMs = cutLaterMs(before.timed, timed);
    if (timed.segment.startMs + laterMs <= this.times.startMs && this.#sink.isEmpty) return this.#addInstead(timed);
    return this.#takeOver(timed, before, timed.reference.start, laterMs);
  }

  /** A last sample that is held, however long it is said to last, yields to a recording that has samples by then. */
  async #addInHold(timed: TimedSegment, before: PlacedSegment): Promise<void> {
    const { reference, segment } = timed;
    const from = await decodableFrom(this.options.queries, timed);
    if (from === undefined) return;
    const atMs = Math.max(timed.wallAt(Math.max(from, reference.start)), before.timed.sampledEndMs);
    if (atMs <= this.times.startMs && this.#sink.isEmpty) return this.#addInstead(timed);
    const overlapMs = Math.max(0, before.timed.sampledEndMs - segment.startMs);
    const placed = this.#placedByClock(timed, before, overlapMs);
    this.#current = { ...placed, from, othersFromMs: segment.startMs };
    this.times.readClock(millisecondsOf(placed.outputStart, before.timescale), segment.startMs);
    this.times.extend(timed.endMs);
    await this.#sink.add({ ...before, joint: { next: timed, atMs, slackMs: 0 } });
  }

  /** Starts the output anew: of a segment that is only held within the range nothing is shown when another has samples. */
  #addInstead(timed: TimedSegment): Promise<void> {
    this.#current = undefined;
    return this.#addFirst(timed);
  }

  /** Adds a segment that starts where the one before has samples, or holds one over all of it. */
  async #addInside(timed: TimedSegment, before: PlacedSegment): Promise<void> {
    const found = await insideHold(this.options.queries, timed, before.timed, this.options.gapToleranceMs);
    if (found === "overlapping") return this.#addOverlapping(timed, before);
    if (found === "covered") return;
    const { from, untilMs } = found;
    this.#resumed = found.left;
    if (untilMs <= this.times.startMs && this.#sink.isEmpty) return this.#addInstead(timed);
    await this.#sink.add({ ...before, untilMs: Math.min(before.untilMs, untilMs), takenOver: true });
    this.#current = { ...this.#placedByClock(timed, before), from, othersFromMs: timed.segment.startMs };
    this.times.extend(timed.endMs);
  }

  /** Goes on with a segment after what it was left for, when it does so with a sync sample. */
  async #resume({ timed, ticks, atMs }: LeftSegment, next?: RecordedSegment): Promise<void> {
    this.#resumed = undefined;
    const before = this.#current;
    if (before !== undefined && before.timed.endMs <= atMs + this.options.gapToleranceMs) {
      const isSync = await startsGroup(this.options.queries, timed, ticks);
      if (isSync) await this.#addNext(timed, before, ticks);
    }
    if (next !== undefined) await this.add(next);
  }

  // The later recording takes over at its last sync sample inside the earlier one, which is cut there.
  async #addOverlapping(timed: TimedSegment, before: PlacedSegment): Promise<void> {
    const ticks = timed.ticksAt(before.timed.sampledEndMs, timed.reference);
    const found = await findReference(this.options.queries, timed, ticks);
    if (found.count > 0) await this.#takeOver(timed, before, found.pts);
  }

  /**
   * Goes on with a segment from a sync sample on, ticks of its reference track, where the wall clock has it.
   * @param laterMs milliseconds that its clock is put off by
   */
  async #takeOver(timed: TimedSegment, before: PlacedSegment, from: number, laterMs = 0): Promise<void> {
    const untilMs = Math.min(before.untilMs, timed.wallAt(from) + laterMs);
    await this.#sink.add({ ...before, untilMs, takenOver: true });
    const placed = this.#placedByClock(timed, before, laterMs);
    this.#current = { ...placed, from };
    this.times.readClock(millisecondsOf(placed.outputStart, before.timescale), timed.segment.startMs);
    this.times.extend(timed.endMs);
  }

  /** A segment where the wall clock has it behind the start of the one before. @param laterMs milliseconds that it is put off by */
  #placedByClock(
    timed: TimedSegment,
    { timed: before, outputStart, timescale }: PlacedSegment,
    laterMs = 0,
  ): PlacedSegment {
    const distanceMs = timed.segment.startMs + laterMs - before.segment.startMs;
    return this.#placed(timed, outputStart + ticksOf(distanceMs, timescale), timescale);
  }

  #placed(timed: TimedSegment, place: number, timescale: number): PlacedSegment {
    return placedAt(timed, { place, timescale, endMs: this.options.endMs });
  }
}
