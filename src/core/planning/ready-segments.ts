import type { RecordedSegment } from "../segment.ts";
import type { PlacedSink, Placer } from "./placer.ts";

/** Where ready segments are added. */
export interface ReadyTarget<Sink extends PlacedSink> {
  readonly placer: Placer;
  /** The placer's sink. */
  readonly sink: Sink;
  /** Adds one segment. */
  readonly add: (segment: RecordedSegment) => Promise<void>;
}

/** Segments that are added together by a shorter way than one by one. */
export interface ReadySegments<Sink extends PlacedSink> {
  /** The digest of their `SegmentNames`. */
  readonly names: string;
  /** Adds all of them. */
  addTo(target: ReadyTarget<Sink>): Promise<void>;
}

/** Segments in the order of their starts. */
export type Page<Sink extends PlacedSink> = readonly RecordedSegment[] | ReadySegments<Sink>;

/** Whether a page of segments is made ready. */
export function isReady<Sink extends PlacedSink>(page: Page<Sink>): page is ReadySegments<Sink> {
  return "addTo" in page;
}
