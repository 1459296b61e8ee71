import type { Catalog } from "../catalog/catalog.ts";
import type { EventLevel, Segment } from "../catalog/types.ts";

/** Rates a segment that has just become ready by the events of its time. */
export async function rateByEvents(catalog: Catalog, segment: Segment): Promise<void> {
  const { streamPath, startMs, endMs } = segment;
  const events = await catalog.events.list({ streamPath, startMs, endMs, limit: 1000 });
  if (events.some(({ level }) => level === "high")) await rate(catalog, segment, "high");
  else if (events.length > 0) await rate(catalog, segment, "low");
}

/** Rates a segment, unless it is rated as high already. */
export async function rate(catalog: Catalog, { id, eventLevel }: Segment, level: EventLevel): Promise<void> {
  if (eventLevel === level || eventLevel === "high") return;
  await catalog.rateSegment(id, level);
}
