import { lengthOf } from "../base/bytes.ts";
import {
  compose,
  type ComposeOptions,
  type Composed,
  type Pages,
  type PlanParts,
  type SegmentsQuery,
} from "./compose.ts";
import { layoutFmp4 } from "./layout/layout-fmp4.ts";
import { layoutMp4 } from "./layout/layout-mp4.ts";
import type { LayoutParts } from "./layout/layout.ts";
import { weightOf } from "./layout/plan-weight.ts";
import { readRegions } from "./layout/regions.ts";
import type { Interval } from "../base/interval.ts";
import type { ClockReading } from "./planning/recorded-times.ts";
import { isVideo } from "./track-kinds.ts";
import type { Media } from "./reading/media.ts";

/** What would be delivered. Everything that can be refused has been by now, but the captions of more than a year. */
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
  /** Bytes of the output: the layout is arithmetic and reads nothing. @throws BoxcarError `captions_too_long` (400) */
  size(format: "mp4" | "fmp4"): number;
  /** As `Media` has it. */
  etag(format: "mp4" | "fmp4"): string;
}

/** What will be delivered. */
export interface Plan extends RangeOutline {
  /** The output's bytes. @throws BoxcarError `captions_too_long` (400) */
  media(format: "mp4" | "fmp4"): Media;
}

/**
 * Plans an output of segments, given page by page in the order of their starts: whole, or only its outline where it has more
 * pieces than are kept. Undefined when no sample falls into the range.
 * @throws BoxcarError `no_sync_sample` (409), `codec_change` (409), `encrypted` (409), `gap_too_long` (400),
 *   `too_many_changes` (409), `index_missing` (503), and as the pace does
 */
export async function planPages(
  parts: PlanParts,
  pages: Pages,
  query: SegmentsQuery,
  options: ComposeOptions,
): Promise<RangeOutline | Plan | undefined> {
  const composed = await compose(parts, pages, query, options);
  return composed && describe(composed);
}

/** What a query asks for, as the ETag names it: what came later is only named where it differs from before. */
export function identityOf({
  startMs,
  endMs,
  cut,
  gaps,
  changes,
  sound,
  edits,
  tag,
  chapters,
  captions,
}: SegmentsQuery): unknown[] {
  const identity: unknown[] = [startMs, endMs, cut, gaps, changes, chapters !== undefined];
  if (chapters !== undefined && chapters.offsetMinutes !== 0) identity.push("chapters", chapters.offsetMinutes);
  if (chapters?.marks !== undefined) identity.push("marks", chapters.marks);
  if (sound === "keep") identity.push("sound");
  if (edits === "none") identity.push("edits");
  if (tag !== undefined) identity.push("tag", tag);
  if (captions !== undefined) identity.push("clock", captions.offsetMinutes);
  return identity;
}

/** Whether all pieces of a plan were kept. */
export function isWhole(plan: RangeOutline | Plan): plan is Plan {
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
    etag: (format) => etagOf(hash, format),
  };
  return composition.pieces.length < composition.segments ? outline : { ...outline, media };
}

/** The codecs of a track's sample entries as they stand in the output, each once. */
function codecsOf({ core }: LayoutParts, handler: number, descriptions: Uint8Array = new Uint8Array(0)): string {
  return [...new Set(core.entries.codecs(handler, descriptions))].join(",");
}

function etagOf(hash: string, format: "mp4" | "fmp4"): string {
  return `${hash}-${format}`;
}

function mediaOf(layout: LayoutParts, hash: string, format: "mp4" | "fmp4"): Media {
  const regions = format === "mp4" ? layoutMp4(layout) : layoutFmp4(layout);
  return {
    size: lengthOf(regions),
    etag: etagOf(hash, format),
    read: (span) => readRegions(regions, span),
  };
}
