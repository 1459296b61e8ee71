import type { Interval } from "../../base/interval.ts";
/** The wall-clock time that a moment of the output shows. */
export interface ClockReading {
  /** Milliseconds from the start of the output's presentation. */
  readonly atMs: number;
  /** Wall clock, milliseconds. */
  readonly wallMs: number;
}

/** A new reading is noted where the clock is off by more than this, milliseconds: a frame. */
const CLOCK_TOLERANCE_MS = 40;

/** Which recorded times an output shows, wall clock, milliseconds, not rounded. */
export interface ShownTimes {
  readonly coverage: readonly Interval[];
  readonly gaps: readonly Interval[];
  /** Where the output starts, and where it goes on after a gap, in order. */
  readonly chapterStarts: readonly ClockReading[];
  /** Readings in order, the first at 0: from each to the next the clock runs evenly, to within a frame. */
  readonly clock: readonly ClockReading[];
}

/** Notes the `ShownTimes` of an output while its segments are placed. */
export class RecordedTimes {
  readonly #coverage: { readonly startMs: number; endMs: number }[] = [];
  readonly #gaps: Interval[] = [];
  readonly #chapterStarts: ClockReading[] = [];
  readonly #clock: ClockReading[] = [];
  readonly #untilMs: number;
  #startMs = 0;

  /** @param untilMs end of what is asked for, exclusive */
  constructor(untilMs: number) {
    this.#untilMs = untilMs;
  }

  /** Where the output starts. */
  get startMs(): number {
    return this.#startMs;
  }

  get all(): ShownTimes {
    return { coverage: this.#coverage, gaps: this.#gaps, chapterStarts: this.#chapterStarts, clock: this.#clock };
  }

  /** Starts the output, or starts it anew, with a recording from `startMs` until `endMs`, exclusive. */
  start(startMs: number, endMs: number): void {
    for (const list of [this.#coverage, this.#gaps, this.#chapterStarts, this.#clock]) list.length = 0;
    this.#startMs = startMs;
    for (const list of [this.#chapterStarts, this.#clock]) list.push({ atMs: 0, wallMs: startMs });
    this.#coverage.push({ startMs, endMs: Math.min(endMs, this.#untilMs) });
  }

  /** Goes on with a recording that begins behind a gap. @param atMs milliseconds from the start of the presentation */
  addGap(gap: Interval, atMs: number, endMs: number): void {
    this.#gaps.push(gap);
    this.#chapterStarts.push({ atMs, wallMs: gap.endMs });
    this.readClock(atMs, gap.endMs);
    this.#coverage.push({ startMs: gap.endMs, endMs: Math.min(endMs, this.#untilMs) });
  }

  /** Goes on with a recording that ends at `endMs`, exclusive, without a gap. */
  extend(endMs: number): void {
    const last = this.#coverage.at(-1);
    if (last !== undefined) last.endMs = Math.min(endMs, this.#untilMs);
  }

  /** Notes a reading, `atMs` from the start of the presentation, if the clock is off by then. */
  readClock(atMs: number, wallMs: number): void {
    const last = this.#clock.at(-1);
    if (last === undefined) return;
    const off = wallMs - last.wallMs - (atMs - last.atMs);
    if (Math.abs(off) > CLOCK_TOLERANCE_MS) this.#clock.push({ atMs, wallMs });
  }

  /**
   * Whether no new reading is needed at any of some moments. @param first one of them, or one like them
   * @param others.soonerMs how far the others are off it at most, to either side, milliseconds, rounded up
   */
  runsEvenly(
    { atMs, wallMs }: ClockReading,
    { soonerMs, laterMs }: { readonly soonerMs: number; readonly laterMs: number },
  ): boolean {
    const last = this.#clock.at(-1);
    if (last === undefined) return true;
    const off = wallMs - last.wallMs - (atMs - last.atMs);
    return off + laterMs < CLOCK_TOLERANCE_MS && off - soonerMs > -CLOCK_TOLERANCE_MS;
  }
}
