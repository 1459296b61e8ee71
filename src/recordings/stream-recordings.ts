import { BoxcarError } from "../base/errors.ts";
import { formatTime } from "../base/time.ts";
import { DAY_MS } from "../base/units.ts";
import { TimedSegment } from "../core/planning/placed-segment.ts";
import { areUsual } from "../core/streaming/groups.ts";
import { configurationName, configurationOf, initSegment, type InitName } from "../core/streaming/init-segment.ts";
import { planMediaSegment, type MediaName, type StreamedMedia } from "../core/streaming/media-segment.ts";
import { withMargin, streamRange } from "../core/streaming/stream-range.ts";
import type { StreamQuery, StreamSink } from "../core/streaming/streamed.ts";
import type { PartName } from "../core/streaming/partial-segments.ts";
import type { RecordedSegment } from "../core/segment.ts";
import type { RecordedBounds } from "../catalog/recorded.ts";
import type { RecordedPage } from "../catalog/recorded-hours.ts";
import type { Segment } from "../catalog/types.ts";
import { boundedSink } from "./bounded-sink.ts";
import { readyHours } from "./hours/ready-hours.ts";
import { addRecordings } from "./hours/run-recording.ts";
import { recordedSegments, segmentBefore, type PlanBounds, type SharingParts } from "./plan-range.ts";
import { recordedAndGrowing, versionWithGrowing } from "./with-growing.ts";

/** A range of a stream. */
export interface RecordingsQuery extends StreamQuery {
  readonly streamPath: string;
}

/** How far the start of a recording may have been corrected since a playlist named it, milliseconds. */
const MOST_CORRECTION_MS = 120_000;
/** Recordings that are looked at for a configuration: those whose first track has the same sample entries. */
const MOST_LOOKED_AT = 64;
/** Of these, those that are read first: mostly the newest is the one. */
const FIRST_LOOKED_AT = 1;
/** Longest range that is streamed, milliseconds: its playlists are made as a whole. */
export const LONGEST_STREAM_MS = 31 * DAY_MS;

/** A validator of what a range is divided into: it changes whenever the division may, except by a recording before the range. */
export function streamVersion({ catalog }: SharingParts, query: RecordingsQuery): Promise<string> {
  const { startMs, endMs } = withMargin(query);
  return versionWithGrowing(catalog, query.streamPath, startMs, endMs);
}

/**
 * Divides a range of a stream into media segments.
 * @returns the `streamVersion` of what was divided; undefined when a recording before the range takes part, so that no version tells
 * @throws BoxcarError `not_recorded` (404), `range_too_large` (400), and as `streamRange` does
 */
export async function streamRecordings(
  parts: SharingParts,
  query: RecordingsQuery,
  sink: StreamSink,
  bounds: PlanBounds,
): Promise<string | undefined> {
  const { streamPath, startMs, endMs } = query;
  if (endMs - startMs > LONGEST_STREAM_MS) throw tooLong(endMs - startMs);
  const { catalog } = parts;
  const wide = withMargin(query);
  const versions = new Set<string>();
  const recorded = (more: RecordedBounds = {}): AsyncGenerator<RecordedPage> =>
    recordedAndGrowing(catalog, streamPath, wide.startMs, wide.endMs, { ...bounds, ...more });
  const hours = { hoursUntilMs: Number.POSITIVE_INFINITY, beside: "groups" } as const;
  const { mostSegments } = bounds;
  const most = mostSegments === undefined ? undefined : { segments: mostSegments, range: wide };
  const pages = areUsual(query.length)
    ? readyHours({ ...parts, pace: bounds.pace }, streamPath, recorded(hours), addRecordings, versions, most)
    : recordedSegments(recorded(), versions);
  const led: RecordedSegment[] = [];
  const before = (segment: RecordedSegment): Promise<RecordedSegment | undefined> => {
    led.push(segment);
    return segmentBefore(parts, streamPath, segment, bounds.pace);
  };
  if (await streamRange(parts, pages, query, boundedSink(sink), { before, pace: bounds.pace })) {
    return led.length > 0 ? undefined : [...versions].join();
  }
  const [startTime, endTime] = [formatTime(startMs), formatTime(endMs)];
  const message = `Nothing of ${streamPath} that can be streamed is recorded between ${startTime} and ${endTime}.`;
  throw new BoxcarError("not_recorded", message, { streamPath, startTime, endTime });
}

/**
 * Finds a media segment that a playlist named. Undefined when there is none of that name.
 * @throws BoxcarError `segment_deleted` (410), and as `planMediaSegment` does
 */
export async function recordedMedia(
  parts: SharingParts,
  streamPath: string,
  name: MediaName,
): Promise<StreamedMedia | undefined> {
  const segment = await namedRecording(parts, streamPath, name);
  return segment && planMediaSegment(parts, segment, name);
}

/**
 * Finds a Partial Segment that a playlist named, or that comes next. Undefined when there is none of that name.
 * @returns `coming` when it is the next one of what is being recorded
 * @throws BoxcarError `segment_deleted` (410), and as `planMediaSegment` and `Groups.parted` do
 */
export async function recordedPart(
  parts: SharingParts,
  streamPath: string,
  { part: number, lengthMs, ...name }: PartName,
): Promise<StreamedMedia | "coming" | undefined> {
  const segment = await namedRecording(parts, streamPath, name);
  if (segment === undefined) return undefined;
  const timed = parts.queries.timed(segment);
  const found = await parts.groups.parted(timed, name.first, { lengthMs, even: false });
  const part = found?.parts[number];
  if (part === undefined) return found?.whole === false && found.parts.length === number ? "coming" : undefined;
  return planMediaSegment(parts, segment, { ...name, first: part.first, end: part.end, partial: true });
}

async function namedRecording(
  { catalog, indexes }: SharingParts,
  streamPath: string,
  { id, startMs }: Pick<MediaName, "id" | "startMs">,
): Promise<Segment | undefined> {
  const keepIndex = (index: Uint8Array): void => {
    indexes.keep(id, index);
  };
  const segment = (await catalog.segment(id, indexes.has(id) ? undefined : keepIndex)) ?? catalog.growing.ofRow(id);
  if (segment === undefined && (await catalog.wasDeleted(id))) {
    const message = `Segment ${id} of ${streamPath} was deleted. Ask for the playlist again.`;
    throw new BoxcarError("segment_deleted", message, { id });
  }
  const isNamed = segment?.streamPath === streamPath && Math.abs(segment.startMs - startMs) <= MOST_CORRECTION_MS;
  return isNamed ? segment : undefined;
}

/** Finds an init segment that a playlist named. Undefined when there is none of that name. */
export async function recordedInit(
  { catalog, core, indexes, sha256 }: SharingParts,
  streamPath: string,
  { key, configuration, tracks }: InitName,
): Promise<Uint8Array | undefined> {
  const growing = catalog.growing.all(streamPath);
  for await (const segment of candidates()) {
    const timed = new TimedSegment(segment);
    if ((await configurationName(configurationOf(timed), sha256)) !== configuration) continue;
    return initSegment(core, timed, await indexes.get(segment.id), tracks);
  }
  return undefined;

  async function* candidates(): AsyncGenerator<Segment> {
    yield* growing;
    for (const most of [FIRST_LOOKED_AT, MOST_LOOKED_AT]) yield* await catalog.configured(streamPath, key, most);
  }
}

function tooLong(lengthMs: number): BoxcarError {
  const [asked, longest] = [Math.ceil(lengthMs / DAY_MS), LONGEST_STREAM_MS / DAY_MS];
  const message = `A playlist holds at most ${String(longest)} days; these are ${String(asked)}. Ask for shorter ranges, one after another.`;
  return new BoxcarError("range_too_large", message, { longestSeconds: LONGEST_STREAM_MS / 1000 });
}
