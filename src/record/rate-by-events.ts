import type { Catalog } from "../catalog/catalog.ts";
import type { EventLevel, Segment } from "../catalog/types.ts";

/** Rates a segment that has just become ready by the events of its time. */
export async function rateByEvents(catalog: Catalog, segment: Segment): Promise<void> {
  const { streamPath, startMs, endMs } = segment;
  // One by one: of many events only some would be listed.
  for (const level of ["high", "low"] as const) {
    const events = await catalog.events.list({ streamPath, startMs, endMs, level, limit: 1 });
    if (events.length > 0) return rate(catalog, segment, level);
  }
}

/** Rates a segment, unless it is rated as high already. */
export async function rate(catalog: Catalog, { id, eventLevel }: Segment, level: EventLevel): Promise<void> {
  if (eventLevel === level || eventLevel === "high") return;
  await catalog.rateSegment(id, level);
}
