import { sql } from "kysely";
import { LruMap } from "../lru-map.ts";
import { Breather } from "./breather.ts";
import { packedColumns, segmentOfPacked } from "./rows.ts";
import { BUCKET_MS, withinReach } from "./totals.ts";
import type { Segment } from "./types.ts";
import type { WideReads } from "./wide-reads.ts";

/** Rows are read and kept in blocks of one hour of start times: 60 rows of a recorder that cuts by the minute. */
const BLOCK_MS = BUCKET_MS / 4;
/** Rows of one query; a server refuses answers of about 10 MB, a row has about 1 kB. */
const PAGE = 512;
/** Bytes of rows kept by default: about four days of one-minute segments. */
const DEFAULT_ROW_CACHE_BYTES = 16 << 20;
/** What a kept row takes beside its summary and its key, with what plans keep of it. */
const ROW_BYTES = 2000;

/** Some of the ready segments of a range, in order. */
export interface RecordedPage {
  readonly segments: readonly Segment[];
  /** What `RecordedRows.version` says of this part of the range, as it was when the segments were read. */
  readonly version: string;
}

interface Bucket {
  readonly number: number;
  readonly version: string;
}

interface Block {
  readonly segments: readonly Segment[];
  readonly version: string;
  readonly bytes: number;
}

/**
 * The ready segments of time ranges, for plans. Rows are kept between calls, together with the version of their bucket
 * of `stream_counts`, which every change of a ready segment makes another one: each call asks for the versions, one
 * short query, and reads only what has changed. So any number of processes may write.
 */
export class RecordedRows {
  readonly #wide: WideReads;
  readonly #blocks: LruMap<string, Block>;

  constructor(wide: WideReads, budget = DEFAULT_ROW_CACHE_BYTES) {
    this.#wide = wide;
    this.#blocks = new LruMap(budget, ({ bytes }) => bytes);
  }

  /** Differs whenever the answer of `pages` may: the distinct versions of its pages, joined by commas. */
  async version(streamPath: string, startMs: number, endMs: number): Promise<string> {
    const { buckets } = await this.#buckets(this.#wide, streamPath, startMs, endMs);
    return buckets.map(versionOf).join();
  }

  /** Ready segments that overlap [startMs, endMs), ordered by start, then id; a page may be empty. */
  async *pages(streamPath: string, startMs: number, endMs: number): AsyncGenerator<RecordedPage, void, undefined> {
    let found = 0;
    for await (const page of this.#pages(this.#wide, streamPath, startMs, endMs)) {
      found += page.segments.length;
      yield page;
    }
    const { atPrimary } = this.#wide;
    if (found === 0 && atPrimary !== undefined) yield* this.#pages(atPrimary, streamPath, startMs, endMs);
  }

  async *#pages(
    wide: WideReads,
    streamPath: string,
    startMs: number,
    endMs: number,
  ): AsyncGenerator<RecordedPage, void, undefined> {
    const breather = new Breather();
    const { longestMs, buckets } = await this.#buckets(wide, streamPath, startMs, endMs);
    for (const bucket of buckets) {
      const first = Math.floor(Math.max(startMs - longestMs, bucket.number * BUCKET_MS) / BLOCK_MS);
      const end = Math.ceil(Math.min(endMs, (bucket.number + 1) * BUCKET_MS) / BLOCK_MS);
      for (let number = first; number < end; number++) {
        const name = `${number} ${streamPath}`;
        let block = this.#blocks.get(name);
        if (block?.version !== bucket.version) {
          block = await this.#read(wide, streamPath, number, bucket);
          this.#blocks.set(name, block);
          await breather.breathe();
        }
        const segments = block.segments.filter((segment) => segment.endMs > startMs && segment.startMs < endMs);
        yield { segments, version: versionOf({ number: bucket.number, version: block.version }) };
      }
    }
  }

  /** Buckets that may hold starts of segments of the range; empty ones have no row. */
  async #buckets(
    wide: WideReads,
    streamPath: string,
    startMs: number,
    endMs: number,
  ): Promise<{ longestMs: number; buckets: Bucket[] }> {
    if (endMs <= startMs) return { longestMs: 0, buckets: [] };
    const first = Math.floor(startMs / BUCKET_MS);
    const query = sql<{ bucket: number; version: string; longest_ms: number }>`
      select bucket, json_group_array(json_array(event_level, version)) as version, longest_ms
      from streams cross join stream_counts on stream_counts.stream_path = streams.stream_path
      where streams.stream_path = ${streamPath} and ${withinReach(startMs)}
        and bucket <= ${Math.floor((endMs - 1) / BUCKET_MS)}
      group by bucket having bucket >= ${first} or max(reach_ms) > ${startMs} order by bucket`;
    const { rows } = await wide.read(
      (db) => query.execute(db),
      (found) => found.rows.length > 0,
    );
    const longestMs = rows[0]?.longest_ms ?? 0;
    const buckets = rows.map(({ bucket, version }) => ({ number: bucket, version }));
    return { longestMs, buckets: buckets.filter(({ number }) => (number + 1) * BUCKET_MS > startMs - longestMs) };
  }

  /** Reads a block, with the version its bucket has in the same moment: rows of a replica may lag behind. */
  async #read(wide: WideReads, streamPath: string, number: number, bucket: Bucket): Promise<Block> {
    const segments: Segment[] = [];
    let after = { startMs: number * BLOCK_MS - 1, id: Number.MAX_SAFE_INTEGER };
    let version: string | undefined;
    for (;;) {
      const query = sql<{ version: string; packed: string; summary: ArrayBuffer | null }>`
        select now.version, ${packedColumns} as packed, summary
        from (select json_group_array(json_array(event_level, version)) as version from stream_counts
          where stream_path = ${streamPath} and bucket = ${bucket.number}) as now
        left join segments on state = 'ready' and segments.stream_path = ${streamPath}
          and (start_ms, id) > (${after.startMs}, ${after.id}) and start_ms < ${(number + 1) * BLOCK_MS}
        order by start_ms, id limit ${PAGE}`;
      // A replica that is not where the bucket's version was read (it fell behind, or has gone on) is not asked again.
      const { rows } = await wide.read(
        (db) => query.execute(db),
        (answer) => answer.rows[0]?.version === bucket.version,
      );
      for (const { packed, summary } of rows) {
        if (summary !== null) segments.push(segmentOfPacked(streamPath, packed, summary));
      }
      const found = rows[0]?.version;
      // Changed between two pages: these rows are right for nobody else.
      version = version === undefined || version === found ? found : "";
      const last = segments.at(-1);
      if (rows.length < PAGE || last === undefined) break;
      after = { startMs: last.startMs, id: last.id };
    }
    const bytes = segments.reduce((sum, { summary, key }) => sum + summary.length + key.length + ROW_BYTES, ROW_BYTES);
    return { segments, version: version ?? "", bytes };
  }
}

function versionOf({ number, version }: Bucket): string {
  return `${number}${version}`;
}
