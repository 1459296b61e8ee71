import { reachesInto, type Interval } from "../../base/interval.ts";
import type { PlacedSink } from "../../core/planning/placer.ts";
import type { ReadySegments, ReadyTarget } from "../../core/planning/ready-segments.ts";
import type { RecordedSegment } from "../../core/segment.ts";
import type { KeptRuns } from "./kept-runs.ts";
import type { RunSpan } from "./run-place.ts";
import { RunPlacer } from "./run-placer.ts";
import { wholeItems } from "./run-columns.ts";
import { isOutline, isRun, type RunItem } from "./segment-run.ts";

/**
 * Hands the segments of spans to whatever takes placed segments (pieces, media segments), behind the last one.
 * @returns false, and nothing is changed, where they have to be placed one by one
 */
export type AddSpans<Sink> = (sink: Sink, spans: readonly RunSpan[]) => boolean;

/** Reads what only some plans need of an hour. */
interface HourReads {
  /** The columns of the hour's runs; null when none were kept. */
  readonly columns: () => Promise<Uint8Array | null>;
  /** The segments of the hour one by one. */
  readonly segments: () => Promise<readonly RecordedSegment[]>;
}

/** The segments that start in one hour, as they were made ready beforehand. */
export class ReadyHour<Sink extends PlacedSink> implements ReadySegments<Sink> {
  readonly names: string;
  readonly #items: KeptRuns["items"];
  readonly #reads: HourReads;
  readonly #addSpans: AddSpans<Sink>;
  #whole: Promise<readonly RunItem[] | undefined> | undefined;

  constructor({ items, names }: KeptRuns, reads: HourReads, addSpans: AddSpans<Sink>) {
    this.names = names;
    this.#items = items;
    this.#reads = reads;
    this.#addSpans = addSpans;
  }

  /** How many segments the hour has. @param range counts segments outside runs only where they reach into it; default: all */
  countIn(range?: Interval): number {
    const sizeOf = (one: RecordedSegment): number => (range === undefined || reachesInto(one, range) ? 1 : 0);
    return this.#items.reduce((sum, item) => sum + (isRun(item) ? item.count : sizeOf(item)), 0);
  }

  /** Adds the hour's segments, runs as wholes where possible. */
  async addTo({ placer, sink, add }: ReadyTarget<Sink>): Promise<void> {
    const runs = RunPlacer.of(placer, (spans) => this.#addSpans(sink, spans));
    for (const [i, item] of this.#items.entries()) {
      if (!isRun(item)) await add(item);
      else if (!runs.addRun(item)) {
        await add(item.first);
        await add(item.second);
        if (runs.addRun(item)) continue;
        const whole = isOutline(item) ? (await this.#wholeItems())?.[i] : undefined;
        if (whole !== undefined && isRun(whole) && runs.addRun(whole)) continue;
        for (const segment of await this.#reads.segments())
          if (isBehind(segment, item.second) && !isBehind(segment, item.last)) await add(segment);
      }
    }
  }

  /** The hour's items, with whole runs in place of outlines. */
  #wholeItems(): Promise<readonly RunItem[] | undefined> {
    return (this.#whole ??= this.#reads.columns().then((columns) => wholeItems(this.#items, columns)));
  }
}

/** Whether a segment comes after another one. */
function isBehind(segment: RecordedSegment, other: RecordedSegment): boolean {
  return segment.startMs === other.startMs ? segment.id > other.id : segment.startMs > other.startMs;
}
