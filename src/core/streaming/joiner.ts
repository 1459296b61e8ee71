import type { Configuration } from "./init-segment.ts";
import type { StreamedSegment, StreamedStretch, StreamQuery, StreamSink, UnfinishedSegment } from "./streamed.ts";

/** Joints that are off by more than this become discontinuities: players stall at holes, however short; milliseconds. */
const MOST_JITTER_MS = 10;

/** A media segment whose duration is known once the next one is. It is changed in place: a day has thousands. */
export interface PendingSegment extends Omit<StreamedSegment, "startMs" | "durationMs"> {
  startMs: number;
  durationMs: number;
  /** `startMs`, but of sound that is divided by its picture when its own first sample starts. */
  readonly ownMs: number;
}

/** A media segment that is still being recorded, with its own start as in `PendingSegment`. */
export type GrowingGroup = UnfinishedSegment & Pick<PendingSegment, "ownMs">;

/** Consecutive media segments of one recording. */
export interface Portion {
  readonly configuration: Configuration;
  readonly segments: readonly PendingSegment[];
  /** When the last of them ends by its own samples, wall clock, milliseconds. */
  readonly endMs: number;
  /** Whether the first of them needs the portion before to be decoded: behind a discontinuity it could not be. */
  readonly goesOn: boolean;
  /** The media segment that follows them and is still being recorded. */
  readonly unfinished: GrowingGroup | undefined;
}

/** Joins portions: finds how long each media segment lasts, and where a discontinuity is. */
export class Joiner {
  readonly #query: StreamQuery;
  readonly #sink: StreamSink;
  readonly #gapToleranceMs: number;
  /** The portion added last, which the next one may shorten. */
  #last: Portion | undefined;
  #stretch: StreamedStretch | undefined;
  #begun = false;
  /** Media segments before the range, from a sync sample on: the range's first may need them to be decoded. */
  #lead: PendingSegment[] = [];
  /** End of the last media segment that the sink was given, wall clock, milliseconds. */
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

  /** An unfinished segment only follows others: a range that would begin with one has nothing yet. */
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
    // Without a sync sample before it, the media segment cannot be decoded.
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

  /** Gives the sink the gap before a stretch and its start: that of its picture, for all renditions. */
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
