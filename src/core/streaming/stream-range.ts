import type { Interval } from "../../base/interval.ts";
import { Breather } from "../../base/breather.ts";
import type { Pace } from "../../base/ports.ts";
import type { IndexQueries } from "../planning/index-queries.ts";
import type { SegmentBefore } from "../planning/lead.ts";
import { Placer } from "../planning/placer.ts";
import { isReady, type Page } from "../planning/ready-segments.ts";
import { noSyncSample } from "../planning/plan-errors.ts";
import { INDEX_PAGE, type RecordedSegment } from "../segment.ts";
import type { Groups } from "./groups.ts";
import { Joiner } from "./joiner.ts";
import { hasMediaTimes } from "./media-time.ts";
import { streamedTracks } from "../streamed-tracks.ts";
import { Divider } from "./divider.ts";
import type { StreamQuery, StreamSink } from "./streamed.ts";

/** Recordings up to this far outside a range are placed, too, so that neighbouring ranges find the same take-overs; milliseconds. */
const AROUND_MS = 60_000;

/** So many media segments are as much work as placing one recording. */
const IN_STEP = 8;

/** What `streamRange` works with. */
export interface StreamRangeParts {
  readonly queries: IndexQueries;
  readonly groups: Groups;
  readonly gapToleranceMs: number;
}

/** The range whose recordings `streamRange` needs: the one asked for, with a margin on both sides. */
export function withMargin({ startMs, endMs }: Pick<StreamQuery, "startMs" | "endMs">): Interval {
  return { startMs: startMs - AROUND_MS, endMs: endMs + AROUND_MS };
}

/**
 * Divides a range into media segments, each of one recording: whole groups of pictures, except where another recording
 * takes over. The range's first and last media segments are whole, too. Recordings are placed as a plan places them.
 * @param pages the recordings of `withMargin(query)`, in the order of their starts
 * @returns whether the sink was given any media segment
 * @throws BoxcarError `no_sync_sample` (409), `encrypted` (409), `index_missing` (503), and as the pace does
 */
export async function streamRange(
  parts: StreamRangeParts,
  pages: AsyncIterable<Page<Divider>>,
  query: StreamQuery,
  sink: StreamSink,
  { before, pace = new Breather() }: { readonly before: SegmentBefore; readonly pace?: Pace | undefined },
): Promise<boolean> {
  const { queries, groups, gapToleranceMs } = parts;
  const joiner = new Joiner(query, sink, gapToleranceMs);
  let upcoming = (): readonly number[] => [];
  const divider = new Divider(query, joiner, queries, (timed) => groups.of(timed, query.length, upcoming), pace);
  const placer = new Placer(
    { ...withMargin(query), cut: "keyframe", gaps: "skip", gapToleranceMs, queries, before },
    divider,
  );
  // The work of the media segments is waited for ahead, not between them: many requests that are half done hold much memory.
  await pace.breathe(Math.floor((query.endMs - query.startMs) / query.length.lengthMs / IN_STEP));
  const add = async (segment: RecordedSegment): Promise<void> => {
    const { summary } = queries.timed(segment);
    if (!hasMediaTimes(segment) || streamedTracks(summary, query.tracks).length === 0) return;
    await placer.add(segment);
    const resting = pace.breathe(1);
    if (resting !== undefined) await resting;
  };
  for await (const page of pages) {
    if (isReady(page)) {
      upcoming = () => [];
      await page.addTo({ placer, sink: divider, add });
      await pace.breathe();
      continue;
    }
    for (const [i, segment] of page.entries()) {
      upcoming = () => page.slice(i, i + INDEX_PAGE).map(({ id }) => id);
      await add(segment);
    }
  }
  await placer.finish();
  joiner.finish();
  if (!joiner.any && placer.undecodable !== undefined) throw noSyncSample(placer.undecodable);
  return joiner.any;
}
