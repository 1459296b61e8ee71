import type { Pace } from "../base/ports.ts";
import { HOUR_MS } from "../base/time.ts";
import type { HourRow, HourRows } from "./hours.ts";
import { BUCKET_MS } from "./totals.ts";
import type { Segment } from "./types.ts";
import type { WideReads } from "./wide-reads.ts";

/** A bucket of `stream_counts`, of all event levels. */
export interface Bucket {
  readonly number: number;
  readonly version: string;
  /** Ready segments that start in it. */
  readonly count: number;
}

/** The segments of a stream that start in one hour. */
export interface Block {
  readonly bucket: Bucket;
  /** Hours since 1970. */
  readonly number: number;
}

/** A whole hour of a range, over by now. */
export interface RecordedHour extends Pick<HourRow, "hour" | "version" | "runs" | "pieces"> {
  /** Its segments, in order. */
  readonly segments: () => Promise<readonly Segment[]>;
}

/** Some of the ready segments of a range, in order. */
export interface RecordedPage {
  readonly segments: readonly Segment[];
  /** What `RecordedRows.version` says of this part of the range, as it was when the segments were read. */
  readonly version: string;
  /** Instead of `segments` a whole hour. */
  readonly hour?: RecordedHour | undefined;
}

/** What hours are read with. */
interface HourParts {
  readonly hours: HourRows;
  readonly wide: WideReads;
  readonly streamPath: string;
  readonly pace: Pace;
  /** Whether hours are given only where something is kept of them, with what goes with it. */
  readonly withPieces: boolean;
  /** Reads the segments of some. */
  readonly segmentsOf: (blocks: readonly Block[]) => AsyncGenerator<RecordedPage>;
}

/** How `RecordedPage` names the version of a bucket. */
export function versionOf({ number, version }: Pick<Bucket, "number" | "version">): string {
  return `${number}${version}`;
}

/** Hours that follow one another, as such; their segments where nothing is kept of them, or their rows are not as old as their buckets are. */
export async function* hourPages(
  { hours, wide, streamPath, pace, withPieces, segmentsOf }: HourParts,
  blocks: readonly Block[],
): AsyncGenerator<RecordedPage, void, undefined> {
  const [first, last] = [blocks[0]?.number ?? 0, blocks.at(-1)?.number ?? 0];
  const rows = hours.read(wide, streamPath, { first, end: last + 1, withPieces });
  let next = await rows.next();
  const found = new Map<number, HourRow>();
  let [current, isCurrent]: [Bucket | undefined, boolean] = [undefined, false];
  /** Those that are read one by one, several at a time. */
  let plain: Block[] = [];
  async function* plainPages(): AsyncGenerator<RecordedPage, void, undefined> {
    if (plain.length === 0) return;
    await pace.breathe(plain.reduce((sum, block) => sum + about(block), 0));
    yield* segmentsOf(plain);
    plain = [];
  }
  for (const block of blocks) {
    const { bucket, number } = block;
    if (bucket !== current) {
      found.clear();
      for (; next.done !== true && bucketOf(next.value) <= bucket.number; next = await rows.next())
        found.set(next.value.hour, next.value);
      isCurrent = [...found.values()].some(({ bucketVersion }) => bucketVersion === bucket.version);
      current = bucket;
      await pace.breathe();
    }
    const row = found.get(number);
    // An hour without a row has no segment, as long as its bucket is the one that is known.
    if (isCurrent && row === undefined) continue;
    if (row?.bucketVersion !== bucket.version || (withPieces && !hasPieces(row))) {
      plain.push(block);
      continue;
    }
    yield* plainPages();
    const { hour, version, runs, pieces } = row;
    yield { segments: [], version: versionOf(bucket), hour: { hour, version, runs, pieces, segments: read(block) } };
  }
  yield* plainPages();

  function read(block: Block): RecordedHour["segments"] {
    return async () => {
      await pace.breathe(about(block));
      const segments: Segment[] = [];
      for await (const page of segmentsOf([block])) segments.push(...page.segments);
      return segments;
    };
  }
}

function hasPieces({ runs, pieces }: HourRow): boolean {
  return runs !== null && pieces !== null;
}

/** Segments that start in an hour, about. */
function about({ bucket }: Block): number {
  return Math.floor((bucket.count * HOUR_MS) / BUCKET_MS);
}

function bucketOf({ hour }: HourRow): number {
  return Math.floor((hour * HOUR_MS) / BUCKET_MS);
}
