import type { RecordedSegment } from "../segment.ts";
import { isVideo } from "../track-kinds.ts";
import { TimedSegment } from "./placed-segment.ts";
import { TrackFlag } from "../wasm/abi/names.ts";
import { readSummary } from "../wasm/records/summary.ts";

/** Finds the segment that a segment follows without a gap; undefined when there is none. */
export type SegmentBefore = (segment: RecordedSegment) => Promise<RecordedSegment | undefined>;

/** Whether a segment that starts at `startMs` follows another one without a gap. */
export function follows(
  before: Pick<RecordedSegment, "startMs" | "endMs">,
  startMs: number,
  toleranceMs: number,
): boolean {
  return before.startMs < startMs && Math.abs(before.endMs - startMs) <= toleranceMs;
}

/** Most segments gone back over to find a sync sample: some minutes of a group of pictures. */
const MAX_LEAD = 100;

/**
 * The segments that have to be decoded before one whose first sync sample comes too late, in order: from the one with
 * the last sync sample on. None when there is no sync sample before it, or the segments before are not of its kind.
 */
export async function leadOf(
  timed: TimedSegment,
  before: SegmentBefore,
  timedOf: (segment: RecordedSegment) => TimedSegment,
): Promise<TimedSegment[]> {
  const lead: TimedSegment[] = [];
  for (let at = timed; lead.length < MAX_LEAD;) {
    const found = await before(at.segment);
    const earlier = found && timedOf(found);
    if (earlier?.kind !== timed.kind) return [];
    lead.unshift(earlier);
    if (earlier.reference.syncSamples > 0) return lead;
    at = earlier;
  }
  return [];
}

/** The segments that a segment's first pictures are decoded from, in order; none where it begins with a sync sample. */
export async function decodedFrom(segment: RecordedSegment, before: SegmentBefore): Promise<RecordedSegment[]> {
  const timed = new TimedSegment(segment);
  if (!startsLate(timed)) return [];
  const lead = await leadOf(timed, before, (earlier) => new TimedSegment(earlier));
  return lead.map((earlier) => earlier.segment);
}

/** Whether pictures of a segment need others from before it to be decoded. */
export function startsLate({ reference }: Pick<TimedSegment, "reference">): boolean {
  return isVideo(reference) && (reference.flags & TrackFlag.LateSync) !== 0;
}

/** `startsLate` by a segment's summary: whether it has sync samples, but begins without one. @throws BoxcarError `bad_index` (500) */
export function goesOnAmidGroup(summary: Uint8Array): boolean {
  const { tracks, reference } = readSummary(summary);
  const track = tracks[reference];
  return track !== undefined && startsLate({ reference: track });
}
