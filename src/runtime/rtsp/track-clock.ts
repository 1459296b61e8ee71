import { Timestamps, type SenderReport } from "./rtp.ts";

/** By how much two ways to tell when sound belongs to a picture may differ: what is further off is none, milliseconds. */
const LARGEST_SKEW_MS = 2000;

/** When the media of a track was captured, and when it came. */
export class TrackClock {
  readonly timestamps = new Timestamps();
  readonly #rate: number;
  /** Milliseconds of each clock at which the timestamp 0 would be. */
  #arrivedMs = Number.POSITIVE_INFINITY;
  #reportedMs: number | undefined;
  #statedMs: number | undefined;

  /** @param rate ticks a second */
  constructor(rate: number) {
    this.#rate = rate;
  }

  /** Notes that media of a timestamp has come. @param nowMs by a clock that is never set */
  arrived(timestamp: number, nowMs: number): void {
    this.#arrivedMs = Math.min(this.#arrivedMs, nowMs - this.#ms(this.timestamps.near(timestamp)));
  }

  /** Notes what the sender says. */
  reported({ timestamp, wallMs }: SenderReport): void {
    this.#reportedMs = wallMs - this.#ms(this.timestamps.near(timestamp));
  }

  /** Notes the timestamp at which playing began (RFC 2326 section 12.33). */
  stated(timestamp: number): void {
    this.#statedMs = -this.#ms(this.timestamps.near(timestamp));
  }

  /** When media was captured, milliseconds since 1970; undefined: the sender has not said. @param ticks that count on */
  capturedMs(ticks: number): number | undefined {
    return this.#reportedMs === undefined ? undefined : this.#reportedMs + this.#ms(ticks);
  }

  /** The ticks of this clock at the moment at which another one has `ticks`. */
  ticksAt(other: TrackClock, ticks: number): number {
    const byArrival = other.#arrivedMs - this.#arrivedMs;
    const reported = skew(other.#reportedMs, this.#reportedMs);
    const stated = skew(other.#statedMs, this.#statedMs);
    let skewMs = byArrival;
    if (Math.abs(reported - byArrival) <= LARGEST_SKEW_MS) skewMs = reported;
    else if (Math.abs(stated - byArrival) <= LARGEST_SKEW_MS) skewMs = stated;
    return ((skewMs + other.#ms(ticks)) * this.#rate) / 1000;
  }

  #ms(ticks: number): number {
    return (ticks * 1000) / this.#rate;
  }
}

/** NaN: one of them is not known. */
function skew(theirs: number | undefined, own: number | undefined): number {
  return theirs === undefined || own === undefined ? Number.NaN : theirs - own;
}
