import type { RunCounts } from "../../core/planning/joined-runs.ts";
import type { CountColumns, SourceColumns } from "../../core/planning/piece-columns.ts";
import type { RecordedSegment } from "../../core/segment.ts";
import { rescale } from "../../core/ticks.ts";
import { isGap, isOverlap } from "../../core/planning/gap.ts";

/** The parts of a run whose counts are told apart: its first segment, those between, and its last one. */
export const RUN_PARTS = 3;

/** One track of a run. */
export interface RunTrack {
  readonly timescale: number;
  /** Whether it is sound, and of a kind that `snaps`. */
  readonly sound: boolean;
  readonly snaps: boolean;
  readonly uniform: boolean;
  /** The samples that are taken of each segment: their number, the decode time of the first, and the ticks from it to the last one. */
  readonly samples: Float64Array;
  readonly firstDts: Float64Array;
  readonly lasting: Float64Array;
  readonly lastDuration: Float64Array;
  /** End of its presentation. */
  readonly end: Float64Array;
  /** Number, first decode time and ticks of all samples of each segment, taken or not. */
  readonly ownSamples: Float64Array;
  readonly ownFirstDts: Float64Array;
  readonly ownLasting: Float64Array;
  /** The sums of the parts, in order: see `RUN_PARTS`. */
  readonly counts: readonly RunCounts[];
}

/** Columns of a track of a run. */
// prettier-ignore
export const RUN_COLUMNS = [
  "samples", "firstDts", "lasting", "lastDuration", "end", "ownSamples", "ownFirstDts", "ownLasting",
] as const satisfies readonly (keyof RunTrack)[];

/** What the pieces of a run need beside the run: a value for each segment. */
export interface RunPieces {
  readonly sources: SourceColumns;
  /** The number of the first sample that is taken, and the counts of all that are. */
  readonly tracks: readonly PiecesTrack[];
}

/** What the media segments of a run need beside the run: a value for each recording. */
export interface RunGroups {
  readonly ids: Float64Array;
  /** Movie fragments. */
  readonly fragments: Float64Array;
  /** Values of the track record of the sound that is streamed; undefined without sound. */
  readonly sound: Readonly<Record<(typeof SOUND_COLUMNS)[number], Float64Array>> | undefined;
  /** The number of each recording's first group of pictures, and behind the last one the number of all groups. */
  readonly begins: Float64Array;
  /** The groups, as `GroupList` takes them. */
  readonly numbers: Float64Array;
}

/** Columns of sound that a run's track does not have. */
export const SOUND_COLUMNS = ["bytes", "duration", "firstPts", "sttsEntries", "flags"] as const;

/** One track of the pieces of a run. */
export interface PiecesTrack {
  readonly first: Float64Array;
  readonly counts: CountColumns;
  /** Bytes of every sample of a segment, 0 when they differ. */
  readonly constantSize: Float64Array;
}

/**
 * Segments of one kind, each of which goes on where the one before ends. A plan takes all of them, except sound that the one before
 * has already. The columns have what placing them needs: a value for each segment, or in an outline of the run one for each of its
 * two first and two last: see `of`.
 */
export interface SegmentRun {
  /** As `TimedSegment` has it. */
  readonly kind: string;
  /** How many segments these are. */
  readonly count: number;
  /** Ticks a second of the reference track. */
  readonly timescale: number;
  readonly startMs: Float64Array;
  /** As the catalog has it: whole milliseconds. */
  readonly endMs: Float64Array;
  /** Where the presentation of the reference track starts, and how long it is, ticks. */
  readonly start: Float64Array;
  readonly length: Float64Array;
  /** From the start of the first one to that of the last, ticks. */
  readonly toLast: number;
  /** How long other tracks of a segment outlast its reference track at most, milliseconds. */
  readonly lateMs: number;
  /** Movie fragments of its parts. */
  readonly fragments: readonly number[];
  readonly tracks: readonly RunTrack[];
  /** Undefined where each segment has to be looked at. */
  readonly passage?: RunPassage | undefined;
  /** Only where pieces are wanted. */
  readonly pieces?: RunPieces | undefined;
  /** Only where media segments are wanted, and the groups of all recordings are noted. */
  readonly groups?: RunGroups | undefined;
  readonly first: RecordedSegment;
  readonly second: RecordedSegment;
  readonly last: RecordedSegment;
}

/** What a run comes to behind its second segment, so that a plan can pass over it without looking at each segment. */
export interface RunPassage {
  /** An upper bound of the wall-clock end of all tracks, whole milliseconds. */
  readonly overMs: number;
  /** Upper bounds of how far the wall-clock starts of segments run ahead of their places in the run, and behind: whole milliseconds. */
  readonly soonerMs: number;
  readonly laterMs: number;
  readonly tracks: readonly TrackPassage[];
}

/** What a track comes to by the segments from the third one to the last but one, wherever the run is placed. */
export interface TrackPassage {
  /** The passage holds when the last sample of the second segment is decoded this many ticks later than recorded, both inclusive. */
  readonly least: number;
  readonly most: number;
  /** As `decodesAsStated` says of the run's codec: it holds for outputs of which the same is true. */
  readonly stated: boolean;
  /** Whether there may be holes in the sound, which some outputs fill. */
  readonly holes: boolean;
  /** Decode time of the last sample, ticks behind the last sample of the second segment; or, with `from`, behind that many ticks from the run's start. */
  readonly ticks: number;
  readonly from: number | undefined;
  /** How often the duration of samples changes, where all segments of the track are uniform. */
  readonly changes: number;
}

/** An item of an hour: a run, or a segment that belongs to none. */
export type RunItem = SegmentRun | RecordedSegment;

/** Whether an item is a run. */
export function isRun(item: RunItem): item is SegmentRun {
  return "kind" in item;
}

/** Values that a column of an outline has: of the first two segments and of the last two. */
export const OUTLINE = 4;

/** Whether the columns of a run have the values of its ends alone. */
export function isOutline({ count, startMs }: Pick<SegmentRun, "count" | "startMs">): boolean {
  return startMs.length < count;
}

/** The value that a column of a run has for a segment, which is one of the ends in an outline. */
export function of({ count }: Pick<SegmentRun, "count">, column: Float64Array, number: number): number {
  return column[number < 2 ? number : number - count + column.length] ?? 0;
}

/** A value of a column of a run that is no outline. */
export function at(column: Float64Array, number: number): number {
  return column[number] ?? 0;
}

/**
 * What turns a time of a segment's track into one of the output's, ticks of the track.
 * @param place where the segment lies in the output, ticks of the run
 */
export function baseOf(
  run: Pick<SegmentRun, "count" | "timescale" | "start">,
  { timescale }: Pick<RunTrack, "timescale">,
  number: number,
  place: number,
): number {
  return rescale(place, run.timescale, timescale) - rescale(of(run, run.start, number), run.timescale, timescale);
}

/** Whether a segment that starts at `startMs` goes on where another one ends, so that it follows it as it is. All milliseconds. */
export function goesOnSimply(
  before: { readonly startMs: number; readonly durationMs: number },
  next: { readonly startMs: number; readonly durationMs: number },
  toleranceMs: number,
): boolean {
  const distanceMs = next.startMs - (before.startMs + before.durationMs);
  return !isGap(distanceMs, toleranceMs) && !isOverlap(distanceMs, next.durationMs, toleranceMs);
}
