import type { Catalog } from "../catalog/catalog.ts";
import type { EventLevel, Segment } from "../catalog/types.ts";

/** Rates a segment that has just become ready by the events of its time. */
export async function rateByEvents(catalog: Catalog, segment: Segment): Promise<void> {
  const [level = null] = await catalog.events.levels([segment]);
  if (level !== null) await rate(catalog, segment, level);
}

/** Rates a segment, unless it is rated as high already. */
export async function rate(catalog: Catalog, { id, eventLevel }: Segment, level: EventLevel): Promise<void> {
  if (eventLevel === level || eventLevel === "high") return;
  await catalog.rateSegment(id, level);
}
