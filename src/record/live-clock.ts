import type { Clock } from "../base/ports.ts";

/** What came within so many milliseconds is compared; at least as long as the bursts in which HLS arrives. */
const WINDOW_MS = 10_000;

/** By how much later than ever lately something must arrive until it counts as held up, milliseconds. */
const HELD_UP_MS = 1000;

/** How long before its arrival media may have been captured: what says more goes by a clock that is not set. */
const LONGEST_WAY_MS = 5000;

/**
 * Finds out when the media of a live stream was captured from when it arrives. Whatever is between camera and here (caches of
 * groups of pictures, probing, networks) can only make it arrive late: the smallest distance between arrival and media time
 * that was seen lately is the one to go by. Arrivals are told by a clock that never jumps. Where the stream tells itself when it was
 * captured, that is believed as far as it agrees with the arrival.
 */
export class LiveClock {
  readonly #clock: Clock;
  readonly #monotonic: Clock;
  /** What the wall clock is ahead of the monotonic one. */
  #aheadMs: number;
  #firstMs: number | undefined;
  /** Smallest distances of the window at hand and the one before, monotonic arrival minus media time. */
  #lowestMs = Number.POSITIVE_INFINITY;
  #beforeMs = Number.POSITIVE_INFINITY;
  /** Largest ones, likewise, and the last one. */
  #highestMs = Number.NEGATIVE_INFINITY;
  #highestBeforeMs = Number.NEGATIVE_INFINITY;
  #lastMs = 0;
  #windowMs = 0;
  #isHeldUp = false;
  /** The smallest distance since arrivals are held up. */
  #heldUpMs = Number.POSITIVE_INFINITY;
  /** What the producer's wall clock is ahead of media time. */
  #producerMs: number | undefined;

  /** @param monotonic milliseconds from anywhere on */
  constructor(clock: Clock, monotonic: Clock) {
    this.#clock = clock;
    this.#monotonic = monotonic;
    this.#aheadMs = clock() - monotonic();
  }

  /** How long media has been arriving, milliseconds. */
  get ageMs(): number {
    return this.#firstMs === undefined ? 0 : this.#monotonic() - this.#firstMs;
  }

  /** The wall clock as it is followed, milliseconds since 1970. */
  get nowMs(): number {
    return this.#monotonic() + this.#aheadMs;
  }

  /** By how much the wall clock was set forward since it was last asked here, milliseconds; negative: back. */
  get steppedMs(): number {
    return this.#clock() - this.#monotonic() - this.#aheadMs;
  }

  /** Goes by the wall clock as it is now. */
  followWallClock(): void {
    this.#aheadMs += this.steppedMs;
  }

  /** Notes that media up to a time of the stream has just arrived. */
  arrived(mediaMs: number): void {
    const nowMs = this.#monotonic();
    this.#firstMs ??= nowMs;
    const distanceMs = nowMs - mediaMs;
    const usualMs = Math.max(this.#highestMs, this.#highestBeforeMs);
    if (nowMs - this.#windowMs > WINDOW_MS) {
      [this.#beforeMs, this.#highestBeforeMs] = [this.#lowestMs, this.#highestMs];
      [this.#lowestMs, this.#highestMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      this.#windowMs = nowMs;
    }
    this.#lowestMs = Math.min(this.#lowestMs, distanceMs);
    this.#highestMs = Math.max(this.#highestMs, distanceMs);
    this.#lastMs = distanceMs;
    if (distanceMs > usualMs + HELD_UP_MS && Number.isFinite(usualMs) && !this.#isHeldUp) {
      this.#isHeldUp = true;
      this.#heldUpMs = Number.POSITIVE_INFINITY;
    }
    this.#heldUpMs = Math.min(this.#heldUpMs, distanceMs);
    this.#isHeldUp &&= this.#heldUpMs > Math.min(this.#lowestMs, this.#beforeMs) + HELD_UP_MS;
  }

  /**
   * Whether what arrives does so later than ever lately: either it was held up on its way, and what follows will make up for it, or the
   * stream stood still without counting that.
   */
  get isHeldUp(): boolean {
    return this.#isHeldUp;
  }

  /** Goes by what has arrived since arrivals are held up: the stream stood still. */
  stoodStill(): void {
    [this.#lowestMs, this.#highestMs] = [this.#heldUpMs, this.#lastMs];
    [this.#beforeMs, this.#highestBeforeMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    this.#windowMs = this.#monotonic();
    this.#isHeldUp = false;
  }

  /** Notes when media was captured by what its producer says, milliseconds since 1970. */
  captured(mediaMs: number, wallMs: number): void {
    this.#producerMs = wallMs - mediaMs;
  }

  /** Forgets what was seen, when the stream counts its time anew. */
  restart(): void {
    this.#lowestMs = Number.POSITIVE_INFINITY;
    this.#beforeMs = Number.POSITIVE_INFINITY;
    this.#highestMs = Number.NEGATIVE_INFINITY;
    this.#highestBeforeMs = Number.NEGATIVE_INFINITY;
    this.#isHeldUp = false;
    this.#windowMs = this.#monotonic();
    this.#firstMs = undefined;
    this.#producerMs = undefined;
  }

  /** The wall-clock time of a media time, milliseconds since 1970, not rounded. Something must have arrived. */
  wallAt(mediaMs: number): number {
    const arrivedMs = mediaMs + Math.min(this.#lowestMs, this.#beforeMs) + this.#aheadMs;
    if (this.#producerMs === undefined) return arrivedMs;
    const capturedMs = mediaMs + this.#producerMs;
    return capturedMs <= arrivedMs && arrivedMs - capturedMs <= LONGEST_WAY_MS ? capturedMs : arrivedMs;
  }
}
