import type { Catalog } from "../catalog/catalog.ts";
import { recordedAndGrowing, recordedTime } from "../recordings/with-growing.ts";
import type { Segment } from "../catalog/types.ts";
import { BoxcarError } from "../base/errors.ts";
import { formatTime } from "../base/time.ts";

/** A recorded segment that shows a moment. */
export interface ShownSegment {
  readonly segment: Segment;
  /** Wall clock, milliseconds; it may lie beyond the segment's ends. */
  readonly atMs: number;
}

/**
 * The segment that shows a moment of a recording. Where recordings overlap it is the one that started last, as in
 * downloads; in a distance that is not yet a gap, the picture before it is held.
 * @param askedMs wall clock, milliseconds; undefined: the newest recorded picture
 * @throws BoxcarError `not_recorded` (404)
 */
export async function shownAt(
  catalog: Catalog,
  streamPath: string,
  askedMs: number | undefined,
  gapToleranceMs: number,
): Promise<ShownSegment> {
  const newest = askedMs === undefined ? (await recordedTime(catalog, streamPath))?.endMs : undefined;
  const atMs = askedMs ?? (newest === undefined ? undefined : newest - 1);
  let found: Segment | undefined;
  if (atMs !== undefined) {
    for await (const { segments } of recordedAndGrowing(catalog, streamPath, atMs - gapToleranceMs, atMs + 1)) {
      for (const segment of segments) {
        // One that still runs wins over one that has ended.
        if (found === undefined || segment.endMs > atMs || found.endMs <= atMs) found = segment;
      }
    }
  }
  if (found !== undefined && atMs !== undefined) return { segment: found, atMs };
  const when = askedMs === undefined ? "at all" : `at ${formatTime(askedMs)}`;
  const message = `Nothing of ${streamPath} is recorded ${when}.`;
  throw new BoxcarError("not_recorded", message, {
    streamPath,
    ...(askedMs !== undefined && { startTime: formatTime(askedMs) }),
  });
}
