import type { Configuration } from "./init-segment.ts";
import type { StreamedSegment, StreamedStretch, StreamQuery, StreamSink, UnfinishedSegment } from "./streamed.ts";

/** Joints that are off by more than this are told as discontinuities: players stall at holes, however short; milliseconds. */
const MOST_JITTER_MS = 10;

/** A media segment whose end is not known before the next one is. Changed in place: a day has thousands. */
export interface PendingSegment extends Omit<StreamedSegment, "startMs" | "durationMs"> {
  startMs: number;
  durationMs: number;
  /** When it starts by its own samples, where it is sound that is divided by its picture. */
  readonly ownMs: number;
}

/** An unfinished media segment, with its own start as `PendingSegment` has it. */
export type GrowingGroup = UnfinishedSegment & Pick<PendingSegment, "ownMs">;

/** Media segments of one recording that follow one another. */
export interface Portion {
  readonly configuration: Configuration;
  readonly segments: readonly PendingSegment[];
  /** Wall-clock end of the last one by itself, milliseconds. */
  readonly endMs: number;
  /** Whether the first one is decoded from the portion before: behind a discontinuity it could not be. */
  readonly goesOn: boolean;
  /** What follows them, of a recording that grows. */
  readonly unfinished: GrowingGroup | undefined;
}

/** Puts portions one behind the other: how long each media segment lasts, and where they cannot be played through. */
export class Joiner {
  readonly #query: StreamQuery;
  readonly #sink: StreamSink;
  readonly #gapToleranceMs: number;
  /** The last portion, which the next one may shorten. */
  #last: Portion | undefined;
  #stretch: StreamedStretch | undefined;
  #begun = false;
  /** Media segments before the range from a sync sample on: they may be needed to decode its first. */
  #lead: PendingSegment[] = [];
  /** Where what was delivered ends, wall clock, milliseconds. */
  #deliveredMs = 0;
  any = false;

  constructor(query: StreamQuery, sink: StreamSink, gapToleranceMs: number) {
    this.#query = query;
    this.#sink = sink;
    this.#gapToleranceMs = gapToleranceMs;
  }

  add(portion: Portion): void {
    const first = portion.segments[0] ?? portion.unfinished;
    const startMs = first?.startMs ?? 0;
    const before = this.#last;
    const { configuration } = portion;
    let joins = false;
    if (before !== undefined) {
      const isAlike = configuration.text === this.#stretch?.configuration.text;
      joins = isAlike && (portion.goesOn || Math.abs(startMs - before.endMs) <= MOST_JITTER_MS);
      this.#emit(before, joins ? (first?.ownMs ?? startMs) : Math.min(before.endMs, startMs));
    }
    this.#last = portion;
    if (joins) return;
    this.#stretch = { configuration, startMs };
    this.#begun = false;
    this.#lead = [];
  }

  finish(): void {
    if (this.#last === undefined) return;
    this.#emit(this.#last, this.#last.endMs);
    this.#placeUnfinished(this.#last.unfinished);
  }

  /** Only behind what has been delivered: a range that begins with it has nothing yet. */
  #placeUnfinished(unfinished: UnfinishedSegment | undefined): void {
    if (unfinished === undefined || this.#query.unfinished !== true) return;
    if (!this.any || unfinished.startMs >= this.#query.endMs || !(this.#begun || unfinished.sync)) return;
    if (!this.#begun) this.#begin(unfinished.startMs);
    this.#sink.unfinished?.(unfinished);
  }

  #emit({ segments }: Portion, endMs: number): void {
    for (const [i, segment] of segments.entries()) {
      const untilMs = segments[i + 1]?.ownMs ?? endMs;
      segment.durationMs = Math.max(1, untilMs - segment.ownMs);
      this.#place(segment);
    }
  }

  #place(segment: PendingSegment): void {
    const { startMs, endMs } = this.#query;
    if (segment.startMs >= endMs) return;
    if (segment.sync) this.#lead = [];
    // Without a sync sample before it, it cannot be decoded.
    else if (!this.#begun && this.#lead.length === 0) return;
    if (segment.startMs + segment.durationMs <= startMs) {
      this.#lead.push(segment);
      return;
    }
    for (const each of [...this.#lead, segment]) this.#deliver(each);
    this.#lead = [];
  }

  #deliver(segment: PendingSegment): void {
    const { startMs, ownMs } = segment;
    if (this.#begun) segment.startMs = ownMs;
    else {
      this.#begin(startMs);
      segment.durationMs = Math.max(1, segment.durationMs + ownMs - startMs);
    }
    this.any = true;
    this.#begun = true;
    this.#deliveredMs = segment.startMs + segment.durationMs;
    this.#sink.add(segment);
  }

  /** All renditions of a stretch start with its picture. */
  #begin(startMs: number): void {
    if (this.#stretch === undefined) return;
    const { gapPortionMs } = this.#query;
    const lengthMs = startMs - this.#deliveredMs;
    if (this.any && gapPortionMs !== undefined && lengthMs > this.#gapToleranceMs) {
      const count = Math.ceil(lengthMs / gapPortionMs);
      const durationMs = lengthMs / count;
      for (let i = 0; i < count; i++) this.#sink.gap?.({ startMs: this.#deliveredMs + i * durationMs, durationMs });
    }
    this.#sink.begin({ ...this.#stretch, startMs });
  }
}
