import { PLAIN, type DownloadOptions, type RangeEvent, type RangeFacts } from "./api.ts";
import type { Recording } from "./recording.ts";
import type { Interval } from "../../base/interval.ts";

/** So long nothing moves before the server is asked, milliseconds. */
const STILL_MS = 120;

/** What is to be known. */
interface Asked {
  readonly recording: Recording;
  readonly view: Interval;
  /** What downloads are of, and how. */
  readonly range: Interval;
  readonly options: DownloadOptions;
}

/** What was found out. */
export interface Looked {
  /** What is recorded of what the timeline shows. */
  readonly coverage: readonly Interval[];
  readonly events: readonly RangeEvent[];
  /** Of the range that downloads are of; undefined when nothing of it is recorded. */
  readonly facts: RangeFacts | undefined;
}

/** Finds out what is recorded, once nothing moves any more. */
export class Look {
  readonly #done: (found: Looked) => void;
  readonly #failed: (error: unknown) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = new AbortController();

  constructor(done: (found: Looked) => void, failed: (error: unknown) => void) {
    this.#done = done;
    this.#failed = failed;
  }

  /** @param asked what is to be known, by the time it is asked for */
  soon(asked: () => Asked | undefined): void {
    clearTimeout(this.#timer);
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    this.#timer = setTimeout(() => {
      const wanted = asked();
      if (wanted === undefined) return;
      const { recording, view, range, options } = wanted;
      const held = range.endMs > range.startMs ? recording.facts(range, options, signal) : Promise.resolve(undefined);
      Promise.all([recording.facts(view, PLAIN, signal), held])
        .then(([shown, facts]) => this.#done({ coverage: shown?.coverage ?? [], events: shown?.events ?? [], facts }))
        .catch((error: unknown) => {
          if (!signal.aborted) this.#failed(error);
        });
    }, STILL_MS);
  }
}
