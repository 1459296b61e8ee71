import { Refused } from "../http.ts";
import type { Recording } from "./recording.ts";
import type { Interval } from "../../base/interval.ts";
import type { Cell } from "./paint-timeline.ts";

/** Seconds from one picture to the next. */
const STEPS = [1, 2, 3, 5, 10, 15, 30, 60, 120, 180, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400]
  .concat([2, 3, 5].map((days) => days * 86_400))
  .map((seconds) => seconds * 1000);
/** Pixels of a picture at least, and those it is asked for with. */
const [NARROWEST, WIDTH] = [96, 160];
/** So long nothing moves before pictures are asked for, milliseconds. */
const STILL_MS = 400;
/** Pictures that are asked for at a time. */
const AT_ONCE = 2;
/** Pictures that are kept. */
const MOST_KEPT = 300;
/** Until a picture is there, one that is no more of them away stands for it. */
const NEAR_STEPS = 12;

/**
 * Small pictures along a timeline. They lie on a grid of wall-clock time, so that those of one view serve others, too: where it
 * is zoomed in, pictures near by stand for those that are still to come.
 */
export class Filmstrip {
  readonly #changed: (cells: readonly Cell[]) => void;
  #recording: Pick<Recording, "picture"> | undefined;
  /** By the moment that was asked for, milliseconds since 1970; the newest last. Null: there is none. */
  readonly #kept = new Map<number, ImageBitmap | null>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = new AbortController();

  constructor(changed: (cells: readonly Cell[]) => void) {
    this.#changed = changed;
  }

  /**
   * Shows pictures of what is in view, those that are there at once.
   * @param coverage what is recorded of the view
   * @param pixels that it is wide
   */
  show(recording: Pick<Recording, "picture">, view: Interval, coverage: readonly Interval[], pixels: number): void {
    if (recording !== this.#recording) this.#kept.clear();
    this.#recording = recording;
    clearTimeout(this.#timer);
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const leastMs = ((view.endMs - view.startMs) * NARROWEST) / Math.max(1, pixels);
    const stepMs = STEPS.find((ms) => ms >= leastMs);
    const places = stepMs === undefined ? [] : placesOf(view, coverage, stepMs);
    const tell = (): void => this.#changed(places.flatMap((place) => this.#cellOf(place, stepMs ?? 0)));
    tell();
    this.#timer = setTimeout(() => {
      const rest = places.filter(({ startMs }) => !this.#kept.has(startMs)).values();
      const ask = async (): Promise<void> => {
        for (const { startMs } of rest) {
          const picture = await recording.picture(startMs, WIDTH).then(createImageBitmap, absent);
          if (signal.aborted || picture === undefined) return;
          this.#keep(startMs, picture);
          tell();
        }
      };
      for (let i = 0; i < AT_ONCE; i++) void ask();
    }, STILL_MS);
  }

  #keep(timeMs: number, picture: ImageBitmap | null): void {
    this.#kept.set(timeMs, picture);
    for (const [oldest] of this.#kept) {
      if (this.#kept.size <= MOST_KEPT) break;
      this.#kept.delete(oldest);
    }
  }

  #cellOf(place: Interval, stepMs: number): Cell[] {
    const own = this.#kept.get(place.startMs);
    if (own !== undefined) return own === null ? [] : [{ ...place, picture: own, isNear: false }];
    let near: ImageBitmap | null = null;
    let nearestMs = NEAR_STEPS * stepMs;
    for (const [timeMs, picture] of this.#kept) {
      const awayMs = Math.abs(timeMs - place.startMs);
      if (picture !== null && awayMs < nearestMs) [near, nearestMs] = [picture, awayMs];
    }
    return near === null ? [] : [{ ...place, picture: near, isNear: true }];
  }
}

/** Where pictures are drawn: each from the first moment of its step that is recorded to the end of the step. */
function placesOf(view: Interval, coverage: readonly Interval[], stepMs: number): Interval[] {
  const places: Interval[] = [];
  for (let fromMs = Math.floor(view.startMs / stepMs) * stepMs; fromMs < view.endMs; fromMs += stepMs) {
    const endMs = fromMs + stepMs;
    const recorded = coverage.find((span) => span.endMs > fromMs && span.startMs < endMs);
    if (recorded === undefined) continue;
    // What began before the view may have begun before the step.
    const isBefore = recorded.startMs <= Math.max(fromMs, view.startMs);
    places.push({ startMs: isBefore ? fromMs : recorded.startMs, endMs });
  }
  return places;
}

/** Null: there is none. Undefined: it may come another time, but not while the server is away, or has enough of this client. */
function absent(error: unknown): null | undefined {
  return error instanceof Refused && error.status >= 429 ? undefined : null;
}
