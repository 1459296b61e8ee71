/**
 * Time as whole ticks of a timescale. Nothing here is a float of seconds; milliseconds come in from the wall clock and
 * may carry a fraction.
 */
import type { TrackRecord } from "./wasm/records/summary.ts";

/**
 * `value` ticks of timescale `from` in ticks of `to`, rounded to the nearest (half away from zero), exact as long as
 * the result is below 2^53; infinities stay. The same rule as in the WASM core.
 */
export function rescale(value: number, from: number, to: number): number {
  if (from === to || !Number.isFinite(value)) return value;
  const size = Math.abs(value);
  const rest = size % from;
  const whole = (size - rest) / from;
  const part = rest * to;
  const rounded =
    part < Number.MAX_SAFE_INTEGER ? Math.floor((part + Math.floor(from / 2)) / from) : exact(rest, from, to);
  const result = whole * to + rounded;
  return value < 0 ? -result : result;
}

function exact(value: number, from: number, to: number): number {
  return Number((BigInt(value) * BigInt(to) + BigInt(Math.floor(from / 2))) / BigInt(from));
}

/** Milliseconds to the nearest tick. */
export function ticksOf(milliseconds: number, timescale: number): number {
  return Math.round((milliseconds * timescale) / 1000);
}

/** Ticks to milliseconds, not rounded. */
export function millisecondsOf(ticks: number, timescale: number): number {
  return (ticks / timescale) * 1000;
}

/** How long a track's samples last. */
type Lasting = Pick<TrackRecord, "samples" | "duration" | "lastDuration">;

/** What a sample of a track lasts in the mean, ticks, not rounded; the last one, which may be held, does not count. */
export function meanDuration({ samples, duration, lastDuration }: Lasting): number {
  return samples > 1 ? (duration - lastDuration) / (samples - 1) : duration;
}
