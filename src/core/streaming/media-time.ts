import type { TimedSegment } from "../planning/placed-segment.ts";
import { rescale } from "../ticks.ts";
import type { TrackRecord } from "../wasm/records/summary.ts";

/** Finest timescale: media times count from 1970, and have to be whole numbers below 2^53. */
const FINEST = 1_000_000;
/** Timescale of tracks whose own is finer. */
const USUAL = 90_000;

/** Whether a recording's media times can be told: it starts in the years 1970 to 2255. */
export function hasMediaTimes({ startMs }: { readonly startMs: number }): boolean {
  return startMs >= 0 && startMs < Number.MAX_SAFE_INTEGER / (FINEST / 1000);
}

/** Ticks a second of a streamed track. */
export function streamTimescale({ timescale }: Pick<TrackRecord, "timescale">): number {
  return timescale > FINEST ? USUAL : timescale;
}

/**
 * A time of a recording's presentation as media time: ticks of `streamTimescale` since 1970-01-01T00:00:00Z.
 * @param startMs when its reference track starts to be presented, milliseconds since then
 * @param ticks of `record`
 */
export function mediaTime({ reference }: TimedSegment, startMs: number, record: TrackRecord, ticks: number): number {
  const to = streamTimescale(record);
  const start = rescale(startMs, 1000, to) - rescale(reference.start, reference.timescale, to);
  return start + rescale(ticks, record.timescale, to);
}
