import type { TimedSegment } from "./placed-segment.ts";
import { rescale } from "../ticks.ts";
import type { LoadedIndex, SampleRun } from "../wasm/loaded-index.ts";
import type { TrackRecord } from "../wasm/records/summary.ts";
import { streamedTracks } from "../streamed-tracks.ts";

/**
 * Where samples of the reference track end on the timeline by which other tracks are divided, in its ticks: with the next
 * sync sample's presentation, else as they are decoded, so that each moment is before or behind, however they are reordered.
 */
export function dividedEnd({ reference }: TimedSegment, run: SampleRun): number {
  if (run.first + run.count === reference.samples) return Number.POSITIVE_INFINITY;
  if (run.beforeSync) return run.presentedEnd;
  return decodedAt(reference, { dts: run.lastDts + run.lastDuration });
}

/** When a sample decoded at `dts` would be presented if there were no reordering, ticks. */
export function decodedAt({ firstPts, firstDts }: TrackRecord, { dts }: Pick<SampleRun, "dts">): number {
  return dts + firstPts - firstDts;
}

/**
 * How many samples of a segment's reference track are complete: they, and the samples of other tracks beside them, stay as
 * they are. The last sample of an open segment is not: what will lie beside it is not known.
 */
export function completeSamples(loaded: LoadedIndex, timed: TimedSegment): number {
  const { reference, summary, segment } = timed;
  if (segment.open !== true) return reference.samples;
  const others = streamedTracks(summary, "av").filter(({ trackIndex }) => trackIndex !== summary.reference);
  const ends = others.map(({ record }) => {
    return rescale(record.firstPts + record.duration, record.timescale, reference.timescale);
  });
  const end = Math.min(...ends);
  let [low, high] = [0, reference.samples - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (dividedEnd(timed, loaded.run(summary.reference, 0, middle)) <= end) low = middle;
    else high = middle - 1;
  }
  return low;
}
