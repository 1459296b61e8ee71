import { reachesInto } from "../base/interval.ts";
import { concatenated, lengthOf } from "../base/bytes.ts";
import { Breather } from "../base/breather.ts";
import { INDEX_PAGE, type Indexes, type RecordedSegment } from "./segment.ts";
import type { Pace, Sha256, Store } from "../base/ports.ts";
import type { Core } from "./wasm/module.ts";
import { IndexQueries } from "./planning/index-queries.ts";
import type { ChapterOptions, ClockOptions } from "./layout/chapters.ts";
import type { LayoutParts, TrackHeaders } from "./layout/layout.ts";
import type { SegmentBefore } from "./planning/lead.ts";
import type { Composition } from "./planning/composition.ts";
import { PieceMaker } from "./planning/piece-maker.ts";
import { Placer } from "./planning/placer.ts";
import { isReady, type Page } from "./planning/ready-segments.ts";
import { noSyncSample } from "./planning/plan-errors.ts";
import { PlanIdentity } from "./layout/plan-identity.ts";

/** A distance between segments above this is a gap, milliseconds. */
export const DEFAULT_GAP_TOLERANCE_MS = 500;
/** Segments that are planned from one look at the clock to the next. */
const STRIDE = 64;
/** Samples of segments whose indexes are read together: about a megabyte. */
const FEW_SAMPLES = 400_000;
/** How many segments it is like to work on one that has to be cut: its samples are walked. */
const CUT_WORK = 20;
/** Bytes of sample entries that it is like to work on one segment for. */
const DESCRIPTION_WORK = 1024;

/** What an output is to hold, and how. */
export interface SegmentsQuery {
  /** Wall clock, milliseconds. */
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
  readonly cut: "frame" | "keyframe";
  readonly gaps: "skip" | "keep";
  readonly changes: "inband" | "entries";
  /** `keep` fills holes in the sound with silent samples. Default: none. */
  readonly sound?: "keep" | "none";
  /** `list` hides what is only decoded by edit lists, `none` does without. Default: `list`. */
  readonly edits?: "list" | "none";
  /** Name of the sample entries of H.265; those with parameter sets in the samples stay `hev1`. Default: as recorded. */
  readonly tag?: "hvc1" | "hev1" | undefined;
  /** Default: none. */
  readonly chapters?: ChapterOptions;
  /** Default: none. */
  readonly captions?: ClockOptions;
}

/** The segments of a range, one page behind another. */
export type Pages = AsyncIterable<Page<PieceMaker>> | Iterable<Page<PieceMaker>>;

/** What a plan is made with. */
export interface PlanParts {
  readonly core: Core;
  readonly store: Pick<Store, "get" | "ahead">;
  readonly indexes: Indexes;
  /** Default 500. */
  readonly gapToleranceMs?: number;
  /** What cutting found before, shared between plans; default: nothing. */
  readonly queries?: IndexQueries;
  /** Default: WebCrypto's. */
  readonly sha256?: Sha256 | undefined;
}

/** A composition, with what its bytes are laid out with. */
export interface Composed {
  readonly layout: LayoutParts;
  /** Names what it was made from. */
  readonly hash: string;
}

/** How a range is put together. */
export interface ComposeOptions {
  /** What the query asks for, as the ETag names it. */
  readonly identity: readonly unknown[];
  readonly before: SegmentBefore;
  /** Of more pieces none are kept: only lengths can be told then, in memory that does not grow. */
  readonly mostPieces: number;
  readonly pace?: Pace | undefined;
}

/**
 * Puts the segments of a range together. Undefined when no sample falls into it.
 * @throws BoxcarError `no_sync_sample` (409)
 */
export async function compose(
  parts: PlanParts,
  pages: Pages,
  query: SegmentsQuery,
  { identity, before, mostPieces, pace = new Breather() }: ComposeOptions,
): Promise<Composed | undefined> {
  const { core, store, indexes } = parts;
  const { edits = "list" } = query;
  const gapToleranceMs = parts.gapToleranceMs ?? DEFAULT_GAP_TOLERANCE_MS;
  const upcoming: Upcoming = { ids: [] };
  const queries = (parts.queries ?? new IndexQueries(core, indexes)).readingAlong(() => upcoming.ids);
  const indexOf = ({ id }: { readonly id: number }): Promise<Uint8Array> => indexes.get(id);
  const named = new PlanIdentity(parts.sha256, [gapToleranceMs, ...identity]);
  const namedBefore: SegmentBefore = async (segment) => {
    const found = await before(segment);
    if (found !== undefined) named.addBefore(found);
    return found;
  };
  const maker = new PieceMaker({ ...query, edits, core, queries, indexOf, store, mostPieces });
  const placer = new Placer({ ...query, gapToleranceMs, queries, before: namedBefore }, maker);
  await placeAll(pages, { placer, maker, named, upcoming, pace });
  if (placer.held !== undefined) named.addBefore(placer.held);
  const hash = named.digest();
  const placement = await placer.finish();
  if (placement === undefined || maker.isEmpty) {
    if (placer.undecodable !== undefined) throw noSyncSample(placer.undecodable);
    return undefined;
  }
  const composition = await maker.finish(placement);
  // Large sample entries are held in memory from here on: who has some waits as for a long plan.
  const described = composition.tracks.flatMap(({ descriptions }) => descriptions);
  await pace.breathe(Math.floor(lengthOf(described) / DESCRIPTION_WORK));
  const headers = await readHeaders(composition, parts, { tag: query.tag, pace });
  const { chapters, captions } = query;
  return { layout: { core, store, indexes, composition, headers, edits, chapters, captions }, hash: await hash };
}

/** Segments whose indexes are read along with the next one that is needed. */
interface Upcoming {
  ids: readonly number[];
}

/** What the segments of pages become. */
interface Placing {
  readonly placer: Placer;
  readonly maker: PieceMaker;
  readonly named: PlanIdentity;
  readonly upcoming: Upcoming;
  readonly pace: Pace;
}

/** Names and places the segments of all pages, in order. */
async function placeAll(pages: Pages, { placer, maker, named, upcoming, pace }: Placing): Promise<void> {
  const { options } = placer;
  const add = async (segment: RecordedSegment): Promise<void> => {
    await placer.add(segment);
    await pace.breathe();
  };
  let added = 0;
  let isFirst = true;
  for await (const page of firstTogether(pages)) {
    if (isReady(page)) {
      await named.addHour(page.names);
      await page.addTo({ placer, sink: maker, add });
      await pace.breathe();
      continue;
    }
    // The first bytes of an output take the indexes of its first segments.
    const first = isFirst ? page.filter((segment) => reachesInto(segment, options)) : [];
    upcoming.ids = fewOf(first, options.queries);
    isFirst = false;
    for (const segment of page) {
      // For most there is nothing to wait for, and waiting takes longer than adding. Those around the range only tell of holes.
      const naming = reachesInto(segment, options) ? named.add(segment) : undefined;
      if (naming !== undefined) await naming;
      const cutting = placer.add(segment);
      if (cutting !== undefined) await cutting;
      else if (++added % STRIDE !== 0) continue;
      const resting = pace.breathe(cutting === undefined ? 0 : CUT_WORK);
      if (resting !== undefined) await resting;
    }
  }
}

/** The segments of the pages; the first page has as many as indexes are read at once, as far as there are so many before ready ones. */
async function* firstTogether(pages: Pages): AsyncGenerator<Page<PieceMaker>, void, undefined> {
  let first: readonly RecordedSegment[] | undefined = [];
  for await (const page of pages) {
    if (first === undefined) yield page;
    else if (isReady(page)) {
      yield first;
      first = undefined;
      yield page;
    } else {
      first = first.concat(page);
      if (first.length < INDEX_PAGE) continue;
      yield first;
      first = undefined;
    }
  }
  if (first !== undefined) yield first;
}

/** Those of the first segments whose indexes take about one answer of a catalog. */
function fewOf(page: readonly RecordedSegment[], queries: Pick<IndexQueries, "timed">): number[] {
  const ids: number[] = [];
  let samples = 0;
  for (const segment of page.slice(0, INDEX_PAGE)) {
    samples += queries.timed(segment).summary.tracks.reduce((sum, track) => sum + track.samples, 0);
    if (samples > FEW_SAMPLES) break;
    ids.push(segment.id);
  }
  return ids;
}

/**
 * The raw sample entries of each track, made fit for parameter sets in the samples where there are any, and the kept boxes
 * of the segment it comes from.
 */
async function readHeaders(
  { tracks }: Composition,
  { core, indexes }: PlanParts,
  { tag, pace }: { readonly tag: SegmentsQuery["tag"]; readonly pace: Pace },
): Promise<TrackHeaders[]> {
  const kept = new Map<number, Uint8Array>();
  const entries = tracks.map((): Uint8Array[] => []);
  // By the segment whose index has it: each is read once, whoever wants something of it, since it may not be cached.
  const wanted = new Map<number, ((index: Uint8Array) => void)[]>();
  const want = (id: number, take: (index: Uint8Array) => void): void => {
    const takers = wanted.get(id) ?? [];
    takers.push(take);
    wanted.set(id, takers);
  };
  for (const [i, { source, descriptions, entry }] of tracks.entries()) {
    const { segment, keptOffset } = source;
    want(segment.id, (index) => {
      if (!kept.has(segment.id)) kept.set(segment.id, index.slice(keptOffset));
    });
    for (const [j, { source: from, offset, length }] of descriptions.entries()) {
      want(from.id, (index) => {
        (entries[i] ??= [])[j] = entry ?? index.slice(offset, offset + length);
      });
    }
  }
  for (const [id, takers] of wanted) {
    const index = await indexes.get(id);
    for (const take of takers) take(index);
    await pace.breathe();
  }
  const named = (bytes: Uint8Array, isInband: boolean): Uint8Array =>
    tag === undefined || isInband ? bytes : core.entries.named(bytes, tag);
  return tracks.map(({ source, entry }, i) => ({
    descriptions: named(concatenated(entries[i] ?? []), entry !== undefined),
    kept: kept.get(source.segment.id) ?? new Uint8Array(0),
  }));
}
