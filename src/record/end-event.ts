import type { Clock } from "../base/ports.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { Recorder } from "./recorder.ts";

/** What events are ended with. */
interface EndParts {
  readonly catalog: Catalog;
  readonly recorder: Recorder;
  readonly clock: Clock;
}

/** Ends events of a stream now. @param eventId only those of this name @returns the ids of those that were going on */
export async function endEvent(
  { catalog, recorder, clock }: EndParts,
  streamPath: string,
  eventId?: string,
): Promise<number[]> {
  const nowMs = clock();
  const ended = await catalog.events.end(streamPath, nowMs, eventId);
  const left = (await catalog.events.goingOn(nowMs, streamPath)).get(streamPath);
  recorder.running(streamPath)?.recordAtMost(left?.endMs ?? nowMs);
  return ended;
}
