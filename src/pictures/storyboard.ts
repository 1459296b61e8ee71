import type { Catalog } from "../catalog/catalog.ts";
import type { Segment } from "../catalog/types.ts";
import { Breather } from "../base/breather.ts";
import { BoxcarError } from "../base/errors.ts";
import { sampledEnd, shownSize, type Interval, type RangeOutline } from "../core/index.ts";
import type { ShownSegment } from "./shown-at.ts";

/** Small pictures of one sheet, side by side and one below the other. */
export const COLUMNS = 10;
/** Pictures of a full sheet. */
export const TILES = COLUMNS * COLUMNS;
/** Sheets a storyboard has at most. */
export const SHEETS = 10;
/** Milliseconds between two pictures at least. */
const LEAST_INTERVAL_MS = 1000;

/** One picture of a storyboard, for a stretch of the download's time. */
export interface Tile {
  /** Milliseconds from the start of the download. */
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  /** The moment that is shown, wall clock, milliseconds. */
  readonly wallMs: number;
}

/**
 * The pictures of a planned download, one an interval from its start on.
 * @param intervalMs undefined: so long that one sheet holds all
 * @throws BoxcarError `too_many_tiles` (400)
 */
export function tilesOf(plan: RangeOutline, intervalMs: number | undefined): { intervalMs: number; tiles: Tile[] } {
  const { clock } = plan;
  const last = clock.at(-1);
  const lengthMs = last === undefined ? 0 : last.atMs + Math.max(0, plan.endMs - last.wallMs);
  const step = intervalMs ?? Math.max(LEAST_INTERVAL_MS, Math.ceil(lengthMs / TILES / 1000) * 1000);
  const count = Math.ceil(lengthMs / step);
  if (step < LEAST_INTERVAL_MS || count > TILES * SHEETS) {
    const least = Math.max(LEAST_INTERVAL_MS, Math.ceil(lengthMs / TILES / SHEETS));
    const message = `A storyboard of this range has an interval of ${least} ms or more. Leave it out, or take a longer one.`;
    throw new BoxcarError("too_many_tiles", message, { leastIntervalMs: least });
  }
  const tiles: Tile[] = [];
  let reading = 0;
  for (let i = 0; i < count; i++) {
    const fromMs = i * step;
    while ((clock[reading + 1]?.atMs ?? Number.POSITIVE_INFINITY) <= fromMs) reading++;
    const { atMs, wallMs } = clock[reading] ?? { atMs: 0, wallMs: plan.startMs };
    tiles.push({ fromMs, toMs: Math.min(fromMs + step, lengthMs), wallMs: wallMs + fromMs - atMs });
  }
  return { intervalMs: step, tiles };
}

/** Segments of a range up to which all of them are looked through for those that show some moments. */
const WALKED = 5000;

/**
 * The segments that show moments of a plan, which ascend.
 * @param moments wall clock, milliseconds, within the plan's coverage or its gaps
 * @param signal aborted when the client has gone
 * @throws BoxcarError `client_gone` (499)
 */
export async function framesOf(
  catalog: Catalog,
  streamPath: string,
  { coverage, segments }: Pick<RangeOutline, "coverage" | "segments">,
  moments: readonly number[],
  signal?: AbortSignal,
): Promise<ShownSegment[]> {
  const breather = new Breather(signal);
  const look = (some: readonly number[]): Promise<ShownSegment[]> => {
    const [first = 0, last = first] = [some[0], some.at(-1)];
    return framesAt(catalog.overlapping(streamPath, lastCovered(coverage, first), last + 1), some);
  };
  if (segments <= WALKED) return look(moments);
  const frames: ShownSegment[] = [];
  for (const moment of moments) {
    frames.push(...(await look([moment])));
    await breather.breathe();
  }
  return frames;
}

/** The moment itself where it is recorded; in a gap the last moment before it. */
function lastCovered(coverage: readonly Interval[], moment: number): number {
  let [low, high] = [0, coverage.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((coverage[middle]?.startMs ?? 0) <= moment) low = middle + 1;
    else high = middle;
  }
  return Math.min(moment, (coverage[low - 1]?.endMs ?? moment) - 1);
}

/**
 * The segments that show moments, which ascend. In a gap the picture before it is held.
 * @param pages segments in order of their start
 */
async function framesAt(pages: AsyncIterable<readonly Segment[]>, moments: readonly number[]): Promise<ShownSegment[]> {
  const frames: ShownSegment[] = [];
  let before: Segment | undefined;
  const showUntil = (untilMs: number, next?: Segment): void => {
    for (;;) {
      const atMs = moments[frames.length];
      const segment = before ?? next;
      if (atMs === undefined || atMs >= untilMs || segment === undefined) return;
      frames.push({ segment, atMs });
    }
  };
  for await (const page of pages) {
    for (const segment of page) {
      showUntil(segment.startMs, segment);
      if (frames.length === moments.length) return frames;
      // One that lies wholly within what the one before has samples for adds nothing, in downloads neither.
      if (before === undefined || segment.endMs > sampledEnd(before)) before = segment;
    }
  }
  showUntil(Number.POSITIVE_INFINITY);
  return frames;
}

/** Pixels of one picture: as wide as asked, as high as its proportions have it; both even. */
export function tileSize(segment: Pick<Segment, "summary">, asked: number): { width: number; height: number } {
  const { width, height } = shownSize(segment.summary) ?? { width: 16, height: 9 };
  const ratio = height / width;
  const even = (length: number): number => Math.max(2, Math.round(length / 2) * 2);
  return { width: even(asked), height: Math.min(even(asked * ratio), even(asked * 4)) };
}

/**
 * A storyboard as WebVTT thumbnails: each cue names a part of a sheet by a media fragment (`#xywh=`).
 * @param sheetUrl of a sheet by its number, from 0
 */
export function writeStoryboard(
  tiles: readonly Tile[],
  size: { readonly width: number; readonly height: number },
  sheetUrl: (sheet: number) => string,
): string {
  const cues = tiles.map(({ fromMs, toMs }, i) => {
    const place = i % TILES;
    const [x, y] = [(place % COLUMNS) * size.width, Math.floor(place / COLUMNS) * size.height];
    const url = `${sheetUrl(Math.floor(i / TILES))}#xywh=${x},${y},${size.width},${size.height}`;
    return `${timestamp(fromMs)} --> ${timestamp(toMs)}\n${url}\n`;
  });
  return ["WEBVTT\n", ...cues].join("\n");
}

/** A time as WebVTT writes it: `01:02:03.456`. */
function timestamp(ms: number): string {
  const whole = Math.round(ms);
  const digits = (value: number, length: number): string => String(value).padStart(length, "0");
  const [hours, minutes, seconds] = [3_600_000, 60_000, 1000].map((unit, i) =>
    digits(Math.floor(whole / unit) % (i === 0 ? Number.MAX_SAFE_INTEGER : 60), 2),
  );
  return `${String(hours)}:${String(minutes)}:${String(seconds)}.${digits(whole % 1000, 3)}`;
}
