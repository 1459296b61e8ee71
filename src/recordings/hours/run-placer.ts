import type { Placer, StandIn } from "../../core/planning/placer.ts";
import { millisecondsOf } from "../../core/ticks.ts";
import { at, type RunSpan } from "./follow-run.ts";
import { endMsOf, overMsOf, secondOf, spansTo, type RunPlace } from "./run-place.ts";
import type { SegmentRun } from "./segment-run.ts";

/** Places runs as wholes, for a placer. */
export class RunPlacer implements StandIn {
  readonly #placer: Placer;
  readonly #addSpans: (spans: readonly RunSpan[]) => boolean;
  /** The last segment of a run that was added as a whole, while nothing came behind it. */
  #behind: RunPlace | undefined;

  private constructor(placer: Placer, addSpans: (spans: readonly RunSpan[]) => boolean) {
    this.#placer = placer;
    this.#addSpans = addSpans;
  }

  /** The one of a placer. @param addSpans as `AddSpans`, to what that hands segments on to */
  static of(placer: Placer, addSpans: (spans: readonly RunSpan[]) => boolean): RunPlacer {
    const { standIn } = placer;
    if (standIn instanceof RunPlacer) return standIn;
    const made = new RunPlacer(placer, addSpans);
    placer.standIn = made;
    return made;
  }

  /**
   * Goes on with all of a run, without a look at each of its segments: behind a run that it goes on from, or behind its first and
   * second segment, which were added.
   * @returns false, and nothing is changed, when its segments have to be added one by one
   */
  addRun(run: SegmentRun): boolean {
    const { endMs, gapToleranceMs } = this.#placer.options;
    const behind = this.#behind ?? secondOf(run, this.#placer.last);
    if (behind === undefined || overMsOf(run) > endMs) return false;
    const spans = spansTo(run, behind, gapToleranceMs);
    if (spans === undefined || !this.#addSpans(spans)) return false;
    const { places } = spans.at(-1) ?? behind;
    const { times } = this.#placer;
    for (let i = behind.run === run ? behind.at + 1 : 0; i < run.count; i++)
      times.readClock(millisecondsOf(at(places, i), run.timescale), at(run.startMs, i));
    times.extend(endMsOf(run, run.count - 1));
    this.#behind = { run, at: run.count - 1, places };
    return true;
  }

  settle(): void {
    if (this.#behind === undefined) return;
    const { run, at: last, places } = this.#behind;
    this.#behind = undefined;
    this.#placer.resumeAt(run.last, at(places, last), run.timescale);
  }
}
