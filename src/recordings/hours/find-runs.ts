import type { Pace } from "../../base/ports.ts";
import { meanDuration, millisecondsOf, rescale, ticksOf } from "../../core/ticks.ts";
import { isAudio, isVideo, needsSync } from "../../core/track-kinds.ts";
import { TrackFlag } from "../../core/wasm/abi/names.ts";
import type { Counts, Selected, Selection } from "../../core/wasm/abi/records.ts";
import type { TrackRecord } from "../../core/wasm/records/summary.ts";
import { INDEX_PAGE, type RecordedSegment } from "../../core/segment.ts";
import type { IndexQueries } from "../../core/planning/index-queries.ts";
import { isRagged } from "../../core/planning/neighbours.ts";
import { startsLate } from "../../core/planning/lead.ts";
import { leftOut, wholeTrack } from "../../core/planning/piece.ts";
import { othersStartOf, shownUntil, type TimedSegment } from "../../core/planning/placed-segment.ts";
import { recordOf } from "../../base/record-of.ts";
import { COUNT_COLUMNS } from "../../core/planning/piece-columns.ts";
import { groupsOf } from "./run-groups.ts";
import { countsOf, runParts, sumOver } from "./run-parts.ts";
import { passageOf } from "./run-passage.ts";
import {
  goesOnSimply,
  type PiecesTrack,
  type RunItem,
  type RunPieces,
  type RunTrack,
  type SegmentRun,
} from "./segment-run.ts";
import { snaps, soundFrom } from "../../core/planning/joint.ts";

/** Segments that a run has at least: fewer are placed one by one as fast. */
export const LEAST_RUN = 4;
/** Ticks and bytes above this are left to be placed one by one: columns hold doubles. */
const EXACT = 2 ** 50;

/** A segment of a run, and what is taken of it. */
interface Taken {
  readonly timed: TimedSegment;
  readonly tracks: readonly { readonly record: TrackRecord; readonly selected: Selected; readonly counts: Counts }[];
  readonly fragments: number;
}

/**
 * Finds the runs among segments.
 * @param segments in the order of their starts
 * @param toleranceMs distance up to which there is no gap
 * @throws BoxcarError `index_missing` (503), and as the pace does
 */
export async function findRuns(
  queries: IndexQueries,
  segments: readonly RecordedSegment[],
  toleranceMs: number,
  pace: Pace,
): Promise<RunItem[]> {
  const items: RunItem[] = [];
  let run: Taken[] = [];
  const end = (): void => {
    if (run.length < LEAST_RUN) items.push(...run.map(({ timed }) => timed.segment));
    else items.push(runOf(run));
    run = [];
  };
  let passed = 0;
  const along = queries.readingAlong(() => segments.slice(passed, passed + INDEX_PAGE).map(({ id }) => id));
  for (const [i, segment] of segments.entries()) {
    passed = i;
    const timed = queries.timed(segment);
    const plain = isPlain(timed, toleranceMs);
    const last = run.at(-1);
    if (!plain || (last !== undefined && !continues(last.timed, timed, toleranceMs))) end();
    let taken = plain ? await takenOf(along, timed, run.at(-1)) : undefined;
    if (plain && taken === undefined) {
      end();
      taken = await takenOf(along, timed, undefined);
    }
    if (taken === undefined) items.push(segment);
    else run.push(taken);
    const resting = pace.breathe();
    if (resting !== undefined) await resting;
  }
  end();
  return items;
}

function continues(before: TimedSegment, next: TimedSegment, toleranceMs: number): boolean {
  const [own, others] = [before.summary.tracks, next.summary.tracks];
  return (
    before.kind === next.kind &&
    own.every((record, i) => others[i] !== undefined && isUniform(record) === isUniform(others[i])) &&
    goesOnSimply(timesOf(before), timesOf(next), toleranceMs)
  );
}

function isUniform({ flags }: Pick<TrackRecord, "flags">): boolean {
  return (flags & TrackFlag.Uniform) !== 0;
}

function timesOf({ segment, durationMs }: TimedSegment): { startMs: number; durationMs: number } {
  return { startMs: segment.startMs, durationMs };
}

/** Whether a plan between two neighbours takes all of a segment, except sound that the one before has already. */
function isPlain(timed: TimedSegment, toleranceMs: number): boolean {
  const { reference, segment, summary } = timed;
  if (segment.open === true || startsLate(timed) || reference.lastDuration === 0) return false;
  if (isVideo(reference) && (reference.earliestPts < reference.start || isRagged(timed))) return false;
  return summary.tracks.every((record, trackIndex) => {
    const { flags, samples, firstDts, duration, lastDuration, editEnd, end, bytes } = record;
    if (!(isVideo(record) || isAudio(record)) || samples < 2 || flags & TrackFlag.Encrypted) return false;
    if (Math.max(Math.abs(firstDts) + duration, Math.abs(end), bytes) > EXACT) return false;
    if (isVideo(record)) return shownUntil(record) === Number.POSITIVE_INFINITY;
    if (firstDts + duration - lastDuration >= editEnd) return false;
    if (record === reference) return true;
    const slack = Math.ceil(meanDuration(record)) + ticksOf(toleranceMs, record.timescale);
    const othersFromMs = segment.startMs - toleranceMs;
    return (
      end - timed.ticksAt(timed.endMs, record) <= slack &&
      othersStartOf({ timed, othersFromMs }, trackIndex) === Number.NEGATIVE_INFINITY
    );
  });
}

/** What a plan takes of a plain segment behind another one. Undefined when that needs the samples to be walked. */
async function takenOf(
  queries: IndexQueries,
  timed: TimedSegment,
  before: Taken | undefined,
): Promise<Taken | undefined> {
  const { segment, summary } = timed;
  const starts = summary.tracks.map((record, i) => before && startOf(timed, record, before, i));
  const whole = summary.tracks.map((record) => ({ record, selected: wholeTrack(record), counts: record }));
  if (starts.every((start) => start === undefined)) return { timed, tracks: whole, fragments: summary.fragments };
  const selected: Selected[] = [];
  for (const [i, { record, selected: all }] of whole.entries()) {
    const start = starts[i];
    if (start === undefined) selected.push(all);
    else {
      // All samples but the last have one duration, so time alone tells which are left out.
      if (needsSync(record) || record.sttsEntries > 2) return undefined;
      const selection: Selection = { start, end: Number.POSITIVE_INFINITY, rules: 0, preroll: 0 };
      selected.push(await queries.select(segment, i, selection));
    }
  }
  if (selected.some(({ count }) => count < 2)) return undefined;
  const pieces = selected.map(({ first, count, dts }, i) => {
    const { record } = whole[i] ?? {};
    return { ...leftOut(record ?? timed.reference), first, count, dts, trackId: i + 1 };
  });
  const { counts, fragments } = await queries.measure(segment, pieces, false);
  const tracks = whole.map(({ record }, i) => ({
    record,
    selected: selected[i] ?? wholeTrack(record),
    counts: counts[i] ?? record,
  }));
  if (tracks.some((track) => isUniform(track.counts) !== isUniform(track.record))) return undefined;
  return { timed, tracks, fragments };
}

/** From which tick on the sound of `timed` is taken behind the segment before; undefined: all of it. */
function startOf(timed: TimedSegment, record: TrackRecord, before: Taken, trackIndex: number): number | undefined {
  const last = before.tracks[trackIndex]?.selected;
  if (last === undefined || !isAudio(record)) return undefined;
  // Shifts times of the segment before to the timeline of this one, which starts where that one's picture ends.
  const { end, timescale } = before.timed.reference;
  const advance = rescale(end - timed.reference.start, timescale, record.timescale);
  return soundFrom(record, { lastDts: last.lastDts - advance, lastDuration: last.lastDuration });
}

function runOf(run: readonly Taken[]): SegmentRun {
  const [first, second] = run as [Taken, Taken];
  const last = run.at(-1) ?? first;
  const column = (value: (timed: TimedSegment) => number): Float64Array =>
    Float64Array.from(run, ({ timed }) => value(timed));
  const pieces = piecesOf(run);
  const found = {
    kind: first.timed.kind,
    count: run.length,
    timescale: first.timed.reference.timescale,
    startMs: column(({ segment }) => segment.startMs),
    endMs: column(({ segment }) => segment.endMs),
    start: column(({ reference }) => reference.start),
    length: column(({ reference }) => reference.end - reference.start),
    toLast: run.slice(0, -1).reduce((sum, { timed: { reference } }) => sum + reference.end - reference.start, 0),
    lateMs: Math.ceil(Math.max(...run.map(({ timed }) => overMs(timed) - timed.endMs))),
    fragments: runParts(run.length).map((part) => sumOver(pieces.sources.fragments, part)),
    tracks: pieces.tracks.map((own, i) => trackOf(run, own, i)),
    pieces,
    groups: groupsOf(run.map(({ timed }) => timed)),
  };
  const passage = passageOf(
    found,
    first.tracks.map(({ record }) => record.codec),
  );
  return { ...found, passage, first: first.timed.segment, second: second.timed.segment, last: last.timed.segment };
}

function piecesOf(run: readonly Taken[]): RunPieces {
  const segments = run.map(({ timed }) => timed.segment);
  const sources = {
    ids: Float64Array.from(segments, ({ id }) => id),
    keys: segments.map(({ key }) => key),
    etags: segments.map(({ etag }) => etag),
    fragments: Float64Array.from(run, ({ fragments }) => fragments),
  };
  const tracks = (run[0]?.tracks ?? []).map((_, i) => {
    const all = run.flatMap(({ tracks }) => tracks[i] ?? []);
    return {
      first: Float64Array.from(all, ({ selected }) => selected.first),
      counts: recordOf(COUNT_COLUMNS, (name) => Float64Array.from(all, ({ counts }) => counts[name])),
      constantSize: Float64Array.from(all, ({ record }) => record.constantSize),
    };
  });
  return { sources, tracks };
}

function trackOf(run: readonly Taken[], own: PiecesTrack, trackIndex: number): RunTrack {
  const all = run.flatMap(({ tracks }) => tracks[trackIndex] ?? []);
  const column = (value: (track: Taken["tracks"][number]) => number): Float64Array => Float64Array.from(all, value);
  const { record } = all[0] ?? { record: undefined };
  const uniform = record !== undefined && isUniform(record);
  const samples = column(({ selected }) => selected.count);
  return {
    timescale: record?.timescale ?? 0,
    ...{ sound: record !== undefined && isAudio(record), snaps: record !== undefined && snaps(record), uniform },
    samples,
    firstDts: column(({ selected }) => selected.dts),
    lasting: column(({ selected }) => selected.lastDts - selected.dts),
    lastDuration: column(({ selected }) => selected.lastDuration),
    end: column(({ selected, record: { editEnd } }) => Math.min(selected.presentedEnd, editEnd)),
    ownSamples: column((track) => track.record.samples),
    ownFirstDts: column((track) => track.record.firstDts),
    ownLasting: column((track) => track.record.duration - track.record.lastDuration),
    counts: runParts(run.length).map((part) => countsOf({ samples }, own, part)),
  };
}

/** Wall-clock end of the track that ends last, milliseconds, rounded up by at most a tick. */
function overMs(timed: TimedSegment): number {
  const { startMs } = timed.segment;
  const ends = timed.summary.tracks.map(
    (record) => startMs + millisecondsOf(record.end - timed.ticksAt(startMs, record) + 1, record.timescale),
  );
  return Math.max(timed.endMs, ...ends);
}
