import { sql } from "kysely";
import { reachesInto } from "../base/interval.ts";
import { LruMap } from "../base/lru-map.ts";
import type { Pace } from "../base/ports.ts";
import { HOUR_MS } from "../base/units.ts";
import { versionOf, type Block, type Bucket, type RecordedPage, type RowsRange } from "./recorded-hours.ts";
import { joined, packedColumns, segmentsOfJoined, type JoinedSegments } from "./rows.ts";
import type { Segment } from "./types.ts";
import type { WideReads } from "./wide-reads.ts";

/** Rows are read and kept in blocks of one hour of start times: 60 rows of a recorder that cuts by the minute. */
export const BLOCK_MS = HOUR_MS;
/** Rows of one query; a server refuses answers of about 10 MB, a row has about 1 kB. */
const PAGE = 512;
/** Blocks that are read at the same time. */
const AT_ONCE = 4;
/** Bytes of rows kept by default: about four days of one-minute segments. */
const DEFAULT_ROW_CACHE_BYTES = 16 << 20;
/** About what a kept row takes with what plans keep of it: an object and its texts, and its tracks read from the summary. */
const ROW_BYTES = 800;
const rowBytes = ({ summary, key, codecs, etag, groups = "" }: Segment): number =>
  ROW_BYTES + 3 * summary.length + groups.length + 2 * (key.length + codecs.length + etag.length);

interface KeptBlock {
  readonly segments: readonly Segment[];
  readonly version: string;
  readonly bytes: number;
}

/** Rows of ready segments, kept hour by hour with the version that their bucket of `stream_counts` had. */
export class RowBlocks {
  readonly #kept: LruMap<string, KeptBlock>;
  /** Bytes of a block that is kept: one large block must not take the place of all others. */
  readonly #largestBlock: number;

  /** @param budget bytes of rows that are kept */
  constructor(budget = DEFAULT_ROW_CACHE_BYTES) {
    this.#kept = new LruMap(budget, ({ bytes }) => bytes);
    this.#largestBlock = budget / 4;
  }

  /** The segments of blocks that reach into a range, in order. @throws BoxcarError as the pace does */
  async *segments(
    wide: WideReads,
    streamPath: string,
    blocks: readonly Block[],
    range: RowsRange,
    pace: Pace,
  ): AsyncGenerator<RecordedPage, void, undefined> {
    const read = startedAhead(blocks, ({ bucket, number }) => this.#block(wide, streamPath, number, bucket, pace));
    for await (const [{ bucket }, { segments, version }] of read) {
      const overlapping = segments.filter((segment) => reachesInto(segment, range, range.around));
      yield { segments: overlapping, version: versionOf({ number: bucket.number, version }) };
    }
  }

  /** The segments of a block, kept or read. */
  async *#block(
    wide: WideReads,
    streamPath: string,
    number: number,
    bucket: Bucket,
    pace: Pace,
  ): AsyncGenerator<RecordedPage, void, undefined> {
    const name = `${number} ${streamPath}`;
    const kept = this.#kept.get(name);
    if (kept?.version === bucket.version) {
      yield kept;
      return;
    }
    let bytes = ROW_BYTES + 2 * name.length;
    let segments: Segment[] = [];
    let version: string | undefined;
    for await (const page of readBlock(wide, streamPath, number, bucket)) {
      yield page;
      await pace.breathe();
      // Changed between two pages: these rows are right for nobody else.
      version = version === undefined || version === page.version ? page.version : "";
      for (const segment of page.segments) bytes += rowBytes(segment);
      segments = bytes > this.#largestBlock ? [] : segments.concat(page.segments);
    }
    if (bytes <= this.#largestBlock) this.#kept.set(name, { segments, version: version ?? "", bytes });
  }
}

/** Reads a block, with the version its bucket has in the same moment: rows of a replica may lag behind. */
async function* readBlock(
  wide: WideReads,
  streamPath: string,
  number: number,
  bucket: Bucket,
): AsyncGenerator<RecordedPage, void, undefined> {
  let after = { startMs: number * BLOCK_MS - 1, id: Number.MAX_SAFE_INTEGER };
  for (;;) {
    const query = sql<JoinedSegments & { version: string }>`
      select now.version, found.packed, found.summaries
      from (select json_group_array(json_array(event_level, version)) as version from stream_counts
        where stream_path = ${streamPath} and bucket = ${bucket.number}) as now
      cross join (${joined(sql`
        select ${packedColumns} as packed, summary from segments
        where state = 'ready' and stream_path = ${streamPath}
          and (start_ms, id) > (${after.startMs}, ${after.id}) and start_ms < ${(number + 1) * BLOCK_MS}
        order by start_ms, id limit ${PAGE}`)}) as found`;
    // A replica that is not where the bucket's version was read (it fell behind, or has gone on) is not asked again.
    const { rows } = await wide.read(
      (db) => query.execute(db),
      (answer) => answer.rows[0]?.version === bucket.version,
    );
    const [row] = rows;
    const segments = row === undefined ? [] : segmentsOfJoined(streamPath, row);
    yield { segments, version: row?.version ?? "" };
    const last = segments.at(-1);
    if (segments.length < PAGE || last === undefined) return;
    after = { startMs: last.startMs, id: last.id };
  }
}

/** What is made of each item, in their order. The first of each is awaited for several at once: a server answers late. */
async function* startedAhead<Item, Made>(
  items: readonly Item[],
  make: (item: Item) => AsyncGenerator<Made>,
): AsyncGenerator<[Item, Made], void, undefined> {
  const begun: { readonly item: Item; readonly made: AsyncGenerator<Made>; first: Promise<IteratorResult<Made>> }[] =
    [];
  let next = 0;
  try {
    while (next < items.length || begun.length > 0) {
      for (const item of items.slice(next, next + AT_ONCE - begun.length)) {
        const made = make(item);
        const first = made.next();
        first.catch(() => undefined); // met in its turn
        begun.push({ item, made, first });
        next++;
      }
      const [current] = begun;
      if (current === undefined) return;
      for (let step = await current.first; step.done !== true; step = await current.made.next())
        yield [current.item, step.value];
      begun.shift();
    }
  } finally {
    await Promise.all(begun.map(({ made }) => made.return(undefined).catch(() => undefined)));
  }
}
