import { TimedSegment } from "./planning/placed-segment.ts";
import type { RecordedSegment } from "./segment.ts";
import { isQuarterTurn, readSummary } from "./wasm/records/summary.ts";

/** Pixels of the picture as it is shown, turned where the file says so; undefined without one. */
export function shownSize(summary: Uint8Array): { readonly width: number; readonly height: number } | undefined {
  const read = readSummary(summary);
  const video = read.tracks.find((track) => track.width > 0 && track.height > 0);
  if (video === undefined) return undefined;
  const { width, height } = video;
  return isQuarterTurn(read, video) ? { width: height, height: width } : { width, height };
}

/**
 * Wall-clock time up to which a segment has samples of its own, milliseconds, not rounded: its last one, which may be held
 * for long, counts as lasting no longer than the others do.
 */
export function sampledEnd(segment: RecordedSegment): number {
  return new TimedSegment(segment).sampledEndMs;
}
