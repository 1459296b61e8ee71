import type { RecordedSegment } from "../segment.ts";
import type { RunPlacer } from "./run-placer.ts";
import { isRun, type RunItem } from "./segment-run.ts";

/** The segments that start in one hour, as they were made ready beforehand. */
export interface ReadyHour {
  readonly items: readonly RunItem[];
  /** The digest of their `SegmentNames`. */
  readonly names: string;
  /** The same segments one by one. */
  readonly segments: () => Promise<readonly RecordedSegment[]>;
}

/** Whether a page of segments is a ready hour. */
export function isReadyHour(page: readonly RecordedSegment[] | ReadyHour): page is ReadyHour {
  return "items" in page;
}

/** How many segments an hour has. */
export function countOf({ items }: ReadyHour): number {
  return items.reduce((sum, item) => sum + (isRun(item) ? item.count : 1), 0);
}

/** Adds an hour: its runs as wholes where that can be. @param add adds one segment */
export async function addHour(
  placer: RunPlacer,
  hour: ReadyHour,
  add: (segment: RecordedSegment) => Promise<void>,
): Promise<void> {
  for (const item of hour.items) {
    if (!isRun(item)) await add(item);
    else if (!placer.addRun(item)) {
      await add(item.first);
      await add(item.second);
      if (placer.addRun(item)) continue;
      for (const segment of await hour.segments())
        if (isBehind(segment, item.second) && !isBehind(segment, item.last)) await add(segment);
    }
  }
}

/** Whether a segment comes after another one. */
function isBehind(segment: RecordedSegment, other: RecordedSegment): boolean {
  return segment.startMs === other.startMs ? segment.id > other.id : segment.startMs > other.startMs;
}
