import type { Catalog } from "../catalog/catalog.ts";
import type { StreamEvent } from "../catalog/events.ts";
import type { EventLevel } from "../catalog/types.ts";
import type { Clock } from "../base/ports.ts";
import { rate } from "./rate-by-events.ts";
import type { Recorder } from "./recorder.ts";
import type { Recording } from "./recording.ts";
import { BoxcarError } from "../base/errors.ts";
import { formatTime } from "../base/time.ts";
import type { Tell } from "./webhooks.ts";
import { unknownSource } from "./source.ts";
import type { Supervisor } from "./supervisor.ts";

/** What happens on a stream. */
export interface BegunEvent {
  readonly streamPath: string;
  readonly eventId: string;
  readonly name: string;
  readonly description: string;
  readonly level: EventLevel;
  /** Milliseconds before now, and after it, that belong to it. */
  readonly beforeMs: number;
  readonly afterMs: number;
  /** For whom a source counts that is read for it; empty: an administrator. */
  readonly owner: string;
}

/** What events are noted and recorded with. */
export interface EventParts {
  readonly catalog: Catalog;
  readonly recorder: Recorder;
  readonly supervisor: Supervisor;
  readonly clock: Clock;
  readonly tell: Tell;
}

/**
 * Notes an event. A stream that is recorded anyway keeps its segments of that time; one that is watched, or not even that, is
 * recorded until the event ends, and longer if another one ends later.
 * @throws BoxcarError `unknown_source` (404) when nothing is known of the stream, `too_many_events` (429), and as `Supervisor.record` does; then
 *   nothing is noted
 */
export async function beginEvent(parts: EventParts, event: BegunEvent): Promise<StreamEvent> {
  const { catalog, recorder, clock } = parts;
  const { streamPath, beforeMs, afterMs, level } = event;
  const nowMs = clock();
  const endMs = nowMs + afterMs;
  if (await catalog.events.areTooMany(streamPath, nowMs)) throw tooManyEvents(streamPath);
  const running = recorder.running(streamPath);
  const begun = running === undefined ? await beginRecording(parts, event) : undefined;
  const { eventId, name, description } = event;
  const noted = { streamPath, eventId, name, description, level, startMs: nowMs - beforeMs, endMs, createdMs: nowMs };
  const added = await catalog.events.add(noted).catch((error: unknown) => {
    begun?.stop();
    throw error;
  });
  (running ?? begun)?.recordUntil(endMs, beforeMs);
  for await (const page of catalog.overlapping(streamPath, added.startMs, added.endMs)) {
    for (const segment of page) await rate(catalog, segment, level);
  }
  const times = { startTime: formatTime(added.startMs), endTime: formatTime(endMs) };
  const told = { eventId, eventName: name, eventDesc: description, eventLevel: level };
  await parts.tell("event", String(added.id), { id: added.id, streamPath, ...told, ...times });
  return added;
}

/**
 * Has a source recorded for an event that nothing reads. One that another node records is left to it: it sees the event.
 * @throws BoxcarError `unknown_source` (404), and as `Supervisor.record` does
 */
async function beginRecording(
  { catalog, supervisor }: EventParts,
  { streamPath, owner }: BegunEvent,
): Promise<Recording | undefined> {
  if (await supervisor.isElsewhere(streamPath)) return undefined;
  const source = await catalog.sources.get(streamPath);
  if (source === undefined) throw unknownSource(streamPath);
  return supervisor.keep(source, owner);
}

function tooManyEvents(streamPath: string): BoxcarError {
  const message = `${streamPath} has as many events of the last day as are noted. Tell of what belongs together as one, by a longer afterDuration.`;
  return new BoxcarError("too_many_events", message, { streamPath });
}
