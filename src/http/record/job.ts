import { formatTime } from "../../base/time.ts";
import type { Recording } from "../../record/recording.ts";
import * as z from "../schema/zod.ts";

const time = z.iso.datetime();

/** A recording, as replies show it. */
export const job = z
  .object({
    id: z.string().openapi({ description: "Opaque.", example: "620417388513064321" }),
    streamPath: z.string().openapi({ example: "live/cam1" }),
    state: z.enum(["connecting", "standby", "recording", "waiting", "ended", "failed"]).openapi({
      description:
        "`waiting`: the source was lost, and will be connected again; `standby`: it is watched, and recorded when an event begins.",
    }),
    reason: z
      .object({ error: z.string(), message: z.string() })
      .nullable()
      .openapi({ description: "Why it failed, or waits." }),
    startTime: time,
    endTime: time.nullable(),
    fragmentMs: z.number(),
    bytes: z.int().openapi({ description: "Received." }),
    segments: z.int().openapi({ description: "Begun." }),
    keeping: z.int().openapi({ description: "Segments that are whole and on their way into the store." }),
    setAside: z.int().openapi({ description: "Segments that were refused for good, and lie in `spool/refused`." }),
    connections: z.int(),
    lastSyncTime: time.nullable().openapi({ description: "When the last sync sample was captured." }),
  })
  .openapi("Job");

/** The record of a recording. */
export function jobOf(recording: Recording): z.infer<typeof job> {
  const { id, state, reason, startedMs, endedMs, bytes, segments, keeping, setAside, connections, lastSyncMs } =
    recording;
  const { options } = recording;
  return {
    ...{ id, state, bytes, segments, keeping, setAside, connections },
    streamPath: options.streamPath,
    reason: reason === undefined ? null : { error: reason.code, message: reason.message },
    startTime: formatTime(startedMs),
    endTime: endedMs === undefined ? null : formatTime(endedMs),
    fragmentMs: options.fragmentMs,
    lastSyncTime: lastSyncMs === undefined ? null : formatTime(lastSyncMs),
  };
}
