import type { LeastRate } from "../base/least-rate.ts";
import { variable, wholeNumber, type ValuesOf } from "./variables.ts";

/** How slow clients may be. */
export interface RateConfig {
  readonly uploads: LeastRate;
  readonly downloads: LeastRate;
}

/** Bytes of a download that are sent at once at most: a client that reads is not seen to do so before all are taken. */
const LARGEST_CHUNK = 1 << 20;

export const rateVariables = {
  BOXCAR_LEAST_UPLOAD_RATE: variable(
    wholeNumber("bytes a second", 0, 1_000_000_000),
    "1000",
    "Bytes a second that an upload must have on average, once its grace is used up; 0 for any.",
  ),
  BOXCAR_UPLOAD_GRACE: variable(
    wholeNumber("seconds", 1, 86_400),
    "60",
    "Seconds that an upload may be behind that rate, pauses included; then it is refused with 408.",
  ),
  BOXCAR_LEAST_DOWNLOAD_RATE: variable(
    wholeNumber("bytes a second", 0, 1_000_000_000),
    "4000",
    "Bytes a second that a client must take of a download on average, once its grace is used up; 0 for any.",
  ),
  BOXCAR_DOWNLOAD_GRACE: variable(
    wholeNumber("seconds", 1, 86_400),
    "300",
    "Seconds that a client may be behind that rate, as a player that is paused; then the connection is closed. At least the time of 1 MiB at that rate.",
  ),
} as const;

/** Puts the values of the variables in their form. */
export function rateConfigOf(values: ValuesOf<typeof rateVariables>): RateConfig {
  const rate = values.BOXCAR_LEAST_DOWNLOAD_RATE;
  const chunkMs = rate === 0 ? 0 : (LARGEST_CHUNK / rate) * 1000;
  return {
    uploads: { bytesPerSecond: values.BOXCAR_LEAST_UPLOAD_RATE, graceMs: values.BOXCAR_UPLOAD_GRACE * 1000 },
    downloads: { bytesPerSecond: rate, graceMs: Math.max(values.BOXCAR_DOWNLOAD_GRACE * 1000, chunkMs) },
  };
}
