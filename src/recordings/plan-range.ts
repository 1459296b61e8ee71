import type { RecordedPage } from "../catalog/recorded.ts";
import type { Segment } from "../catalog/types.ts";
import { BoxcarError } from "../base/errors.ts";
import type { Pace } from "../base/ports.ts";
import { formatTime } from "../base/time.ts";
import {
  compose,
  DEFAULT_GAP_TOLERANCE_MS,
  noSyncSample,
  type Composed,
  type PlanBounds,
  type PlanParts,
  type RangeQuery,
} from "../core/planning/compose.ts";
import { layoutFmp4 } from "../core/layout/layout-fmp4.ts";
import { layoutMp4 } from "../core/layout/layout-mp4.ts";
import type { LayoutParts } from "../core/layout/layout.ts";
import type { Media } from "../core/reading/media.ts";
import type { ClockReading, Interval } from "../core/planning/composition.ts";
import { isVideo } from "../core/planning/output-track.ts";
import { playableSpans } from "./playable-spans.ts";
import { weightOf } from "../core/layout/plan-weight.ts";
import { readRegions } from "../core/layout/regions.ts";

export type { PlanBounds, PlanParts, RangeQuery } from "../core/planning/compose.ts";
export type { Interval } from "../core/planning/composition.ts";

/** What would be delivered. Everything that can be refused has been by now. */
export interface RangeOutline {
  /** Wall-clock time that is presented, milliseconds, end exclusive, not rounded. */
  readonly startMs: number;
  readonly endMs: number;
  readonly joints: number;
  readonly gaps: readonly Interval[];
  readonly coverage: readonly Interval[];
  /** Which wall-clock time the output shows when: see `Composition.clock`. */
  readonly clock: readonly ClockReading[];
  /** RFC 6381, comma separated, in track order: those of the output's sample entries. */
  readonly codecs: string;
  /** How the pictures follow a change of their parameters; undefined where nothing changes. */
  readonly changes: "inband" | "entries" | undefined;
  readonly segments: number;
  /** Bytes that are kept of it, about. */
  readonly weight: number;
  /** Bytes of the output: the layout is arithmetic and reads nothing. */
  size(format: "mp4" | "fmp4"): number;
}

/** What will be delivered. */
export interface Plan extends RangeOutline {
  /** The output's bytes. */
  media(format: "mp4" | "fmp4"): Media;
}

/** Pieces that are kept of a range of which only an outline is wanted: short ones are often downloaded next. */
const OUTLINE_PIECES = 4000;

/**
 * Plans a time range of a stream.
 * @throws BoxcarError `not_recorded` (404), `no_sync_sample` (409), `codec_change` (409), `encrypted` (409), `gap_too_long` (400),
 *   `range_too_large` (400), `too_many_changes` (409), and as the pace does
 */
export async function planRange(parts: PlanParts, query: RangeQuery, bounds: PlanBounds = {}): Promise<Plan> {
  const plan = await planned(parts, query, bounds, Number.POSITIVE_INFINITY);
  if (!isWhole(plan)) throw new Error("a plan has no pieces");
  return plan;
}

/**
 * Says what `planRange` would plan, in memory that hardly grows with the range.
 * @throws BoxcarError as `planRange` does
 */
export function outlineRange(parts: PlanParts, query: RangeQuery, bounds: PlanBounds = {}): Promise<RangeOutline> {
  return planned(parts, query, bounds, OUTLINE_PIECES);
}

async function planned(
  parts: PlanParts,
  query: RangeQuery,
  bounds: PlanBounds,
  mostPieces: number,
): Promise<RangeOutline | Plan> {
  const { streamPath, startMs, endMs, cut, gaps, changes, sound, chapters, captions } = query;
  const { catalog, plans } = parts;
  const identity: unknown[] = [startMs, endMs, cut, gaps, changes, chapters !== undefined];
  if (chapters !== undefined && chapters.offsetMinutes !== 0) identity.push("chapters", chapters.offsetMinutes);
  if (sound === "keep") identity.push("sound");
  if (captions !== undefined) identity.push("clock", captions.offsetMinutes);
  const name = JSON.stringify([streamPath, ...identity]);
  const kept = plans?.get(name);
  if (kept !== undefined && (Number.isFinite(mostPieces) || isWhole(kept.plan))) {
    const version = await catalog.recordedVersion(streamPath, startMs, endMs);
    if (version === kept.version) return kept.plan;
  }
  const versions = new Set<string>();
  const segments = recordedSegments(catalog.recorded(streamPath, startMs, endMs, bounds), versions);
  const led: Segment[] = [];
  const before = (segment: Segment): Promise<Segment | undefined> => {
    led.push(segment);
    return segmentBefore(parts, segment, bounds.pace);
  };
  const composing = compose(parts, segments, query, { identity, before, mostPieces, pace: bounds.pace });
  const composed = await composing.catch(async (error: unknown) => {
    if (!(error instanceof BoxcarError) || error.error !== "codec_change") throw error;
    const spans = await playableSpans(catalog, query, bounds);
    throw new BoxcarError(error.error, error.status, error.message, { ...error.fields, spans }, error);
  });
  if (composed === undefined) {
    const [start, end] = [startMs, endMs].map(formatTime);
    const message = `Nothing of ${streamPath} is recorded between ${start} and ${end}. The timeline and list calls say what is.`;
    throw new BoxcarError("not_recorded", 404, message, { streamPath });
  }
  const plan = describe(composed);
  // What is recorded before the range is not part of its version.
  if (led.length === 0) plans?.set(name, { version: [...versions].join(), plan });
  return plan;
}

async function* recordedSegments(
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
  parts: PlanParts,
  segment: Segment,
  options: Pick<RangeQuery, "changes">,
): Promise<Plan> {
  const query = {
    startMs: segment.startMs,
    endMs: Number.MAX_SAFE_INTEGER,
    cut: "frame",
    gaps: "skip",
    ...options,
  } as const;
  const before = (): Promise<undefined> => Promise.resolve(undefined);
  const given = { identity: ["whole", options.changes], before, mostPieces: Number.POSITIVE_INFINITY };
  const composed = await compose(parts, [[segment]], query, given);
  const plan = composed === undefined ? undefined : describe(composed);
  if (plan === undefined || !isWhole(plan)) throw noSyncSample(segment);
  return plan;
}

/** The segment that one follows without a gap: of several the one that started last. */
async function segmentBefore(
  { catalog, gapToleranceMs }: PlanParts,
  segment: Segment,
  pace: Pace | undefined,
): Promise<Segment | undefined> {
  const { streamPath, startMs } = segment;
  const toleranceMs = gapToleranceMs ?? DEFAULT_GAP_TOLERANCE_MS;
  let found: Segment | undefined;
  for await (const { segments } of catalog.recorded(streamPath, startMs - toleranceMs - 1, startMs, { pace })) {
    for (const one of segments) {
      if (one.startMs < startMs && Math.abs(one.endMs - startMs) <= toleranceMs) found = one;
    }
  }
  return found;
}

function isWhole(plan: RangeOutline | Plan): plan is Plan {
  return "media" in plan;
}

function describe({ layout, hash }: Composed): RangeOutline | Plan {
  const { composition, headers } = layout;
  const made: { mp4?: Media; fmp4?: Media } = {};
  const media = (format: "mp4" | "fmp4"): Media => (made[format] ??= mediaOf(layout, hash, format));
  const outline: RangeOutline = {
    startMs: composition.startMs,
    endMs: composition.endMs,
    joints: composition.joints,
    gaps: composition.gaps,
    coverage: composition.coverage,
    clock: composition.clock,
    codecs: composition.tracks.map(({ handler }, i) => codecsOf(layout, handler, headers[i]?.descriptions)).join(","),
    changes: composition.tracks.find(isVideo)?.changes,
    segments: composition.segments,
    weight: weightOf(composition, headers),
    size: (format) => media(format).size,
  };
  return composition.pieces.length < composition.segments ? outline : { ...outline, media };
}

/** The codecs of a track's sample entries as they stand in the output, each once. */
function codecsOf({ core }: LayoutParts, handler: number, descriptions: Uint8Array = new Uint8Array(0)): string {
  return [...new Set(core.codecs(handler, descriptions))].join(",");
}

function mediaOf(layout: LayoutParts, hash: string, format: "mp4" | "fmp4"): Media {
  const regions = format === "mp4" ? layoutMp4(layout) : layoutFmp4(layout);
  return {
    size: regions.reduce((sum, region) => sum + region.length, 0),
    etag: `${hash}-${format}`,
    read: (span) => readRegions(regions, span),
  };
}
