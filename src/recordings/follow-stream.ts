import { TurnQueue } from "../base/breather.ts";
import { TimedSegment } from "../core/planning/placed-segment.ts";
import { configurationOf, initSegment } from "../core/streaming/init-segment.ts";
import { planMediaSegment } from "../core/streaming/media-segment.ts";
import type { StreamTracks } from "../core/streamed-tracks.ts";
import type { Segment } from "../catalog/types.ts";
import type { SharingParts } from "./plan-range.ts";
import { recordedAndGrowing } from "./with-growing.ts";

/** Who is behind what is recorded by more than this is taken to the newest sync sample, milliseconds. */
const BEHIND_MS = 10_000;
/** Groups of pictures as they are: a group begins with each sync sample. */
const EACH_SYNC = { lengthMs: 0, even: false };

/**
 * Viewers go on one in a turn of the event loop: hundreds may follow a stream, of which a fragment comes with each picture. Who
 * has waited for a turn is sent all that has come meanwhile.
 */
const goingOn = new TurnQueue();

/** A stream from now on. */
export interface FollowedStream {
  /** Wall clock, milliseconds, not rounded, of its first sample: media times count from there. */
  readonly startMs: number;
  /** Fragmented MP4: an init segment, then movie fragments as they are recorded, until the recording ends or changes. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** How a stream is followed. */
export interface FollowOptions {
  readonly tracks: StreamTracks;
  /** Whether more of it is being recorded. */
  readonly isRecorded: () => boolean;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Where a reader is: samples of the reference track up to here were sent. */
interface Position {
  segment: Segment;
  sample: number;
}

/**
 * Follows what is being recorded of a stream, from its newest sync sample on. Who reads slowly is taken to the newest sync
 * sample again, so that nothing piles up.
 * @returns undefined when nothing of it that has the tracks can be played by now
 */
export async function followStream(
  parts: SharingParts,
  streamPath: string,
  { tracks, isRecorded, signal }: FollowOptions,
): Promise<FollowedStream | undefined> {
  const segment = newest(parts, streamPath);
  const place = segment && (await newestSync(parts, segment));
  if (place === undefined) return undefined;
  const timed = new TimedSegment(place.segment);
  const index = await parts.indexes.get(place.segment.id);
  const init = initSegment(parts.core, timed, index, tracks);
  if (init === undefined) return undefined;
  const { pts } = parts.core.withIndex(index, (loaded) => loaded.run(timed.summary.reference, place.sample, 1));
  const startMs = timed.wallAt(pts);
  return { startMs, body: follow(parts, place, { init, tracks, startMs, isRecorded, signal }) };
}

async function* follow(
  parts: SharingParts,
  place: Position,
  options: FollowOptions & { readonly init: Uint8Array; readonly startMs: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  const { catalog, queries } = parts;
  const { init, tracks, startMs: originMs, isRecorded, signal } = options;
  const { streamPath } = place.segment;
  const configuration = configurationOf(queries.timed(place.segment)).text;
  yield init;
  while (!signal.aborted) {
    const growth = catalog.growing.growth(streamPath, signal);
    place.segment = (await current(parts, place.segment)) ?? place.segment;
    const timed = queries.timed(place.segment);
    const end = place.segment.open === true ? await queries.complete(timed) : timed.reference.samples;
    if (end > place.sample) {
      const { startMs } = place.segment;
      const name = { startMs, originMs, tracks, first: place.sample, end, partial: true };
      const media = await planMediaSegment(parts, place.segment, name);
      if (media === undefined) return;
      yield* media.read({ offset: 0, length: media.size });
      place.sample = end;
      await catchUp(parts, place, timed.endMs);
      continue;
    }
    if (place.segment.open !== true) {
      // Before the catalog is asked: what ends the recording is in it by then.
      const mayGoOn = isRecorded();
      const next = await following(parts, place.segment);
      if (next !== undefined) {
        if (configurationOf(queries.timed(next)).text !== configuration) return;
        Object.assign(place, { segment: next, sample: 0 });
        continue;
      }
      if (!mayGoOn) return;
    }
    await growth;
    await goingOn.turn();
  }
}

/** Takes a reader who is far behind to the newest sync sample. @param endMs where what was sent ends, wall clock, milliseconds */
async function catchUp(parts: SharingParts, place: Position, endMs: number): Promise<void> {
  const late = newest(parts, place.segment.streamPath);
  if (late === undefined || late.endMs - endMs <= BEHIND_MS) return;
  Object.assign(place, await newestSync(parts, late));
}

/** The newest version of a recording that may have grown, or have become ready. */
async function current({ catalog }: SharingParts, { id, lastingId = id }: Segment): Promise<Segment | undefined> {
  return catalog.growing.ofRow(lastingId) ?? catalog.segment(lastingId);
}

function newest({ catalog }: SharingParts, streamPath: string): Segment | undefined {
  return catalog.growing.all(streamPath).at(-1);
}

/** Where the newest sync sample is among what can be told for good; undefined when there is none. */
async function newestSync({ queries, groups }: SharingParts, segment: Segment): Promise<Position | undefined> {
  const timed = queries.timed(segment);
  const complete = await queries.complete(timed);
  const list = await groups.of(timed, EACH_SYNC);
  for (let number = list.length - 1; number >= 0; number--) {
    const group = list.get(number);
    if (group?.sync === 1 && group.first < complete) return { segment, sample: group.first };
  }
  return undefined;
}

/** What was recorded after a segment. */
async function following(
  { catalog }: SharingParts,
  { streamPath, startMs, endMs }: Segment,
): Promise<Segment | undefined> {
  for await (const { segments } of recordedAndGrowing(catalog, streamPath, startMs, endMs + BEHIND_MS)) {
    const next = segments.find((segment) => segment.startMs > startMs);
    if (next !== undefined) return next;
  }
  return undefined;
}
