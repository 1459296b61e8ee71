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
    bitrate: z.int().openapi({ description: "Bits a second, over the last ten seconds of media." }),
    frameRate: z.number().openapi({ description: "Pictures a second, over the last ten seconds of media." }),
    driftMs: z
      .number()
      .nullable()
      .openapi({ description: "By how much the recording's time lags behind the clock's; negative: it is ahead." }),
    dropped: z.int().openapi({
      description:
        "Parts that came and could not be written, such as to a full disk, and RTP packets that a server left out.",
    }),
    spoolSeconds: z.int().nullable().openapi({
      description:
        "While segments wait for the store: how long the spool still has room for all that is recorded here.",
    }),
    lastSyncTime: time.nullable().openapi({ description: "When the last sync sample was captured." }),
  })
  .openapi("Job");

/** The record of a recording. @param spoolSeconds how long the spool has room, if that is known */
export function jobOf(recording: Recording, spoolSeconds?: number): z.infer<typeof job> {
  const { id, state, reason, startedMs, endedMs, bytes, segments, keeping, setAside, connections, lastSyncMs } =
    recording;
  const { options, flow, driftMs, dropped } = recording;
  return {
    ...{ id, state, bytes, segments, keeping, setAside, connections },
    streamPath: options.streamPath,
    reason: reason === undefined ? null : { error: reason.code, message: reason.message },
    startTime: formatTime(startedMs),
    endTime: endedMs === undefined ? null : formatTime(endedMs),
    fragmentMs: options.fragmentMs,
    bitrate: Math.round(flow.bitrate),
    frameRate: Math.round(flow.frameRate * 100) / 100,
    driftMs: driftMs === undefined ? null : Math.round(driftMs * 10) / 10,
    dropped,
    spoolSeconds: keeping === 0 || spoolSeconds === undefined ? null : Math.floor(spoolSeconds),
    lastSyncTime: lastSyncMs === undefined ? null : formatTime(lastSyncMs),
  };
}
