import type { RecordedSegment } from "../segment.ts";
import type { PieceMaker } from "./piece-maker.ts";
import type { Placer } from "./placer.ts";

/** What segments are added to. */
export interface PlanTarget {
  readonly placer: Placer;
  readonly maker: PieceMaker;
  /** Adds one segment. */
  readonly add: (segment: RecordedSegment) => Promise<void>;
}

/** Segments that know a shorter way into a plan than one by one; their pieces are not made. */
export interface ReadySegments {
  /** The digest of their `SegmentNames`. */
  readonly names: string;
  /** Adds all of them. */
  addTo(target: PlanTarget): Promise<void>;
}

/** Whether a page of segments is made ready. */
export function isReady(page: readonly RecordedSegment[] | ReadySegments): page is ReadySegments {
  return "addTo" in page;
}
