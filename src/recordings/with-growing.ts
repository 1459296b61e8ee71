import { NOTHING_AROUND, type Around, type Interval } from "../base/interval.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { GROWING, type GrowingSegments } from "../catalog/growing.ts";
import type { RecordedBounds } from "../catalog/recorded.ts";
import type { RecordedPage } from "../catalog/recorded-hours.ts";
import type { ListQuery, Segment, SegmentPage } from "../catalog/types.ts";
import { matches } from "../base/scopes.ts";
import type { Store } from "../base/ports.ts";

/** `Catalog.recorded`, with what is being recorded here. */
export async function* recordedAndGrowing(
  catalog: Catalog,
  streamPath: string,
  startMs: number,
  endMs: number,
  bounds?: RecordedBounds,
): AsyncGenerator<RecordedPage, void, undefined> {
  // Before the rows: what becomes ready meanwhile is among both, and is left out here.
  let growing = growingWithin(catalog, streamPath, startMs, endMs, bounds?.around);
  const growingMs = Math.min(...growing.map((segment) => segment.startMs));
  const hoursUntilMs = Math.min(bounds?.hoursUntilMs ?? Number.NEGATIVE_INFINITY, growingMs);
  for await (const page of catalog.recorded(streamPath, startMs, endMs, { ...bounds, hoursUntilMs })) {
    // Hours are over before what is being recorded begins.
    if (growing.length === 0 || page.hour !== undefined) {
      yield page;
      continue;
    }
    const ready = new Set(page.segments.map(({ id }) => id));
    growing = growing.filter(({ id }) => !ready.has(catalog.growing.rowOf(id) ?? 0));
    const lastMs = page.segments.at(-1)?.startMs ?? Number.NEGATIVE_INFINITY;
    const before = growing.filter((segment) => segment.startMs < lastMs);
    growing = growing.filter((segment) => segment.startMs >= lastMs);
    const segments = [...page.segments, ...before].sort((a, b) => a.startMs - b.startMs);
    yield { segments, version: page.version + versionOf(before) };
  }
  if (growing.length > 0) yield { segments: growing, version: versionOf(growing) };
}

/** `Catalog.recordedVersion`, with what is being recorded here. */
export async function versionWithGrowing(
  catalog: Catalog,
  streamPath: string,
  startMs: number,
  endMs: number,
  around?: Around,
): Promise<string> {
  const growing = growingWithin(catalog, streamPath, startMs, endMs, around);
  const version = await catalog.recordedVersion(streamPath, startMs, endMs, around);
  return growing.length === 0 ? version : `${version}${versionOf(growing)}`;
}

function growingWithin(
  { growing }: Catalog,
  streamPath: string,
  startMs: number,
  endMs: number,
  { beforeMs, behindMs } = NOTHING_AROUND,
): readonly Segment[] {
  return growing.overlapping(streamPath, startMs - beforeMs, endMs + behindMs);
}

/** `Catalog.recordedTime`, with what is being recorded here. */
export async function recordedTime(catalog: Catalog, streamPath: string): Promise<Interval | undefined> {
  const ready = await catalog.recordedTime(streamPath);
  const growing = catalog.growing.all(streamPath);
  const all = ready === undefined ? growing : [ready, ...growing];
  if (all.length === 0) return undefined;
  const startMs = Math.min(...all.map((segment) => segment.startMs));
  return { startMs, endMs: Math.max(...all.map((segment) => segment.endMs)) };
}

/** `Catalog.recordedAround`, with what is being recorded here. */
export async function recordedAround(
  catalog: Catalog,
  streamPath: string,
  startMs: number,
): Promise<{ readonly beforeMs?: number; readonly afterMs?: number }> {
  const { beforeMs, afterMs } = await catalog.recordedAround(streamPath, startMs);
  const growing = catalog.growing.all(streamPath);
  const before = growing.filter((segment) => segment.startMs < startMs).map(({ endMs }) => endMs);
  const after = growing.filter((segment) => segment.startMs >= startMs).map((segment) => segment.startMs);
  const latestMs = Math.max(beforeMs ?? Number.NEGATIVE_INFINITY, ...before);
  const earliestMs = Math.min(afterMs ?? Number.POSITIVE_INFINITY, ...after);
  return {
    ...(Number.isFinite(latestMs) && { beforeMs: latestMs }),
    ...(Number.isFinite(earliestMs) && { afterMs: earliestMs }),
  };
}

/** `Catalog.list`, behind what is being recorded here. */
export async function listWithGrowing(catalog: Catalog, query: ListQuery): Promise<SegmentPage> {
  const { streamPath, within, startMs, endMs, match, eventLevel, pageNum, pageSize } = query;
  const [fromMs, toMs] = [startMs ?? Number.NEGATIVE_INFINITY, endMs ?? Number.POSITIVE_INFINITY];
  const open = catalog.growing.streamPaths
    .filter((path) => matches(streamPath, path) && (within ?? ["*"]).some((pattern) => matches(pattern, path)))
    .flatMap((path) => catalog.growing.overlapping(path, fromMs, toMs))
    .filter((segment) => match !== "contained" || (segment.startMs >= fromMs && segment.endMs <= toMs))
    .sort((a, b) => b.startMs - a.startMs);
  if (open.length === 0) return catalog.list(query);
  const levels = await catalog.events.levels(open);
  const growing = open
    .map((segment, i) => ({
      ...segment,
      id: catalog.growing.rowOf(segment.id) ?? segment.id,
      eventLevel: levels[i] ?? null,
    }))
    .filter((segment) => eventLevel === undefined || segment.eventLevel === eventLevel);
  const first = (pageNum - 1) * pageSize;
  const shown = growing.slice(first, first + pageSize);
  const skip = Math.max(0, first - growing.length);
  const { total, segments } = await catalog.list({ ...query, skip });
  const ready = segments.slice(0, pageSize - shown.length);
  return { total: total + growing.length, segments: [...shown, ...ready] };
}

function versionOf(growing: readonly Segment[]): string {
  return growing.map(({ id }) => ` ${String(id)}`).join("");
}

/** A store that reads what is being recorded from where it lies until the store has it: the bytes are the same. */
export function storeWithGrowing(store: Store, growing: GrowingSegments): Store {
  return {
    put: (key, body, size) => store.put(key, body, size),
    get: (key, span, ifMatch) => {
      if (ifMatch?.startsWith(GROWING) !== true) return store.get(key, span, ifMatch);
      return growing.byKey(key)?.read(span) ?? store.get(key, span);
    },
    ahead: (key) => (growing.byKey(key) === undefined ? store.ahead?.(key) : undefined),
    head: (key) => store.head(key),
    delete: (key) => store.delete(key),
    list: (prefix) => store.list(prefix),
    presign: store.presign,
  };
}
