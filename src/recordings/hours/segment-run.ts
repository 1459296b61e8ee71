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
  /** Of what is taken of it: how many, when the first is decoded, and the ticks from there to the last one. */
  readonly samples: Float64Array;
  readonly firstDts: Float64Array;
  readonly lasting: Float64Array;
  readonly lastDuration: Float64Array;
  /** End of its presentation. */
  readonly end: Float64Array;
  /** The same of all of it. */
  readonly ownSamples: Float64Array;
  readonly ownFirstDts: Float64Array;
  readonly ownLasting: Float64Array;
  /** Of its parts, in order. */
  readonly counts: readonly RunCounts[];
}

/** Columns of a track of a run. */
// prettier-ignore
export const RUN_COLUMNS = [
  "samples", "firstDts", "lasting", "lastDuration", "end", "ownSamples", "ownFirstDts", "ownLasting",
] as const satisfies readonly (keyof RunTrack)[];

/** What pieces of a run take beside it, a value for each segment. */
export interface RunPieces {
  readonly sources: SourceColumns;
  /** Number of the first sample that is taken, and what is counted of all of them. */
  readonly tracks: readonly PiecesTrack[];
}

/** What media segments of a run take beside it, a value for each recording. */
export interface RunGroups {
  readonly ids: Float64Array;
  /** Movie fragments. */
  readonly fragments: Float64Array;
  /** Of the sound that is streamed, as its record has them; undefined without any. */
  readonly sound: Readonly<Record<(typeof SOUND_COLUMNS)[number], Float64Array>> | undefined;
  /** Their groups of pictures: number of the first one of each, and behind the last. */
  readonly begins: Float64Array;
  /** The groups, as `GroupList` takes them. */
  readonly numbers: Float64Array;
}

/** What of sound is told beside what a run has of its tracks. */
export const SOUND_COLUMNS = ["bytes", "duration", "firstPts", "sttsEntries", "flags"] as const;

/** One track of them. */
export interface PiecesTrack {
  readonly first: Float64Array;
  readonly counts: CountColumns;
  /** Bytes of every sample of a segment, 0 when they differ. */
  readonly constantSize: Float64Array;
}

/**
 * Segments of one kind each of which goes on where the one before ends, of which a plan takes all but what is there twice of their
 * sound: what placing them needs, in columns. These have a value for each segment, or in an outline of the run one for each of its
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
  /** How long after the presentation of its reference track all of a segment has ended, milliseconds. */
  readonly lateMs: number;
  /** Movie fragments of its parts. */
  readonly fragments: readonly number[];
  readonly tracks: readonly RunTrack[];
  /** Undefined where it takes a look at each segment to go over them. */
  readonly passage?: RunPassage | undefined;
  /** Only where pieces are wanted. */
  readonly pieces?: RunPieces | undefined;
  /** Only where media segments are wanted, which it is known what they are. */
  readonly groups?: RunGroups | undefined;
  readonly first: RecordedSegment;
  readonly second: RecordedSegment;
  readonly last: RecordedSegment;
}

/** What going over a run without a look at each of its segments takes. */
export interface RunPassage {
  /** By when all of them have ended, or more than that: wall clock, whole milliseconds. */
  readonly overMs: number;
  /** How much sooner and later than the first one segments start, by the clock, than where they lie: whole milliseconds, or more than that. */
  readonly soonerMs: number;
  readonly laterMs: number;
  readonly tracks: readonly TrackPassage[];
}

/** What becomes of a track by the segments behind the second one, up to the last but one, wherever they are placed. */
export interface TrackPassage {
  /** It holds when the last sample of the second segment is decoded so many ticks later than recorded: both ends inclusive. */
  readonly least: number;
  readonly most: number;
  /** Whether that sound decodes to what is stated: it holds for an output of which that is true, too. */
  readonly stated: boolean;
  /** Whether it may leave holes that are filled where such are. */
  readonly holes: boolean;
  /** When the last sample is decoded, ticks: behind that of the second segment, or where a segment lies that starts so far behind the first. */
  readonly ticks: number;
  readonly from: number | undefined;
  /** How often the duration of samples changes, of a track all of whose segments are uniform. */
  readonly changes: number;
}

/** Segments in order: runs, and what does not belong to any. */
export type RunItem = SegmentRun | RecordedSegment;

/** Whether an item is a run. */
export function isRun(item: RunItem): item is SegmentRun {
  return "kind" in item;
}

/** Values of a column of an outline. */
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
