import { instantOf, wholeDuration, type IndexedSegment } from "../core/index.ts";
import type { FileToOpen } from "./files-to-open.ts";
import { DAY_MS } from "../base/units.ts";

/** Recordings that lie further apart are not put on one clock, milliseconds. */
const APART_MS = DAY_MS;
/** Recordings may overlap by so much and still follow one another, milliseconds. */
const SLACK_MS = 500;

/** When files start, as far as it is known. */
interface FileStarts {
  /** By the files' numbers, milliseconds since 1970; undefined: not known yet. */
  readonly byNumber: readonly (number | undefined)[];
  /** None starts before it. */
  readonly earliestMs: number;
  /** Whether those that are known stay as they are, whatever else becomes known. */
  readonly isFixed: boolean;
}

/** Files in the order of their starts. */
export interface Arrangement extends Pick<FileStarts, "earliestMs" | "isFixed"> {
  /** Numbers of the files whose starts are known. */
  readonly order: readonly number[];
  /** Their starts, milliseconds since 1970. */
  readonly startsMs: readonly number[];
  /** The places of files that are indexed, one behind the other: the first one. */
  readonly from: number;
  /** The place behind the last one. */
  readonly until: number;
}

/** Before anything is known. */
export const NOTHING_ARRANGED: Arrangement = {
  ...{ earliestMs: 0, isFixed: false, order: [], startsMs: [], from: 0, until: 0 },
};

/**
 * Puts files in the order of their starts.
 * @param indexed by the files' numbers; undefined: not yet
 * @param around the file around which others are wanted; default: the first one
 */
export function arranged(
  files: readonly FileToOpen[],
  indexed: readonly (IndexedSegment | undefined)[],
  around = -1,
): Arrangement {
  const { byNumber, earliestMs, isFixed } = startsOf(files, indexed);
  const timed = byNumber.flatMap((startMs, number) => (startMs === undefined ? [] : { startMs, number }));
  timed.sort((a, b) => a.startMs - b.startMs);
  const order = timed.map(({ number }) => number);
  const isUnknown = (number: number): boolean => indexed[number] === undefined;
  const at = Math.max(0, order.indexOf(around));
  const from = order.slice(0, at).findLastIndex(isUnknown) + 1;
  const known = order.slice(at).findIndex(isUnknown);
  const until = known === -1 ? order.length : at + known;
  return { earliestMs, isFixed, order, startsMs: timed.map(({ startMs }) => startMs), from, until };
}

/**
 * When each file starts: as given, as stated, or one behind the other. Before all are indexed it may be open which of the two
 * last: the first file alone starts then when it states.
 */
function startsOf(files: readonly FileToOpen[], indexed: readonly (IndexedSegment | undefined)[]): FileStarts {
  const given = files.flatMap(({ startMs }) => startMs ?? []);
  if (given.length === files.length)
    return {
      byNumber: given,
      earliestMs: given.reduce((a, b) => Math.min(a, b), Number.MAX_SAFE_INTEGER),
      isFixed: true,
    };
  const known = indexed.filter((one) => one !== undefined);
  const stated = statedStarts(known);
  const isAll = known.length === files.length;
  if (stated.length < known.length || (isAll && !follow(stated, known.map(durationOf)))) {
    let next: number | undefined = 0;
    const byNumber = files.map((_, i) => {
      const [startMs, one] = [next, indexed[i]];
      next = one === undefined || startMs === undefined ? undefined : startMs + durationOf(one);
      return startMs;
    });
    return { byNumber, earliestMs: 0, isFixed: true };
  }
  const firstMs = indexed[0] === undefined ? undefined : stated[0];
  const byNumber = isAll ? stated : [firstMs];
  return { byNumber, earliestMs: (firstMs ?? 0) - APART_MS, isFixed: isAll };
}

const durationOf = ({ description }: IndexedSegment): number => wholeDuration(description.durationMs);

/** Those that are stated, in the same order. */
function statedStarts(files: readonly IndexedSegment[]): number[] {
  const stated = files.flatMap(({ statedStart }) => statedStart ?? []);
  if (stated.length === 0) return []; // asking for the zone takes a browser 20 ms
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  return stated.map((start) => Math.floor(instantOf(start, zone)));
}

/** Whether files that start then are of one day, and none of them overlaps another. */
function follow(startsMs: readonly number[], durations: readonly number[]): boolean {
  const spans = startsMs.map((startMs, i) => ({ startMs, endMs: startMs + (durations[i] ?? 0) }));
  spans.sort((a, b) => a.startMs - b.startMs);
  const lengthMs = (spans.at(-1)?.endMs ?? 0) - (spans[0]?.startMs ?? 0);
  return lengthMs < APART_MS && spans.every(({ startMs }, i) => startMs >= (spans[i - 1]?.endMs ?? 0) - SLACK_MS);
}
