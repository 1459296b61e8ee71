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
  /** The segments of the hour that are in the range, in order. */
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

/** The rows kept of hours that follow one another, of one bucket at a time. */
class KeptHours {
  readonly #rows: AsyncIterator<HourRow, unknown>;
  readonly #pace: Pace;
  #next: HourRow | undefined;
  #bucket: Bucket | undefined;
  readonly #found = new Map<number, HourRow>();
  /** Whether rows were made of the bucket as it is now: an hour without a row has no segment then. */
  #isCurrent = false;

  constructor(rows: AsyncIterable<HourRow>, pace: Pace) {
    this.#rows = rows[Symbol.asyncIterator]();
    this.#pace = pace;
  }

  /** The row of an hour, by the order of hours; `empty`: it has no segment; undefined: nothing that holds is kept of it. */
  async rowOf({ bucket, number }: Block): Promise<HourRow | "empty" | undefined> {
    if (bucket !== this.#bucket) await this.#read(bucket);
    const row = this.#found.get(number);
    if (row === undefined) return this.#isCurrent ? "empty" : undefined;
    return row.bucketVersion === bucket.version ? row : undefined;
  }

  async #read(bucket: Bucket): Promise<void> {
    this.#bucket = bucket;
    this.#found.clear();
    this.#next ??= await this.#nextRow();
    for (; this.#next && bucketOf(this.#next.hour * HOUR_MS) <= bucket.number; this.#next = await this.#nextRow())
      this.#found.set(this.#next.hour, this.#next);
    this.#isCurrent = [...this.#found.values()].some(({ bucketVersion }) => bucketVersion === bucket.version);
    await this.#pace.breathe();
  }

  async #nextRow(): Promise<HourRow | undefined> {
    const { done, value } = await this.#rows.next();
    return done === true ? undefined : value;
  }
}

/**
 * Hours that follow one another, the first and last perhaps in part; the segments of those of which nothing is kept, or not as their
 * buckets are now.
 */
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
  const kept = new KeptHours(hours.read(wide, streamPath, { first, end: last + 1, piecesOf, withGroups }), pace);
  /** Hours whose segments are read one by one, several hours at a time. */
  let plain: Block[] = [];
  async function* plainPages(): AsyncGenerator<RecordedPage, void, undefined> {
    if (plain.length === 0) return;
    await pace.breathe(plain.reduce((sum, block) => sum + about(block), 0));
    yield* segmentsOf(plain, range);
    plain = [];
  }
  for (const block of blocks) {
    const row = await kept.rowOf(block);
    if (row === "empty") continue;
    if (row === undefined || !keeps(row, beside) || (withGroups && !isWhole(block))) {
      plain.push(block);
      continue;
    }
    yield* plainPages();
    const { hour, version, runs, columns, pieces, groups } = row;
    const within = isWhole(block) ? undefined : range;
    const readColumns = (): Promise<Uint8Array | null> => hours.columns(wide, streamPath, row);
    const given = { hour, version, runs, columns, pieces, groups, within, readColumns, segments: read(block), some };
    yield { segments: [], version: versionOf(block.bucket), hour: given };
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
