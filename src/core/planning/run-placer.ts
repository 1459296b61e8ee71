import type { RecordedSegment } from "../segment.ts";
import { millisecondsOf } from "../ticks.ts";
import { at, type RunSpan } from "./follow-run.ts";
import type { Placement } from "./placement.ts";
import { Placer, type PlacedSink, type PlacerOptions } from "./placer.ts";
import { endMsOf, secondOf, spansTo, type RunPlace } from "./run-place.ts";
import type { SegmentRun } from "./segment-run.ts";

/** What is made of placed segments, and of runs of them. */
export interface RunSink extends PlacedSink {
  /** Takes segments of runs as wholes. Returns false, and changes nothing, when it has to be given them one by one. */
  addRun(spans: readonly RunSpan[]): boolean;
}

/** Places segments as `Placer` does, and runs of them as wholes. */
export class RunPlacer {
  readonly #placer: Placer;
  readonly #options: Pick<PlacerOptions, "endMs" | "gapToleranceMs">;
  readonly #sink: RunSink;
  /** The last segment of a run that was added as a whole, while nothing came behind it. */
  #behind: RunPlace | undefined;

  constructor(options: PlacerOptions, sink: RunSink) {
    this.#placer = new Placer(options, sink);
    this.#options = options;
    this.#sink = sink;
  }

  /** See `Placer`. */
  get undecodable(): RecordedSegment | undefined {
    return this.#placer.undecodable;
  }

  /** See `Placer.add`. */
  add(segment: RecordedSegment): Promise<void> | undefined {
    this.#settle();
    return this.#placer.add(segment);
  }

  /**
   * Goes on with all of a run, without a look at each of its segments: behind a run that it goes on from, or behind its first and
   * second segment, which were added.
   * @returns false, and nothing is changed, when its segments have to be added one by one
   */
  addRun(run: SegmentRun): boolean {
    const { endMs, gapToleranceMs } = this.#options;
    const behind = this.#behind ?? secondOf(run, this.#placer.last);
    if (behind === undefined || run.overMs > endMs) return false;
    const spans = spansTo(run, behind, gapToleranceMs);
    if (spans === undefined || !this.#sink.addRun(spans)) return false;
    const { places } = spans.at(-1) ?? behind;
    const { times } = this.#placer;
    for (let i = behind.run === run ? behind.at + 1 : 0; i < run.count; i++)
      times.readClock(millisecondsOf(at(places, i), run.timescale), at(run.startMs, i));
    times.extend(endMsOf(run, run.count - 1));
    this.#behind = { run, at: run.count - 1, places };
    return true;
  }

  /** See `Placer.finish`. */
  finish(): Promise<Placement | undefined> {
    this.#settle();
    return this.#placer.finish();
  }

  /** Goes on from the last segment of a run as from any other. */
  #settle(): void {
    if (this.#behind === undefined) return;
    const { run, at: last, places } = this.#behind;
    this.#behind = undefined;
    this.#placer.resumeAt(run.last, at(places, last), run.timescale);
  }
}
