import { reachesInto, type Interval } from "../../base/interval.ts";
import { Breather } from "../../base/breather.ts";
import type { Pace, Sha256 } from "../../base/ports.ts";
import type { Catalog } from "../../catalog/catalog.ts";
import { HOUR_MS } from "../../base/units.ts";
import type { MadeHour } from "../../catalog/hours.ts";
import { tooLarge } from "../../catalog/recorded.ts";
import type { RecordedHour, RecordedPage, RowsRange } from "../../catalog/recorded-hours.ts";
import { DEFAULT_GAP_TOLERANCE_MS } from "../../core/compose.ts";
import type { PlacedSink } from "../../core/planning/placer.ts";
import type { Page } from "../../core/planning/ready-segments.ts";
import type { RecordedSegment } from "../../core/segment.ts";
import { SegmentNames } from "../../core/layout/plan-identity.ts";
import { keptRuns, readRuns, type KeptRuns } from "./kept-runs.ts";
import { keptColumns } from "./run-columns.ts";
import { keptGroups } from "./run-groups.ts";
import { keptPieces } from "./run-pieces.ts";
import { cutHour } from "./cut-hour.ts";
import { ReadyHour, type AddSpans } from "./ready-hour.ts";
import { findRuns } from "./find-runs.ts";
import { isRun } from "./segment-run.ts";
import type { IndexQueries } from "../../core/planning/index-queries.ts";

/** Hours that are kept in one transaction. */
const TOGETHER = 24;
/** Items that an hour has at most: with more, reading its segments is as fast. */
const MOST_ITEMS = 60;
/** Bytes of the columns beside an hour's runs: enough for some thousand segments, and little enough for one answer of a server with many hours. */
const MOST_BESIDE_BYTES = 192 << 10;

/** Stands for an hour with too many items: nothing of it is kept. */
const NOT_WORTH = "not worth it";

/** What hours are made ready with. */
interface HourParts {
  readonly catalog: Catalog;
  readonly queries: IndexQueries;
  readonly gapToleranceMs?: number | undefined;
  /** Default: WebCrypto's. */
  readonly sha256?: Sha256 | undefined;
  /** Default: a breath every ten milliseconds. */
  readonly pace?: Pace | undefined;
}

/**
 * The segments of pages, whole hours as runs. Runs of an hour that has none yet are found, and kept for whoever asks
 * next.
 * @param addSpans takes runs as wholes
 * @param versions takes the version of each page
 * @param most.segments that a range may have; default: any number
 * @throws BoxcarError `range_too_large` (400), `index_missing` (503), and as the pages do
 */
export async function* readyHours<Sink extends PlacedSink>(
  { catalog, queries, gapToleranceMs = DEFAULT_GAP_TOLERANCE_MS, sha256, pace = new Breather() }: HourParts,
  streamPath: string,
  pages: AsyncIterable<RecordedPage>,
  addSpans: AddSpans<Sink>,
  versions: Set<string>,
  most?: { readonly segments: number; readonly range: Interval },
): AsyncGenerator<Page<Sink>, void, undefined> {
  let found = 0;
  const count = <One extends ReadyHour<Sink> | readonly RecordedSegment[]>(page: One): One => {
    if (most === undefined) return page;
    const { segments, range } = most;
    found += page instanceof ReadyHour ? page.countIn(range) : page.filter((one) => reachesInto(one, range)).length;
    if (found > segments) throw tooLarge(segments);
    return page;
  };
  const made: MadeHour[] = [];
  const keep = (): Promise<void> => catalog.hours.keep(streamPath, made.splice(0)).catch(() => undefined); // made again when it is wanted
  try {
    for await (const { segments, version, hour } of pages) {
      versions.add(version);
      if (hour === undefined) {
        yield count(segments);
        continue;
      }
      const known = keptRunsOf(hour, gapToleranceMs);
      if (known !== undefined && known !== NOT_WORTH) {
        const ready = count(await pageOf(known, hour, addSpans, sha256));
        // The pieces of this hour will be kept.
        if (hour.pieces !== null && ready instanceof ReadyHour) await pace.breathe(ready.countIn());
        yield ready;
        continue;
      }
      const read = await hour.segments();
      if (known === NOT_WORTH || hour.pieces !== null || hour.groups !== null) {
        yield count(taken(read, hour.within));
        continue;
      }
      const items = await findRuns(queries, read, gapToleranceMs, pace);
      const named = new SegmentNames(sha256);
      for (const segment of read) await named.add(segment);
      const names = await named.digest();
      const { hour: number, version: ofHour } = hour;
      made.push({ hour: number, version: ofHour, ...keptOf({ items, names }, gapToleranceMs) });
      if (made.length === TOGETHER) await keep();
      yield count(await pageOf({ items, names }, hour, addSpans, sha256));
    }
  } finally {
    if (made.length > 0) await keep();
  }
}

/**
 * Finds and keeps the runs of hours that are over and have none yet, newest first.
 * @param most hours
 */
export async function makeHours(parts: Omit<HourParts, "pace">, most: number, signal: AbortSignal): Promise<void> {
  const pace = new Breather();
  const missing = await parts.catalog.hours.missing(most);
  for (const { streamPath, hour } of missing) {
    if (signal.aborted) break;
    const bounds = { pace, hoursUntilMs: Number.POSITIVE_INFINITY, eachHour: true };
    const pages = parts.catalog.recorded(streamPath, hour * HOUR_MS, (hour + 1) * HOUR_MS, bounds);
    const made = readyHours({ ...parts, pace }, streamPath, pages, () => false, new Set());
    while ((await made.next()).done !== true);
  }
}

/** What a range takes of an hour: told by the hour's runs where they can. */
async function pageOf<Sink extends PlacedSink>(
  runs: KeptRuns,
  { within, readColumns, segments, some }: RecordedHour,
  addSpans: AddSpans<Sink>,
  sha256: Sha256 | undefined,
): Promise<ReadyHour<Sink> | readonly RecordedSegment[]> {
  const read = { columns: readColumns, segments };
  if (within === undefined) return new ReadyHour(runs, read, addSpans);
  const cut = await cutHour(runs, within, some, sha256);
  if (cut === undefined) return taken(await segments(), within);
  const alone = cut.items.flatMap((item) => (isRun(item) ? [] : [item]));
  return alone.length === cut.items.length ? alone : new ReadyHour(cut, read, addSpans);
}

/** The segments of an hour that a range takes. @param within as `RecordedHour` has it */
function taken(segments: readonly RecordedSegment[], within: RowsRange | undefined): readonly RecordedSegment[] {
  return within === undefined ? segments : segments.filter((one) => reachesInto(one, within, within.around));
}

/** The kept runs of an hour; undefined when they have yet to be found. */
function keptRunsOf(
  { runs, columns, pieces, groups }: RecordedHour,
  toleranceMs: number,
): KeptRuns | typeof NOT_WORTH | undefined {
  if (runs === null) return undefined;
  return runs.length === 0 ? NOT_WORTH : readRuns(runs, toleranceMs, { columns, pieces, groups });
}

/** The row that keeps an hour. */
function keptOf(runs: KeptRuns, toleranceMs: number): Omit<MadeHour, "hour" | "version"> {
  if (runs.items.length > MOST_ITEMS) return { runs: new Uint8Array(0), columns: null, pieces: null, groups: null };
  const { items } = runs;
  return {
    runs: keptRuns(runs, toleranceMs),
    columns: keptColumns(items),
    pieces: bounded(keptPieces(items)),
    groups: bounded(keptGroups(items)),
  };
}

function bounded(bytes: Uint8Array | null): Uint8Array | null {
  return bytes !== null && bytes.length > MOST_BESIDE_BYTES ? null : bytes;
}
