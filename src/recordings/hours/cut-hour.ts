import { reachesInto, type Around, type Interval } from "../../base/interval.ts";
import type { Sha256 } from "../../base/ports.ts";
import type { RowsRange } from "../../catalog/recorded-hours.ts";
import { identityOf } from "../../catalog/rows.ts";
import { SegmentNames } from "../../core/layout/plan-identity.ts";
import { recordOf } from "../../base/record-of.ts";
import { COUNT_COLUMNS } from "../../core/planning/piece-columns.ts";
import type { RecordedSegment } from "../../core/segment.ts";
import { LEAST_RUN } from "./find-runs.ts";
import type { KeptRuns } from "./kept-runs.ts";
import { endMsOf } from "./run-place.ts";
import { countsOf, runParts, sumOver } from "./run-parts.ts";
import { at, isRun, RUN_COLUMNS, type RunItem, type RunPieces, type SegmentRun } from "./segment-run.ts";

/** Segments [from, to) of a run. */
interface Part {
  readonly from: number;
  readonly to: number;
}

/** Reads segments by id, in order, as far as they are still ready. */
type ReadSome = (ids: readonly number[]) => Promise<readonly RecordedSegment[]>;

/** The part of an hour that a range takes, named by the segments that reach into the range. Undefined when the hour's runs cannot tell. */
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
 * What a range takes of a run: the segments within the range as a run, those at its ends by themselves. Undefined when a segment was
 * deleted meanwhile.
 * @param given the segments to give, with those around the range; `own`: those of the range itself
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

/** The segments of a run that reach into a range. Undefined when segments that do not lie between them. */
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
  const parts = runParts(end - from);
  const fragments = cut(sources.fragments);
  const cutPieces = tracks.map(({ first, counts, constantSize }) => ({
    first: cut(first),
    counts: recordOf(COUNT_COLUMNS, (name) => cut(counts[name])),
    constantSize: cut(constantSize),
  }));
  return {
    ...{ kind, timescale, lateMs, count: end - from },
    ...{ startMs: cut(run.startMs), endMs: cut(run.endMs), start: cut(run.start), length: cut(run.length) },
    toLast: sumOver(run.length, [from, end - 1]),
    fragments: parts.map((part) => sumOver(fragments, part)),
    tracks: run.tracks.flatMap((track, i) => {
      const own = cutPieces[i];
      if (own === undefined) return [];
      const columns = recordOf(RUN_COLUMNS, (name) => cut(track[name]));
      return { ...track, ...columns, counts: parts.map((part) => countsOf(columns, own, part)) };
    }),
    pieces: {
      sources: {
        ...{ ids: cut(sources.ids), fragments },
        ...{ keys: sources.keys.slice(from, end), etags: sources.etags.slice(from, end) },
      },
      tracks: cutPieces,
    },
  };
}
