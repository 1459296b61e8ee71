import { reachesInto, type Interval } from "../../base/interval.ts";
import type { PlacedSink } from "../../core/planning/placer.ts";
import type { ReadySegments, ReadyTarget } from "../../core/planning/ready-segments.ts";
import type { RecordedSegment } from "../../core/segment.ts";
import type { KeptRuns } from "./kept-runs.ts";
import type { RunSpan } from "./follow-run.ts";
import { RunPlacer } from "./run-placer.ts";
import { isRun } from "./segment-run.ts";

/**
 * Makes of the segments of spans what is made of segments, behind the last one that was placed.
 * @returns false, and nothing is changed, where they have to be placed one by one
 */
export type AddSpans<Sink> = (sink: Sink, spans: readonly RunSpan[]) => boolean;

/** The segments that start in one hour, as they were made ready beforehand. */
export class ReadyHour<Sink extends PlacedSink> implements ReadySegments<Sink> {
  readonly names: string;
  readonly #items: KeptRuns["items"];
  readonly #segments: () => Promise<readonly RecordedSegment[]>;
  readonly #addSpans: AddSpans<Sink>;

  /** @param segments the same one by one */
  constructor(
    { items, names }: KeptRuns,
    segments: () => Promise<readonly RecordedSegment[]>,
    addSpans: AddSpans<Sink>,
  ) {
    this.names = names;
    this.#items = items;
    this.#segments = segments;
    this.#addSpans = addSpans;
  }

  /** How many segments it has. @param range of those that belong to no run only such as reach into it. Default: all */
  countIn(range?: Interval): number {
    const sizeOf = (one: RecordedSegment): number => (range === undefined || reachesInto(one, range) ? 1 : 0);
    return this.#items.reduce((sum, item) => sum + (isRun(item) ? item.count : sizeOf(item)), 0);
  }

  /** Adds it: its runs as wholes where that can be. */
  async addTo({ placer, sink, add }: ReadyTarget<Sink>): Promise<void> {
    const runs = RunPlacer.of(placer, (spans) => this.#addSpans(sink, spans));
    for (const item of this.#items) {
      if (!isRun(item)) await add(item);
      else if (!runs.addRun(item)) {
        await add(item.first);
        await add(item.second);
        if (runs.addRun(item)) continue;
        for (const segment of await this.#segments())
          if (isBehind(segment, item.second) && !isBehind(segment, item.last)) await add(segment);
      }
    }
  }
}

/** Whether a segment comes after another one. */
function isBehind(segment: RecordedSegment, other: RecordedSegment): boolean {
  return segment.startMs === other.startMs ? segment.id > other.id : segment.startMs > other.startMs;
}
