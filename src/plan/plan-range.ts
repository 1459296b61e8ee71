import type { Catalog } from "../catalog/catalog.ts";
import type { RecordedPage } from "../catalog/recorded.ts";
import type { Segment } from "../catalog/types.ts";
import { BoxcarError } from "../errors.ts";
import type { Sha256, Store } from "../platform.ts";
import { webSha256 } from "../sha256.ts";
import { formatTime } from "../time.ts";
import type { Core } from "../wasm/module.ts";
import { Cuts } from "./cuts.ts";
import { IndexCache } from "./index-cache.ts";
import { layoutFmp4 } from "./layout-fmp4.ts";
import { layoutMp4 } from "./layout-mp4.ts";
import type { CaptionOptions, LayoutParts, TrackHeaders } from "./layout.ts";
import type { Media } from "./media.ts";
import type { PlanCache } from "./plan-cache.ts";
import { playableSpans } from "./playable-spans.ts";
import type { SegmentBefore } from "./lead.ts";
import { PlanBuilder, type ClockReading, type Composition, type Interval } from "./plan-builder.ts";
import { readRegions } from "./regions.ts";

export type { Interval } from "./plan-builder.ts";

/** Goes into every ETag: raise it when the same plan would give other bytes. */
const LAYOUT_VERSION = 5;
/** A distance between segments above this is a gap, milliseconds. */
export const DEFAULT_GAP_TOLERANCE_MS = 500;

/** What a range download asks for. */
export interface RangeQuery {
  readonly streamPath: string;
  /** Wall clock, milliseconds. */
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
  readonly cut: "frame" | "keyframe";
  readonly gaps: "skip" | "keep";
  readonly changes: "inband" | "entries";
  /** Default: none. */
  readonly chapters?: boolean;
  /** Default: none. */
  readonly captions?: CaptionOptions;
}

/** What a plan is made with. */
export interface PlanParts {
  readonly core: Core;
  readonly catalog: Catalog;
  readonly store: Store;
  /** Default 500. */
  readonly gapToleranceMs?: number;
  /** Shared between plans; default: one of its own. */
  readonly indexes?: IndexCache;
  /** The same. */
  readonly cuts?: Cuts;
  /** Default: WebCrypto's. */
  readonly sha256?: Sha256 | undefined;
  /** Plans of ranges that may be asked for again; default: none are kept. */
  readonly plans?: PlanCache;
}

/** What will be delivered. Everything that can be refused has been by now. */
export interface Plan {
  /** Wall-clock time that is presented, milliseconds, end exclusive, not rounded. */
  readonly startMs: number;
  readonly endMs: number;
  readonly joints: number;
  readonly gaps: readonly Interval[];
  readonly coverage: readonly Interval[];
  /** Which wall-clock time the output shows when: see `Composition.clock`. */
  readonly clock: readonly ClockReading[];
  /** RFC 6381, comma separated, in track order. */
  readonly codecs: string;
  readonly segments: number;
  /** The output's bytes; the layout is arithmetic and reads nothing. */
  media(format: "mp4" | "fmp4"): Media;
}

/**
 * Plans a time range of a stream.
 * @throws BoxcarError `not_recorded` (404), `no_sync_sample` (409), `codec_change` (409), `encrypted` (409), `gap_too_long` (400)
 */
export async function planRange(parts: PlanParts, query: RangeQuery): Promise<Plan> {
  const { streamPath, startMs, endMs, cut, gaps, changes, chapters = false, captions } = query;
  const { catalog, plans } = parts;
  const identity: unknown[] = [startMs, endMs, cut, gaps, changes, chapters];
  if (captions !== undefined) identity.push("clock", captions.offsetMinutes);
  const name = JSON.stringify([streamPath, ...identity]);
  const kept = plans?.get(name);
  if (kept !== undefined) {
    const version = await catalog.recordedVersion(streamPath, startMs, endMs);
    if (version === kept.version) return kept.plan;
  }
  const versions = new Set<string>();
  const segments = recordedSegments(catalog.recorded(streamPath, startMs, endMs), versions);
  const led: Segment[] = [];
  const before = (segment: Segment): Promise<Segment | undefined> => {
    led.push(segment);
    return segmentBefore(parts, segment);
  };
  const plan = await compose(parts, segments, query, { identity, before }).catch(async (error: unknown) => {
    if (!(error instanceof BoxcarError) || error.error !== "codec_change") throw error;
    const spans = await playableSpans(catalog, query);
    throw new BoxcarError(error.error, error.status, error.message, { ...error.fields, spans }, error);
  });
  if (plan === undefined) {
    const [start, end] = [startMs, endMs].map(formatTime);
    const message = `Nothing of ${streamPath} is recorded between ${start} and ${end}. The timeline and list calls say what is.`;
    throw new BoxcarError("not_recorded", 404, message, { streamPath });
  }
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
  const plan = await compose(parts, [[segment]], query, { identity: ["whole", options.changes], before });
  if (plan === undefined) throw noSyncSample(segment);
  return plan;
}

/** The segment that one follows without a gap: of several the one that started last. */
async function segmentBefore({ catalog, gapToleranceMs }: PlanParts, segment: Segment): Promise<Segment | undefined> {
  const { streamPath, startMs } = segment;
  const toleranceMs = gapToleranceMs ?? DEFAULT_GAP_TOLERANCE_MS;
  let found: Segment | undefined;
  for await (const { segments } of catalog.recorded(streamPath, startMs - toleranceMs - 1, startMs)) {
    for (const one of segments) {
      if (one.startMs < startMs && Math.abs(one.endMs - startMs) <= toleranceMs) found = one;
    }
  }
  return found;
}

function noSyncSample({ id }: Segment): BoxcarError {
  const message = `Segment ${id} has no sync sample to start from, nor has what is recorded before it. Download it as it is stored, by id.`;
  return new BoxcarError("no_sync_sample", 409, message, { id });
}

type Pages = AsyncIterable<readonly Segment[]> | Iterable<readonly Segment[]>;

async function compose(
  parts: PlanParts,
  pages: Pages,
  query: Omit<RangeQuery, "streamPath">,
  { identity, before }: { readonly identity: readonly unknown[]; readonly before: SegmentBefore },
): Promise<Plan | undefined> {
  const { core, store, catalog } = parts;
  const indexes = parts.indexes ?? new IndexCache((ids) => catalog.indexesOf(ids));
  const gapToleranceMs = parts.gapToleranceMs ?? DEFAULT_GAP_TOLERANCE_MS;
  const cuts = parts.cuts ?? new Cuts(core, indexes);
  const identities: unknown[] = [LAYOUT_VERSION, gapToleranceMs, ...identity];
  const builder = new PlanBuilder({
    ...{ ...query, gapToleranceMs, core, cuts, indexOf: ({ id }) => indexes.get(id) },
    before: async (segment) => {
      const found = await before(segment);
      if (found !== undefined) identities.push("before", found.id, found.etag);
      return found;
    },
  });
  for await (const page of pages) {
    for (const segment of page) {
      identities.push(segment.id, segment.etag, segment.startMs);
      // For most there is nothing to wait for, and waiting takes longer than adding.
      const cutting = builder.add(segment);
      if (cutting !== undefined) await cutting;
    }
  }
  const hash = digest(parts.sha256 ?? webSha256, identities);
  const composition = await builder.finish();
  if (composition === undefined || composition.pieces.length === 0) {
    if (builder.undecodable !== undefined) throw noSyncSample(builder.undecodable);
    return undefined;
  }
  const headers = await readHeaders(core, composition, indexes);
  return describe(
    { core, store, indexes, composition, headers, chapters: query.chapters ?? false, captions: query.captions },
    await hash,
  );
}

function describe(layout: LayoutParts, hash: string): Plan {
  const { composition } = layout;
  const made: { mp4?: Media; fmp4?: Media } = {};
  return {
    startMs: composition.startMs,
    endMs: composition.endMs,
    joints: composition.joints,
    gaps: composition.gaps,
    coverage: composition.coverage,
    clock: composition.clock,
    codecs: composition.tracks.map((track) => track.codec).join(","),
    segments: composition.pieces.length,
    media: (format) => (made[format] ??= mediaOf(layout, hash, format)),
  };
}

function mediaOf(layout: LayoutParts, hash: string, format: "mp4" | "fmp4"): Media {
  const regions = format === "mp4" ? layoutMp4(layout) : layoutFmp4(layout);
  return {
    size: regions.reduce((sum, region) => sum + region.length, 0),
    etag: `${hash}-${format}`,
    read: (span) => readRegions(regions, span),
  };
}

/**
 * The raw sample entries of each track, made fit for parameter sets in the samples where there are any, and the kept boxes
 * of the segment it comes from.
 */
async function readHeaders(core: Core, composition: Composition, indexes: IndexCache): Promise<TrackHeaders[]> {
  const all: TrackHeaders[] = [];
  const kept = new Map<number, Uint8Array>();
  for (const track of composition.tracks) {
    const entries: Uint8Array[] = [];
    for (const { segment, offset, length } of track.descriptions) {
      const entry = (await indexes.get(segment.id)).subarray(offset, offset + length);
      entries.push(track.inband ? core.allowInband(entry) : entry);
    }
    const bytes = new Uint8Array(entries.reduce((sum, entry) => sum + entry.length, 0));
    let at = 0;
    for (const entry of entries) {
      bytes.set(entry, at);
      at += entry.length;
    }
    const { segment, keptOffset } = track.source;
    const boxes = kept.get(segment.id) ?? (await indexes.get(segment.id)).slice(keptOffset);
    kept.set(segment.id, boxes);
    all.push({ descriptions: bytes, kept: boxes });
  }
  return all;
}

/** 128 bits of SHA-256, hexadecimal. */
async function digest(sha256: Sha256, values: readonly unknown[]): Promise<string> {
  const hash = await sha256(new TextEncoder().encode(JSON.stringify(values)));
  return [...hash.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
