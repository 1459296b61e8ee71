import { formatTime } from "../../base/time.ts";
import type { StreamEvent } from "../../catalog/events.ts";
import * as z from "../schema/zod.ts";

const time = z.iso.datetime();

/** An event, as replies show it. */
export const shownEvent = z
  .object({
    id: z.int(),
    streamPath: z.string(),
    eventId: z.string(),
    eventName: z.string(),
    eventDesc: z.string(),
    eventLevel: z.enum(["high", "low"]),
    startTime: time,
    endTime: time.openapi({ description: "Exclusive." }),
    createdAt: time,
  })
  .openapi("Event");

/** The first of some events, no more than take so many characters: each may have thousands. */
export async function eventsWithin(
  pages: AsyncIterable<readonly StreamEvent[]>,
  most: number,
): Promise<z.infer<typeof shownEvent>[]> {
  const shown: z.infer<typeof shownEvent>[] = [];
  let length = 0;
  for await (const events of pages)
    for (const event of events.map(eventOf)) {
      length += JSON.stringify(event).length;
      if (length > most) return shown;
      shown.push(event);
    }
  return shown;
}

/** The record of an event. */
export function eventOf(event: StreamEvent): z.infer<typeof shownEvent> {
  const { id, streamPath, eventId, name, description, level, startMs, endMs, createdMs } = event;
  return {
    ...{ id, streamPath, eventId, eventName: name, eventDesc: description, eventLevel: level },
    ...{ startTime: formatTime(startMs), endTime: formatTime(endMs), createdAt: formatTime(createdMs) },
  };
}
