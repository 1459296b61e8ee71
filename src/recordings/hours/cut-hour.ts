import { reachesInto, type Around } from "../../base/around.ts";
import type { Sha256 } from "../../base/ports.ts";
import type { RowsRange } from "../../catalog/recorded-hours.ts";
import { identityOf } from "../../catalog/rows.ts";
import { SegmentNames } from "../../core/layout/plan-identity.ts";
import { COUNT_COLUMNS, type CountColumns } from "../../core/planning/piece-columns.ts";
import type { RunCounts } from "../../core/planning/followed.ts";
import type { Interval } from "../../core/planning/recorded-times.ts";
import type { RecordedSegment } from "../../core/segment.ts";
import { LEAST_RUN } from "./find-runs.ts";
import { at } from "./follow-run.ts";
import type { KeptRuns } from "./kept-runs.ts";
import { endMsOf } from "./run-place.ts";
import {
  isRun,
  type PiecesTrack,
  type RunItem,
  type RunPieces,
  type RunTrack,
  type SegmentRun,
} from "./segment-run.ts";

/** Segments [from, to) of a run. */
interface Part {
  readonly from: number;
  readonly to: number;
}

/** Reads segments by id, in order, as far as they are still ready. */
type ReadSome = (ids: readonly number[]) => Promise<readonly RecordedSegment[]>;

/** The part of an hour that a range takes, named by what reaches into it. Undefined when its runs do not tell it. */
export async function cutHour(
  { items }: KeptRuns,
  range: RowsRange,
  some: ReadSome,
  sha256: Sha256 | undefined,
): Promise<KeptRuns | undefined> {
  const cut: RunItem[] = [];
  const names = new SegmentNames(sha256);
  for (const item of items) {
    if (!isRun(item)) {
      if (reachesInto(item, range, range.around)) cut.push(item);
      if (reachesInto(item, range)) await names.add(item);
      continue;
    }
    const [given, own] = [partOf(item, range, range.around), partOf(item, range)];
    if (given === undefined || own === undefined || item.pieces === undefined) return undefined;
    const { sources } = item.pieces;
    for (let i = own.from; i < own.to; i++) {
      const [key, etag] = [sources.keys[i] ?? "", sources.etags[i] ?? ""];
      await names.add({ id: at(sources.ids, i), etag, identity: identityOf(key), startMs: at(item.startMs, i) });
    }
    if (given.from === given.to) continue;
    const parts = await cutRun(item, item.pieces, { given, own, endMs: range.endMs }, some);
    if (parts === undefined) return undefined;
    cut.push(...parts);
  }
  return { items: cut, names: await names.digest() };
}

/**
 * What a range takes of a run: as a run what lies within it, but for where it starts. Undefined when a segment is not there any more.
 * @param given also those around it
 */
async function cutRun(
  run: SegmentRun,
  pieces: RunPieces,
  { given, own, endMs }: { readonly given: Part; readonly own: Part; readonly endMs: number },
  some: ReadSome,
): Promise<RunItem[] | undefined> {
  let end = own.to;
  while (end > own.from && endMsOf(run, end - 1) + run.lateMs > endMs) end--;
  const isLong = end - own.from >= LEAST_RUN;
  const [runFrom, runEnd] = isLong ? [own.from, end] : [given.to, given.to];
  const alone = [...numbers(given.from, runFrom), ...numbers(runEnd, given.to)];
  const ends = isLong ? [runFrom, runFrom + 1, runEnd - 1] : [];
  const wanted = [...alone, ...ends].sort((a, b) => a - b);
  const read = await some(wanted.map((number) => at(pieces.sources.ids, number)));
  if (read.length !== wanted.length) return undefined;
  const before = runFrom - given.from;
  const [first, second, last] = read.slice(before);
  if (!isLong || first === undefined || second === undefined || last === undefined) return [...read];
  const cut = { ...slice(run, pieces, runFrom, runEnd), first, second, last };
  return [...read.slice(0, before), cut, ...read.slice(before + ends.length)];
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}

/** Those segments of a run that reach into a range. Undefined when there are others between them. */
function partOf({ count, startMs, endMs }: SegmentRun, range: Interval, around?: Around): Part | undefined {
  const isIn = (i: number): boolean => reachesInto({ startMs: at(startMs, i), endMs: at(endMs, i) }, range, around);
  let from = 0;
  while (from < count && !isIn(from)) from++;
  let to = count;
  while (to > from && !isIn(to - 1)) to--;
  return numbers(from, to).every(isIn) ? { from, to } : undefined;
}

/** The segments [from, end) of a run, at least `LEAST_RUN`. */
function slice(
  run: SegmentRun,
  { sources, tracks }: RunPieces,
  from: number,
  end: number,
): Omit<SegmentRun, "first" | "second" | "last"> {
  const { kind, timescale, lateMs } = run;
  const cut = (column: Float64Array): Float64Array => column.subarray(from, end);
  const parts = [
    [from, from + 1],
    [from + 1, from + 2],
    [from + 2, end - 1],
    [end - 1, end],
  ] as const;
  return {
    ...{ kind, timescale, lateMs, count: end - from },
    ...{ startMs: cut(run.startMs), endMs: cut(run.endMs), start: cut(run.start), length: cut(run.length) },
    fragments: parts.map((part) => sum(sources.fragments, part)),
    tracks: run.tracks.flatMap((track, i) => {
      const own = tracks[i];
      return own === undefined
        ? []
        : { ...cutTrack(track, cut), counts: parts.map((part) => countsOf(track, own, part)) };
    }),
    pieces: {
      sources: {
        ...{ ids: cut(sources.ids), fragments: cut(sources.fragments) },
        ...{ keys: sources.keys.slice(from, end), etags: sources.etags.slice(from, end) },
      },
      tracks: tracks.map(({ first, counts, constantSize }) => {
        const columns = COUNT_COLUMNS.map((name) => [name, cut(counts[name])] as const);
        const cutCounts = Object.fromEntries(columns) as unknown as CountColumns;
        return { first: cut(first), counts: cutCounts, constantSize: cut(constantSize) };
      }),
    },
  };
}

function cutTrack(track: RunTrack, cut: (column: Float64Array) => Float64Array): RunTrack {
  const { samples, firstDts, lasting, lastDuration, end, ownSamples, ownFirstDts, ownLasting } = track;
  return {
    ...track,
    ...{ samples: cut(samples), firstDts: cut(firstDts), lasting: cut(lasting), lastDuration: cut(lastDuration) },
    ...{ end: cut(end), ownSamples: cut(ownSamples), ownFirstDts: cut(ownFirstDts), ownLasting: cut(ownLasting) },
  };
}

/** What some segments of a track add up to. */
function countsOf(
  { samples }: Pick<RunTrack, "samples">,
  { counts, constantSize }: PiecesTrack,
  part: readonly [from: number, end: number],
): RunCounts {
  const [from, end] = part;
  const flags = counts.flags.subarray(from, end);
  const size = at(constantSize, from);
  return {
    segments: end - from,
    samples: sum(samples, part),
    sttsEntries: sum(counts.sttsEntries, part),
    cttsEntries: sum(counts.cttsEntries, part),
    syncSamples: sum(counts.syncSamples, part),
    stscEntries: sum(counts.stscEntries, part),
    chunks: sum(counts.chunks, part),
    trafs: sum(counts.trafs, part),
    truns: sum(counts.truns, part),
    bytes: sum(counts.bytes, part),
    flags: flags.reduce((all, each) => all | each, 0),
    commonFlags: flags.reduce((all, each) => all & each, -1),
    constantSize: constantSize.subarray(from, end).every((each) => each === size) ? size : 0,
  };
}

function sum(column: Float64Array, [from, end]: readonly [from: number, end: number]): number {
  let all = 0;
  for (let i = from; i < end; i++) all += at(column, i);
  return all;
}
