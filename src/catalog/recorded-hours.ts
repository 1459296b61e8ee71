import { NOTHING_AROUND, type Around, type Interval } from "../base/interval.ts";
import type { Pace } from "../base/ports.ts";
import { HOUR_MS } from "../base/units.ts";
import type { BesideRuns, HourRow, HourRows } from "./hours.ts";
import { BUCKET_MS, bucketOf } from "./totals.ts";
import type { Segment } from "./types.ts";
import type { WideReads } from "./wide-reads.ts";

/** A bucket of `stream_counts`, of all event levels. */
export interface Bucket {
  readonly number: number;
  readonly version: string;
  /** Ready segments that start in it. */
  readonly count: number;
}

/** A range, and how far around it segments are given, too. */
export interface RowsRange extends Interval {
  readonly around: Around;
}

/** The segments of a stream that start in one hour. */
export interface Block {
  readonly bucket: Bucket;
  /** Hours since 1970. */
  readonly number: number;
}

/** An hour of a range, over by now. */
export interface RecordedHour extends Pick<HourRow, "hour" | "version" | "runs" | "columns" | BesideRuns> {
  /** As `HourRows.columns`. */
  readonly readColumns: () => Promise<Uint8Array | null>;
  /** Of its segments only those belong to the range that reach into this one, which has a part of it; absent: all do. */
  readonly within?: RowsRange | undefined;
  /** Its segments, in order. */
  readonly segments: () => Promise<readonly Segment[]>;
  /** Some of them by their ids, in order, as far as they are still ready. */
  readonly some: (ids: readonly number[]) => Promise<readonly Segment[]>;
}

/** Some of the ready segments of a range, in order. */
export interface RecordedPage {
  readonly segments: readonly Segment[];
  /** What `RecordedRows.version` says of this part of the range, as it was when the segments were read. */
  readonly version: string;
  /** Instead of `segments` an hour. */
  readonly hour?: RecordedHour | undefined;
}

/** What hours are read with. */
export interface HourParts {
  readonly hours: HourRows;
  readonly wide: WideReads;
  readonly streamPath: string;
  readonly pace: Pace;
  /** Hours are given only where this is kept of them, and with it; undefined: all are. */
  readonly beside: BesideRuns | undefined;
  readonly range: RowsRange;
  /** Reads the segments of some that reach into a range. */
  readonly segmentsOf: (blocks: readonly Block[], range: RowsRange) => AsyncGenerator<RecordedPage>;
  /** As `RecordedHour` has it. */
  readonly some: RecordedHour["some"];
}

/** All of an hour. */
const ALWAYS: RowsRange = {
  startMs: Number.NEGATIVE_INFINITY,
  endMs: Number.POSITIVE_INFINITY,
  around: NOTHING_AROUND,
};

/** How `RecordedPage` names the version of a bucket. */
export function versionOf({ number, version }: Pick<Bucket, "number" | "version">): string {
  return `${number}${version}`;
}

/** Hours that follow one another, as such, the first and last perhaps in part; their segments where nothing is kept of them, or their rows are not as old as their buckets are. */
export async function* hourPages(
  { hours, wide, streamPath, pace, beside, range, segmentsOf, some }: HourParts,
  blocks: readonly Block[],
): AsyncGenerator<RecordedPage, void, undefined> {
  const [first, last] = [blocks[0]?.number ?? 0, blocks.at(-1)?.number ?? 0];
  const isWhole = ({ number }: Block): boolean =>
    number * HOUR_MS >= range.startMs && (number + 1) * HOUR_MS <= range.endMs;
  const withGroups = beside === "groups";
  const piecesOf = blocks
    .filter((block) => beside === "pieces" || !(withGroups || isWhole(block)))
    .map(({ number }) => number);
  const rows = hours.read(wide, streamPath, { first, end: last + 1, piecesOf, withGroups });
  let next = await rows.next();
  const found = new Map<number, HourRow>();
  let [current, isCurrent]: [Bucket | undefined, boolean] = [undefined, false];
  /** Those that are read one by one, several at a time. */
  let plain: Block[] = [];
  async function* plainPages(): AsyncGenerator<RecordedPage, void, undefined> {
    if (plain.length === 0) return;
    await pace.breathe(plain.reduce((sum, block) => sum + about(block), 0));
    yield* segmentsOf(plain, range);
    plain = [];
  }
  for (const block of blocks) {
    const { bucket, number } = block;
    if (bucket !== current) {
      found.clear();
      for (; next.done !== true && bucketOf(next.value.hour * HOUR_MS) <= bucket.number; next = await rows.next())
        found.set(next.value.hour, next.value);
      isCurrent = [...found.values()].some(({ bucketVersion }) => bucketVersion === bucket.version);
      current = bucket;
      await pace.breathe();
    }
    const row = found.get(number);
    // An hour without a row has no segment, as long as its bucket is the one that is known.
    if (isCurrent && row === undefined) continue;
    if (row?.bucketVersion !== bucket.version || !keeps(row, beside) || (withGroups && !isWhole(block))) {
      plain.push(block);
      continue;
    }
    yield* plainPages();
    const { hour, version, runs, columns, pieces, groups } = row;
    const within = isWhole(block) ? undefined : range;
    const readColumns = (): Promise<Uint8Array | null> => hours.columns(wide, streamPath, row);
    const given = { hour, version, runs, columns, pieces, groups, within, readColumns, segments: read(block), some };
    yield { segments: [], version: versionOf(bucket), hour: given };
  }
  yield* plainPages();

  function read(block: Block): RecordedHour["segments"] {
    return async () => {
      await pace.breathe(about(block));
      const segments: Segment[] = [];
      for await (const page of segmentsOf([block], ALWAYS)) segments.push(...page.segments);
      return segments;
    };
  }
}

/** Whether what is wanted of an hour is kept. */
function keeps(row: HourRow, beside: BesideRuns | undefined): boolean {
  return beside === undefined || (row.runs !== null && row[beside] !== null);
}

/** Segments that start in an hour, about. */
function about({ bucket }: Block): number {
  return Math.floor((bucket.count * HOUR_MS) / BUCKET_MS);
}
