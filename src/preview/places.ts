import { segmentAt } from "./reels.ts";
import { gapsOf, type Gap, type MediaSegment } from "./source.ts";

/** Seconds: a time that falls on a picture's start must not be rounded before it. */
export const ROUNDING_S = 0.0005;

/** Where the wall clock is played: media segments, in order, as they are listed at one moment. */
export class Places {
  readonly segments: readonly MediaSegment[];
  readonly gaps: readonly Gap[];

  constructor(segments: readonly MediaSegment[]) {
    this.segments = segments;
    this.gaps = gapsOf(segments);
  }

  /** Wall clock of the first picture, milliseconds since 1970; 0 without any. */
  get startMs(): number {
    return this.segments[0]?.startMs ?? 0;
  }

  /** Exclusive. */
  get endMs(): number {
    const last = this.segments.at(-1);
    return last === undefined ? 0 : last.startMs + last.durationMs;
  }

  /** Wall clock of a time of the element, seconds. */
  timeAt(atS: number): number {
    const { segments } = this;
    const segment = segments[segmentAt(segments, atS) ?? segments.length - 1];
    return segment === undefined ? 0 : segment.startMs + (atS - segment.atS) * 1000;
  }

  /** Where a wall-clock time is played, seconds of the element; in a gap, what follows. */
  of(timeMs: number): number {
    const next = this.segments.find(({ startMs, durationMs }) => startMs + durationMs > timeMs);
    const segment = next ?? this.segments.at(-1);
    if (segment === undefined) return 0;
    const { startMs, durationMs, atS } = segment;
    return atS + Math.min(Math.max(0, timeMs - startMs), durationMs - 1) / 1000 + ROUNDING_S;
  }

  /** Whether a wall-clock time lies within. */
  has(timeMs: number): boolean {
    return timeMs >= this.startMs && timeMs < this.endMs;
  }
}
