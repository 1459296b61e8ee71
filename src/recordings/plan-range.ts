import type { Catalog } from "../catalog/catalog.ts";
import type { RecordedPage } from "../catalog/recorded-hours.ts";
import type { Segment } from "../catalog/types.ts";
import { BoxcarError } from "../base/errors.ts";
import type { Pace } from "../base/ports.ts";
import { formatTime } from "../base/time.ts";
import { identityOf, isWhole, planPages, type Plan, type RangeOutline } from "../core/plan.ts";
import { DEFAULT_GAP_TOLERANCE_MS, type PlanParts, type SegmentsQuery } from "../core/compose.ts";
import { aroundHoles } from "../core/planning/hole.ts";
import type { PieceMaker } from "../core/planning/piece-maker.ts";
import { decodedFrom, follows } from "../core/planning/lead.ts";
import { noSyncSample } from "../core/planning/plan-errors.ts";
import { IndexQueries } from "../core/planning/index-queries.ts";
import { Groups } from "../core/streaming/groups.ts";
import type { Indexes, RecordedSegment } from "../core/segment.ts";
import { IndexCache } from "./index-cache.ts";
import { PlanCache } from "./plan-cache.ts";
import { playableSpans } from "./playable-spans.ts";
import { addPieces } from "./hours/join-runs.ts";
import { readyHours } from "./hours/ready-hours.ts";
import { recordedAndGrowing, versionWithGrowing } from "./with-growing.ts";

/** What a range download asks for. */
export interface RangeQuery extends SegmentsQuery {
  readonly streamPath: string;
}

/** What ranges of recordings are planned with. */
export interface RangeParts extends Omit<PlanParts, "indexes"> {
  readonly catalog: Catalog;
  /** Shared between plans; default: one of its own. */
  readonly indexes?: Indexes;
  /** Plans of ranges that may be asked for again; default: none are kept. */
  readonly plans?: PlanCache;
}

/** Parts for plans and playlists that share a cache of indexes and of what was asked of them. */
export interface SharingParts extends RangeParts {
  readonly indexes: IndexCache;
  readonly queries: IndexQueries;
  readonly groups: Groups;
  readonly gapToleranceMs: number;
}

/** Parts with caches of plans, of indexes and of what was asked of them. */
export function sharingParts(
  given: Pick<RangeParts, "core" | "catalog" | "store" | "sha256" | "gapToleranceMs">,
): SharingParts {
  const { core, catalog, store, sha256, gapToleranceMs = DEFAULT_GAP_TOLERANCE_MS } = given;
  const indexes = indexesOf(catalog);
  const [queries, groups] = [new IndexQueries(core, indexes), new Groups(core, indexes)];
  return { core, catalog, store, indexes, queries, groups, sha256, plans: new PlanCache(), gapToleranceMs };
}

/** How far, and how fast, a plan may be made. */
export interface PlanBounds {
  /** Default: one of its own. */
  readonly pace?: Pace;
  /** Segments that its range may have; default: any number. */
  readonly mostSegments?: number;
}

/** Pieces that are kept of a range of which only an outline is wanted: short ones are often downloaded next. */
const OUTLINE_PIECES = 4000;

/**
 * Plans a time range of a stream.
 * @throws BoxcarError `not_recorded` (404), `no_sync_sample` (409), `codec_change` (409), `encrypted` (409), `gap_too_long` (400),
 *   `range_too_large` (400), `too_many_changes` (409), and as the pace does
 */
export async function planRange(parts: RangeParts, query: RangeQuery, bounds: PlanBounds = {}): Promise<Plan> {
  const plan = await planned(parts, query, bounds, Number.POSITIVE_INFINITY);
  if (!isWhole(plan)) throw new Error("a plan has no pieces");
  return plan;
}

/**
 * Says what `planRange` would plan, in memory that hardly grows with the range.
 * @throws BoxcarError as `planRange` does
 */
export function outlineRange(parts: RangeParts, query: RangeQuery, bounds: PlanBounds = {}): Promise<RangeOutline> {
  return planned(parts, query, bounds, OUTLINE_PIECES);
}

async function planned(
  parts: RangeParts,
  query: RangeQuery,
  bounds: PlanBounds,
  mostPieces: number,
): Promise<RangeOutline | Plan> {
  const { streamPath, startMs, endMs } = query;
  const { catalog, plans } = parts;
  const identity = identityOf(query);
  const name = JSON.stringify([streamPath, ...identity]);
  const around = aroundHoles(query, parts.gapToleranceMs ?? DEFAULT_GAP_TOLERANCE_MS);
  const kept = plans?.get(name);
  if (kept !== undefined && (Number.isFinite(mostPieces) || isWhole(kept.plan))) {
    const version = await versionWithGrowing(catalog, streamPath, startMs, endMs, around);
    if (version === kept.version) return kept.plan;
  }
  const versions = new Set<string>();
  const beside = Number.isFinite(mostPieces) ? undefined : "pieces";
  const hours = { hoursUntilMs: Number.POSITIVE_INFINITY, beside } as const;
  const recorded = recordedAndGrowing(catalog, streamPath, startMs, endMs, { ...bounds, ...hours, around });
  const shared = coreParts(parts);
  const queries = shared.queries ?? new IndexQueries(shared.core, shared.indexes);
  const pages = readyHours<PieceMaker>(
    { ...parts, queries, pace: bounds.pace },
    streamPath,
    recorded,
    addPieces,
    versions,
    bounds.mostSegments === undefined ? undefined : { segments: bounds.mostSegments, range: query },
  );
  const led: RecordedSegment[] = [];
  const before = (segment: RecordedSegment): Promise<RecordedSegment | undefined> => {
    led.push(segment);
    return segmentBefore(parts, streamPath, segment, bounds.pace);
  };
  const options = { identity, before, mostPieces, pace: bounds.pace };
  const plan = await planPages({ ...shared, queries }, pages, query, options).catch(async (error: unknown) => {
    if (!(error instanceof BoxcarError) || error.code !== "codec_change") throw error;
    const spans = await playableSpans(catalog, query, bounds);
    throw new BoxcarError(error.code, error.message, { ...error.fields, spans }, error);
  });
  if (plan === undefined) {
    const [startTime, endTime] = [formatTime(startMs), formatTime(endMs)];
    const message = `Nothing of ${streamPath} is recorded between ${startTime} and ${endTime}.`;
    throw new BoxcarError("not_recorded", message, { streamPath, startTime, endTime });
  }
  // What is recorded before the range is not part of its version.
  if (led.length === 0) plans?.set(name, { version: [...versions].join(), plan });
  return plan;
}

/** The segments of pages. @param versions takes the version of each page */
export async function* recordedSegments(
  pages: AsyncIterable<RecordedPage>,
  versions: Set<string>,
): AsyncGenerator<readonly Segment[]> {
  for await (const { segments, version } of pages) {
    versions.add(version);
    yield segments;
  }
}

/** Plans one whole segment, for the format it is not stored in. @throws BoxcarError as planRange does */
export async function planSegment(
  parts: RangeParts,
  segment: Segment,
  options: Pick<RangeQuery, "changes" | "edits" | "tag">,
): Promise<Plan> {
  const query = {
    startMs: segment.startMs,
    endMs: Number.MAX_SAFE_INTEGER,
    cut: "frame",
    gaps: "skip",
    ...options,
  } as const;
  const before = (): Promise<undefined> => Promise.resolve(undefined);
  const given = {
    identity: ["whole", options.changes, options.edits, options.tag],
    before,
    mostPieces: Number.POSITIVE_INFINITY,
  };
  const plan = await planPages(coreParts(parts), [[segment]], query, given);
  if (plan === undefined || !isWhole(plan)) throw noSyncSample(segment);
  return plan;
}

/** The segment that one follows without a gap: of several the one that started last. */
export async function segmentBefore(
  { catalog, gapToleranceMs }: Pick<RangeParts, "catalog" | "gapToleranceMs">,
  streamPath: string,
  { startMs }: RecordedSegment,
  pace: Pace | undefined,
): Promise<Segment | undefined> {
  const toleranceMs = gapToleranceMs ?? DEFAULT_GAP_TOLERANCE_MS;
  let found: Segment | undefined;
  for await (const { segments } of recordedAndGrowing(catalog, streamPath, startMs - toleranceMs - 1, startMs, {
    pace,
  })) {
    found = segments.findLast((one) => follows(one, startMs, toleranceMs)) ?? found;
  }
  return found;
}

/** The segments that the first pictures of one are decoded from, in order; none where it begins with a sync sample. */
export function segmentsBefore(
  parts: Pick<RangeParts, "catalog" | "gapToleranceMs">,
  segment: Segment,
  pace?: Pace,
): Promise<RecordedSegment[]> {
  return decodedFrom(segment, (earlier) => segmentBefore(parts, segment.streamPath, earlier, pace));
}

function coreParts(parts: RangeParts): PlanParts {
  return { ...parts, indexes: parts.indexes ?? indexesOf(parts.catalog) };
}

function indexesOf(catalog: Catalog): IndexCache {
  return new IndexCache((ids) => catalog.indexesOf(ids));
}
