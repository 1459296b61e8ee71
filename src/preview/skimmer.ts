/** Pictures a second that are shown while skimming. */
const PACE = 10;

/**
 * Goes through recordings faster than a decoder can, by single pictures that need no other ones: the wall clock goes on by
 * itself, and what is there in time is shown.
 */
export class Skimmer {
  readonly #seek: (timeMs: number) => boolean;
  #timer: ReturnType<typeof setInterval> | undefined;
  #timeMs = 0;

  /** @param seek shows the sync sample at or before a time; false: there is no more */
  constructor(seek: (timeMs: number) => boolean) {
    this.#seek = seek;
  }

  get isRunning(): boolean {
    return this.#timer !== undefined;
  }

  start(fromMs: number, rate: number): void {
    this.stop();
    this.#timeMs = fromMs;
    let sinceMs = performance.now();
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      this.#timeMs += (nowMs - sinceMs) * rate;
      sinceMs = nowMs;
      if (!this.#seek(this.#timeMs)) this.stop();
    }, 1000 / PACE);
  }

  /** Goes on from another time. */
  move(timeMs: number): void {
    this.#timeMs = timeMs;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
