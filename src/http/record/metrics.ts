import type { Metrics } from "../../base/metrics.ts";
import type { Clock } from "../../base/ports.ts";
import type { RecordingPlatform } from "../context.ts";
import type { Recording } from "../../record/recording.ts";

/** A metric of each recording that runs. */
type RecordingMetric = readonly [
  name: string,
  type: "gauge" | "counter",
  help: string,
  read: (recording: Recording, nowMs: number) => number | undefined,
];

// prettier-ignore
const OF_RECORDINGS: readonly RecordingMetric[] = [
  ["boxcar_recording_up", "gauge", "1 while a recording's source sends, 0 while it is connected anew.",
    ({ state }) => (state === "recording" || state === "standby" ? 1 : 0)],
  ["boxcar_recording_bytes_total", "counter", "Bytes that a recording has received.", ({ bytes }) => bytes],
  ["boxcar_recording_segments_total", "counter", "Segments that a recording has begun.", ({ segments }) => segments],
  ["boxcar_recording_connections_total", "counter", "Connections that a recording has had.",
    ({ connections }) => connections],
  ["boxcar_recording_keeping", "gauge", "Segments of a recording on their way into the store.",
    ({ keeping }) => keeping],
  ["boxcar_recording_set_aside_total", "counter", "Segments of a recording that were refused for good.",
    ({ setAside }) => setAside],
  ["boxcar_recording_dropped_total", "counter", "Parts of a recording that could not be written.",
    ({ dropped }) => dropped],
  ["boxcar_recording_bits_per_second", "gauge", "What a recording receives, over ten seconds of media.",
    ({ flow }) => flow.bitrate],
  ["boxcar_recording_frames_per_second", "gauge", "Pictures of a recording, over ten seconds of media.",
    ({ flow }) => flow.frameRate],
  ["boxcar_recording_drift_seconds", "gauge", "By how much a recording's time lags behind the clock's.",
    ({ driftMs }) => (driftMs === undefined ? undefined : driftMs / 1000)],
  ["boxcar_recording_last_sync_age_seconds", "gauge", "Time since the last sync sample was captured.",
    ({ lastSyncMs }, nowMs) => (lastSyncMs === undefined ? undefined : Math.max(0, (nowMs - lastSyncMs) / 1000))],
];

/** What is told of each recording that runs, by `stream`, and of what retention has removed, also by `reason`. */
export function addRecordingMetrics(all: Metrics, { recorder, removed }: RecordingPlatform, clock: Clock): void {
  const states = (): (readonly [{ state: string }, number])[] => {
    const counts = new Map<string, number>();
    for (const { state } of recorder.recordings) counts.set(state, (counts.get(state) ?? 0) + 1);
    return [...counts].map(([state, count]) => [{ state }, count]);
  };
  all.series("boxcar_recordings", "gauge", "Recordings by state, also of those that have ended lately.", states);
  for (const [name, type, help, read] of OF_RECORDINGS) {
    all.series(name, type, help, () =>
      recorder.recordings.flatMap((recording) => {
        const value = recording.endedMs === undefined ? read(recording, clock()) : undefined;
        return value === undefined ? [] : [[{ stream: recording.options.streamPath }, value] as const];
      }),
    );
  }
  const reasons = (count: "segments" | "bytes") => () =>
    Array.from(removed.all, (total) => [{ stream: total.streamPath, reason: total.reason }, total[count]] as const);
  const segments = "Segments that retention has removed here.";
  all.series("boxcar_retention_segments_total", "counter", segments, reasons("segments"));
  all.series("boxcar_retention_bytes_total", "counter", "Bytes of those segments.", reasons("bytes"));
}
