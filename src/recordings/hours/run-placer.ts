import type { Placer, StandIn } from "../../core/planning/placer.ts";
import { millisecondsOf } from "../../core/ticks.ts";
import { endMsOf, firstOf, overMsOf, secondOf, spansTo, type RunPlace, type RunSpan } from "./run-place.ts";
import { isOutline, of, type SegmentRun } from "./segment-run.ts";

/** Places runs as wholes, for a placer. */
export class RunPlacer implements StandIn {
  readonly #placer: Placer;
  readonly #addSpans: (spans: readonly RunSpan[]) => boolean;
  /** The last segment of the run that was added as a whole last, until another segment follows. */
  #behind: RunPlace | undefined;

  private constructor(placer: Placer, addSpans: (spans: readonly RunSpan[]) => boolean) {
    this.#placer = placer;
    this.#addSpans = addSpans;
  }

  /** The run placer of a placer. @param addSpans hands spans to what the placer hands segments to */
  static of(placer: Placer, addSpans: (spans: readonly RunSpan[]) => boolean): RunPlacer {
    const { standIn } = placer;
    if (standIn instanceof RunPlacer) return standIn;
    const made = new RunPlacer(placer, addSpans);
    placer.standIn = made;
    return made;
  }

  /**
   * Adds all of a run without looking at each segment: behind a run that it follows, or behind its own first and
   * second segment, which were added.
   * @returns false, and nothing is changed, when its segments have to be added one by one
   */
  addRun(run: SegmentRun): boolean {
    const { endMs, gapToleranceMs } = this.#placer.options;
    const behind = this.#behind ?? secondOf(run, this.#placer.last);
    if (behind === undefined || overMsOf(run) > endMs) return false;
    const spans = spansTo(run, behind, gapToleranceMs);
    const begin = firstOf(run, behind);
    const isEven = this.#isEven(run, begin);
    if (spans === undefined || (!isEven && isOutline(run)) || !this.#addSpans(spans)) return false;
    const { times } = this.#placer;
    if (!isEven) {
      for (let i = 0, place = begin; i < run.count; place += of(run, run.length, i++))
        if (behind.run !== run || i > behind.at)
          times.readClock(millisecondsOf(place, run.timescale), of(run, run.startMs, i));
    }
    times.extend(endMsOf(run, run.count - 1));
    this.#behind = { run, at: run.count - 1, place: begin + run.toLast };
    return true;
  }

  /** Whether the clock runs evenly over a run that lies at `begin`. */
  #isEven(run: SegmentRun, begin: number): boolean {
    const { passage, timescale, startMs } = run;
    const reading = { atMs: millisecondsOf(begin, timescale), wallMs: of(run, startMs, 0) };
    return passage !== undefined && this.#placer.times.runsEvenly(reading, passage);
  }

  settle(): void {
    if (this.#behind === undefined) return;
    const { run, place } = this.#behind;
    this.#behind = undefined;
    this.#placer.resumeAt(run.last, place, run.timescale);
  }
}
