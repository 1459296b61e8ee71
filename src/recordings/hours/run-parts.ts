import type { RunCounts } from "../../core/planning/joined-runs.ts";
import { at, type PiecesTrack, type RunTrack } from "./segment-run.ts";

/** Segments [from, end) of a run. */
export type RunPart = readonly [from: number, end: number];

/** The parts of a run of so many segments, at least three, whose counts are told apart: see `RUN_PARTS`. */
export function runParts(count: number): readonly RunPart[] {
  return [
    [0, 1],
    [1, count - 1],
    [count - 1, count],
  ];
}

/** The sum of a column over the segments of a part. */
export function sumOver(column: Float64Array, [from, end]: RunPart): number {
  let sum = 0;
  for (let i = from; i < end; i++) sum += at(column, i);
  return sum;
}

/** The counts of one track over the segments of a part. */
export function countsOf(
  { samples }: Pick<RunTrack, "samples">,
  { counts, constantSize }: PiecesTrack,
  part: RunPart,
): RunCounts {
  const [from, end] = part;
  const flags = counts.flags.subarray(from, end);
  const size = at(constantSize, from);
  return {
    segments: end - from,
    samples: sumOver(samples, part),
    sttsEntries: sumOver(counts.sttsEntries, part),
    cttsEntries: sumOver(counts.cttsEntries, part),
    syncSamples: sumOver(counts.syncSamples, part),
    stscEntries: sumOver(counts.stscEntries, part),
    chunks: sumOver(counts.chunks, part),
    trafs: sumOver(counts.trafs, part),
    truns: sumOver(counts.truns, part),
    bytes: sumOver(counts.bytes, part),
    flags: flags.reduce((all, each) => all | each, 0),
    commonFlags: flags.reduce((all, each) => all & each, -1),
    constantSize: constantSize.subarray(from, end).every((each) => each === size) ? size : 0,
  };
}
