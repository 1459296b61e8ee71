import { SelectionRule } from "../wasm/abi/names.ts";
import type { Selected, Selection } from "../wasm/abi/records.ts";
import { startsLate } from "./lead.ts";
import { needsSync } from "../track-kinds.ts";
import { ticksOf } from "../ticks.ts";
import type { IndexQueries } from "./index-queries.ts";
import { ROUNDING_MS, type TimedSegment } from "./placed-segment.ts";

type Queries = Pick<IndexQueries, "select">;

/** Finds where the reference track can be decoded from to present the moment `ticks`. */
export function findReference(queries: Queries, timed: TimedSegment, ticks: number): Promise<Selected> {
  const { reference, summary, segment } = timed;
  const start = ticks + ticksOf(ROUNDING_MS, reference.timescale);
  const rules = needsSync(reference) ? SelectionRule.FromSync : 0;
  const selection: Selection = { start, end: Number.POSITIVE_INFINITY, rules, preroll: 0 };
  return queries.select(segment, summary.reference, selection);
}

/**
 * From where on a segment can be decoded by itself, ticks of its reference track: from its first sample (-Infinity), or, where that
 * is no sync sample, from the first one. Undefined: it has none.
 */
export async function decodableFrom(queries: Queries, timed: TimedSegment): Promise<number | undefined> {
  if (!startsLate(timed)) return Number.NEGATIVE_INFINITY;
  const { count, pts } = await findReference(queries, timed, timed.reference.start);
  return count > 0 ? pts : undefined;
}

/** Whether a sync sample is presented at the moment `ticks`. */
export async function startsGroup(queries: Queries, timed: TimedSegment, ticks: number): Promise<boolean> {
  const { count, pts } = await findReference(queries, timed, ticks);
  return count > 0 && Math.abs(pts - ticks) <= ticksOf(ROUNDING_MS, timed.reference.timescale);
}

/** Until when the picture shown at a moment is held for longer than `toleranceMs`, ticks of the reference track. */
export async function holdAt(
  queries: Queries,
  timed: TimedSegment,
  wallMs: number,
  toleranceMs: number,
): Promise<number | undefined> {
  const { segment, summary, reference } = timed;
  const start = timed.ticksAt(wallMs, reference) + ticksOf(ROUNDING_MS, reference.timescale);
  const selection: Selection = { start, end: start + 1, rules: 0, preroll: 0 };
  const { count, presentedEnd } = await queries.select(segment, summary.reference, selection);
  return count > 0 && timed.wallAt(presentedEnd) - wallMs > toleranceMs ? presentedEnd : undefined;
}

/**
 * From where on a segment is taken whose edit list hides more in front than the one before lacks, ticks of its reference track:
 * what it is decoded from shows the moments of that one, which it takes over, or begins the output with. Where that one starts
 * later, it is there from its first sync sample that is shown.
 * @param output.startMs wall clock, milliseconds; isEmpty: nothing of it was made yet
 */
export async function fromHidden(
  queries: Queries,
  timed: TimedSegment,
  before: TimedSegment,
  output: { readonly startMs: number; readonly isEmpty: boolean },
): Promise<{ from: number; begins: boolean } | undefined> {
  const { reference, summary, segment } = timed;
  const { count, pts } = await findReference(queries, timed, reference.start);
  const wallMs = timed.wallAt(pts);
  if (count > 0 && wallMs > Math.max(output.startMs, before.segment.startMs)) return { from: pts, begins: false };
  if (count > 0 && wallMs <= output.startMs && output.isEmpty)
    return { from: Math.max(pts, timed.ticksAt(output.startMs, reference)), begins: true };
  const rules = SelectionRule.NextSync;
  const selection: Selection = { start: reference.start, end: Number.POSITIVE_INFINITY, rules, preroll: 0 };
  const next = await queries.select(segment, summary.reference, selection);
  return next.count > 0 ? { from: Math.max(next.pts, reference.start), begins: false } : undefined;
}
